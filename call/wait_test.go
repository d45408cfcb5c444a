package call_test

import (
	"testing"

	"rms/call"
)

func TestAVerbWithOneEventHasAWaitingForm(t *testing.T) {
	t.Parallel()
	play, _ := call.Lookup("play")
	v, ok := call.LookupWait("play_wait")
	if !ok || v != play {
		t.Fatal("play_wait is not play")
	}
	w := v.WaitForm()
	args, err := w.Bind([]any{"a.wav", "mix"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	token := call.WaitToken(play.Name, 7)
	if a := v.Await(args, token); a.String("route") != token || a.String("mode") != "mix" || args.Has("route") {
		t.Errorf("%v", a)
	}
	if _, err := w.Bind(nil, map[string]any{"file": "a.wav", "route": "x"}); err == nil || err.Error() != `rms_play_wait: unknown parameter "route" (has: file, mode, loop)` {
		t.Error(err)
	}
	for _, name := range []string{"hangup_wait", "play", "nothing_wait", "_wait"} {
		if _, ok := call.LookupWait(name); ok {
			t.Errorf("%s was found", name)
		}
	}
}

func TestNoScriptCanWriteAToken(t *testing.T) {
	t.Parallel()
	play, _ := call.Lookup("play")
	if _, err := play.Bind([]any{"a.wav", call.WaitToken("play", 1)}, nil); err == nil {
		t.Error("a token was taken for the name of a route")
	}
}
