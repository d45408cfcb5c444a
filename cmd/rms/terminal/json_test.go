package terminal_test

import (
	"encoding/json"
	"testing"
	"unicode"

	"rms/cmd/rms/terminal"
)

func TestJSONStaysTheSameValueAndSteersNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"plain", "\u0085\u2028\u202e", "\U000e0001", "\x7f", "caf\u00e9 \U0001f600"} {
		line, err := json.Marshal(text)
		if err != nil {
			t.Fatal(err)
		}
		clean := terminal.JSON(line)
		var back string
		if err := json.Unmarshal(clean, &back); err != nil || back != text {
			t.Errorf("%q came back as %q: %v", text, back, err)
		}
		for _, r := range string(clean) {
			if !unicode.IsPrint(r) {
				t.Errorf("%q is left in %q", r, clean)
			}
		}
	}
	if got := string(terminal.JSON([]byte("\"\xff\""))); got != `"\ufffd"` {
		t.Errorf("a byte that is no UTF-8 became %s", got)
	}
}
