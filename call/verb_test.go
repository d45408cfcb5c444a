package call_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"rms/call"
)

func contextWithTimeout(d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), d)
}

func TestBindSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	play, _ := call.Lookup("rms_play")
	tests := map[string]struct {
		positional []any
		named      map[string]any
		want       string
	}{
		"missing":    {nil, nil, `missing argument "file"`},
		"unknown":    {nil, map[string]any{"file": "a", "fil": "b"}, `unknown parameter "fil" (has: file, route, mode, loop)`},
		"twice":      {[]any{"a"}, map[string]any{"file": "b"}, `"file" given twice`},
		"too many":   {[]any{"a", "b", "queue", int64(1), "x"}, nil, "takes at most 4 arguments"},
		"wrong type": {[]any{int64(5)}, nil, `"file": wants a string, got the number 5`},
		"not one of": {nil, map[string]any{"file": "a", "mode": "sing"}, `"sing" is not one of queue, replace, mix`},
		"NUL":        {[]any{"a\x00b"}, nil, "NUL"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := play.Bind(tc.positional, tc.named)
			var wrong *call.ArgError
			if !errors.As(err, &wrong) || !strings.Contains(err.Error(), tc.want) {
				t.Errorf("error %v, want %q", err, tc.want)
			}
		})
	}
}

func TestBindTakesNumbersAndDurations(t *testing.T) {
	t.Parallel()
	v, _ := call.Lookup("dtmf")
	for in, want := range map[any]time.Duration{"250ms": 250 * time.Millisecond, 0.1: 100 * time.Millisecond, int64(1): time.Second} {
		a, err := v.Bind([]any{"1", in}, nil)
		if err != nil || a.Duration("duration") != want {
			t.Errorf("%v gives %v, %v", in, a.Duration("duration"), err)
		}
	}
	for _, in := range []any{"soon", -1.0, int64(9), true} {
		if _, err := v.Bind([]any{"1", in}, nil); err == nil {
			t.Errorf("%v was taken as a duration", in)
		}
	}
}

func TestLaterVerbsSayThatTheyAreNotThere(t *testing.T) {
	t.Parallel()
	if err := call.Unknown("rms_bridge"); !strings.Contains(err.Error(), "not available") {
		t.Error(err)
	}
	if err := call.Unknown("rms_sing"); !strings.Contains(err.Error(), "unknown verb") || !strings.Contains(err.Error(), "play") {
		t.Error(err)
	}
}

func TestAliasesAreTheSameVerb(t *testing.T) {
	t.Parallel()
	a, _ := call.Lookup("rms_sessions_dump")
	b, _ := call.Lookup("dialogs_dump")
	if a == nil || a != b {
		t.Error("rms_sessions_dump is not rms_dialogs_dump")
	}
}

func TestDocumentsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	var verbs, events bytes.Buffer
	if err := errors.Join(call.VerbsMarkdown(&verbs), call.EventsMarkdown(&events)); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{"verbs.md": verbs.String(), "events.md": events.String()} {
		got, err := os.ReadFile("../docs/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if withoutTests(want) != string(got) {
			t.Errorf("docs/%s differs from the table: run go generate ./call", name)
		}
	}
}

// withoutTests takes out the sections of verbs that only tests register.
func withoutTests(doc string) string {
	sections := strings.Split(doc, "\n## ")
	kept := sections[:1]
	for _, s := range sections[1:] {
		if !strings.HasPrefix(s, "rms_test_") {
			kept = append(kept, s)
		}
	}
	return strings.Join(kept, "\n## ")
}
