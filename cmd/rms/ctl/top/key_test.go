package top

import (
	"bytes"
	"slices"
	"testing"
)

func TestKeysOfTerminals(t *testing.T) {
	t.Parallel()
	for sent, want := range map[string][]Key{
		"q":               {'q'},
		"\x1b[A\x1b[B":    {KeyUp, KeyDown},
		"\x1bOC\x1bOD":    {KeyRight, KeyLeft},
		"\x1b[5~\x1b[6~x": {KeyPageUp, KeyPageDown, 'x'},
		"\x1b":            {KeyEscape},
		"\x1bq":           {KeyEscape, 'q'},
		"\x1b\x1b[A":      {KeyEscape, KeyUp},
		"\r\x7f\x03\x1a":  {KeyEnter, KeyBackspace, KeyInterrupt, KeySuspend},
		"é中":              {'é', '中'},
		"\x1b[1;5A":       nil, // Ctrl-Up means nothing
		"\x1b[<0;10;10Ma": {'a'},
		"\xff\x00a":       {'a'},
		"\x1b[":           nil,
	} {
		if got, rest := Keys([]byte(sent), true); !slices.Equal(got, want) || len(rest) > 0 {
			t.Errorf("%q is %v, want %v (%q is left)", sent, got, want, rest)
		}
	}
}

func TestKeysThatComeInPiecesAreWhole(t *testing.T) {
	t.Parallel()
	whole := []byte("a\x1b[A中\x1b[5~b")
	for cut := range whole {
		first, rest := Keys(whole[:cut], false)
		second, _ := Keys(append(bytes.Clone(rest), whole[cut:]...), true)
		if got := append(first, second...); !slices.Equal(got, []Key{'a', KeyUp, '中', KeyPageUp, 'b'}) {
			t.Errorf("cut at %d: %v", cut, got)
		}
	}
}

func FuzzKeys(f *testing.F) {
	for _, s := range []string{"\x1b[A", "\x1b[1;5A", "\x1bO", "q\x1b", "\x1b[\x1b[A", "é"} {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		keys, rest := Keys(b, false)
		if len(keys) > len(b) || len(rest) > len(b) || len(rest) > maxEscape+2 {
			t.Fatalf("%d keys, %d bytes are left of %d", len(keys), len(rest), len(b))
		}
		if _, rest := Keys(b, true); len(rest) > 0 {
			t.Fatalf("%q is left at the end", rest)
		}
		m := model(3)
		for _, k := range keys {
			m.Press(k)
		}
		if n := len(Render(m, 80, 24)); n != 24 {
			t.Fatalf("%d rows", n)
		}
	})
}
