package call

import (
	"strings"
	"testing"
	"time"
)

func TestKeyThatComesInTwoFormsIsOneKey(t *testing.T) {
	t.Parallel()
	at := time.Unix(1000, 0)
	steps := []struct {
		digit  byte
		source string
		after  time.Duration
		again  bool
	}{
		{'5', "rtp", 0, false},
		{'5', "info", 20 * time.Millisecond, true},
		{'5', "info", 200 * time.Millisecond, false}, // pressed again
		{'5', "rtp", 20 * time.Millisecond, true},
		{'5', "rtp", 200 * time.Millisecond, false},
		{'5', "rtp", 200 * time.Millisecond, false},
		{'5', "info", 20 * time.Millisecond, true},
		{'5', "info", 20 * time.Millisecond, true},
		{'6', "info", 20 * time.Millisecond, false},
		{'7', "rtp", 20 * time.Millisecond, false},
		{'6', "rtp", 1300 * time.Millisecond, false}, // too late to be the same
	}
	var l keyLog
	for i, s := range steps {
		at = at.Add(s.after)
		if got := l.again(s.digit, s.source, 160*time.Millisecond, at); got != s.again {
			t.Errorf("step %d: %c by %s is again: %v", i, s.digit, s.source, got)
		}
	}
	if l.again('9', "info", 0, at) || !l.again('9', "rtp", 3*time.Second, at.Add(3100*time.Millisecond)) {
		t.Error("a key that is held for 3 s is two keys")
	}
	for range 1000 {
		l.again('1', "rtp", 0, at)
	}
	if len(l.keys) > keysKept {
		t.Errorf("%d keys are kept", len(l.keys))
	}
}

func TestInfoDigit(t *testing.T) {
	t.Parallel()
	const relay, plain = "application/dtmf-relay", "application/dtmf"
	tests := []struct {
		kind, body string
		digit      byte
		ms         int
	}{
		{relay, "Signal=5\r\nDuration=160", '5', 160},
		{relay, "Signal= *\r\nDuration= 250\r\n", '*', 250},
		{relay, "signal=a", 'A', 160},
		{relay, "Signal=11\nDuration=90\n", '#', 90},
		{relay, "Signal=5\r\nDuration=", '5', 160},
		{relay, "Signal=5\r\nDuration=99999999999999999999", '5', 160},
		{relay, "Signal=5\r\nDuration=-1", '5', 160},
		{"Application/DTMF-Relay ; charset=utf-8", "Signal=0", '0', 160},
		{plain, "7", '7', 160},
		{plain, " # \r\n", '#', 160},
		{plain, "10", '*', 160},
		{plain, "16", 0, 0},
		{plain, "", 0, 0},
		{plain, "55", 0, 0},
		{plain, "E", 0, 0},
		{relay, "Duration=100", 0, 0},
		{relay, "Signal=", 0, 0},
		{relay, "5", 0, 0},
		{"text/plain", "5", 0, 0},
		{"", "5", 0, 0},
	}
	for _, tc := range tests {
		digit, ms, ok := infoDigit(tc.kind, []byte(tc.body))
		if ok != (tc.digit != 0) || ok && (digit != tc.digit || ms != tc.ms) {
			t.Errorf("%s %q: %c, %d ms, %v", tc.kind, tc.body, digit, ms, ok)
		}
	}
}

// FuzzInfoDigit checks that whatever an INFO holds is a key and a sane length, or
// nothing.
func FuzzInfoDigit(f *testing.F) {
	for _, kind := range []string{"application/dtmf-relay", "application/dtmf", "Application/DTMF;x=y", "text/plain"} {
		for _, body := range []string{"Signal=5\r\nDuration=160\r\n", "5", "11", "Signal=\x00", "Duration=99999999999999999999\nSignal=D", "=\n=\n", "sIgNaL=1=2"} {
			f.Add(kind, []byte(body))
		}
	}
	f.Fuzz(func(t *testing.T, kind string, body []byte) {
		digit, ms, ok := infoDigit(kind, body)
		if !ok {
			return
		}
		if !strings.Contains("0123456789*#ABCD", string(digit)) || ms < 1 || ms > infoMillisMax {
			t.Errorf("key %q of %d ms", digit, ms)
		}
		if !strings.Contains(strings.ToLower(kind), "dtmf") {
			t.Errorf("key %q out of %q", digit, kind)
		}
	})
}
