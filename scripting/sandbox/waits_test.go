package sandbox_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting/sandbox"
)

func TestWaitsAreFoundByTokenAndByKey(t *testing.T) {
	t.Parallel()
	play, _ := call.Lookup("play")
	var w sandbox.Waits[int]
	var tokens []string
	for i, key := range []string{"a", "b", "a", "a"} {
		token, err := w.Token(play, key)
		if err != nil || !call.IsWait(token) {
			t.Fatal(token, err)
		}
		w.Put(token, key, i)
		tokens = append(tokens, token)
	}
	if run, ok := w.Take(tokens[2]); !ok || run != 2 || w.Holds(tokens[2]) || w.Len() != 3 {
		t.Errorf("took %d %v of %d", run, ok, w.Len())
	}
	if _, ok := w.Take(tokens[2]); ok {
		t.Error("taken twice")
	}
	if diff := cmp.Diff([]int{0, 3}, w.Forget("a")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{1}, w.All()); diff != "" || !w.Holds(tokens[1]) || len(w.Forget("none")) > 0 {
		t.Error(diff)
	}
	if run, ok := w.Take(tokens[1]); !ok || run != 1 || w.Len() != 0 {
		t.Error("the last one was not taken")
	}
}

func TestACallCannotWaitWithoutEnd(t *testing.T) {
	t.Parallel()
	play, _ := call.Lookup("play")
	var w sandbox.Waits[int]
	n := 0
	for ; n < 1000; n++ {
		token, err := w.Token(play, "a")
		if err != nil {
			break
		}
		w.Put(token, "a", n)
	}
	if n != 64 {
		t.Errorf("%d runs of one call wait", n)
	}
	if _, err := w.Token(play, "b"); err != nil {
		t.Error(err)
	}
}
