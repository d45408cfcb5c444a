package call

import (
	"strings"
	"time"
)

// keyEcho is how far apart two reports of one key may be: a phone that sends keys
// as telephone-events and in INFO sends one of them when the key goes down and the
// other, perhaps, when it comes up.
const keyEcho = time.Second

// Bounds of what is remembered: no key is pressed longer than keyLongest, and of
// the keys that wait for their other report the newest keysKept do.
const (
	keyLongest = 8 * time.Second
	keysKept   = 16
)

// keysWaiting bounds the keys that the script has not dealt with: nobody types that
// fast, and a far end that does must not fill the script's queue.
const keysWaiting = 64

// keyLog remembers the keys of the last seconds, so that one that comes in two
// forms is one event.
type keyLog struct {
	keys []heardKey
}

type heardKey struct {
	digit  byte
	source string
	at     time.Time
}

// again tells whether a key that was pressed for that long is the other report of
// one that was heard already.
func (l *keyLog) again(digit byte, source string, pressed time.Duration, now time.Time) bool {
	fresh, echo := l.keys[:0], false
	down := now.Add(-min(pressed, keyLongest))
	for _, k := range l.keys {
		switch {
		case now.Sub(k.at) > keyEcho+keyLongest:
		case !echo && k.digit == digit && k.source != source && down.Sub(k.at) <= keyEcho:
			echo = true
		default:
			fresh = append(fresh, k)
		}
	}
	l.keys = fresh
	if echo {
		return true
	}
	if len(l.keys) == keysKept {
		l.keys = l.keys[:copy(l.keys, l.keys[1:])]
	}
	l.keys = append(l.keys, heardKey{digit: digit, source: source, at: now})
	return false
}

// digit tells the script of one key.
func (c *Call) digit(digit byte, ms int, source string) {
	if c.keys.again(digit, source, time.Duration(ms)*time.Millisecond, time.Now()) {
		return
	}
	secret := c.masking()
	defer func() {
		if ended := c.keyToRecordings(digit, secret); !ended || c.collecting != nil {
			c.pressed(digit) // a key that ended a recording is not kept for who asks later
		}
	}()
	if c.keysTold >= keysWaiting {
		c.manager.dropped.Add(1)
		return
	}
	shown := string(digit)
	if secret || c.manager.opts.MaskDigits {
		shown = "*"
	}
	c.info().Str("source", source).Int("duration_ms", ms).Str("digit", shown).Msg("key pressed")
	c.keyToStreams(digit, time.Duration(ms)*time.Millisecond)
	c.keysTold++
	c.emitThen(&Event{Name: EventDTMF, secret: secret, Fields: []Field{
		{"digit", string(digit)}, {"duration_ms", int64(ms)}, {"source", source},
	}}, nil, func(error) { c.keysTold-- })
}

// What an INFO says of a key's length is taken from 1 ms to a minute.
const (
	infoMillis    = 160 // when it says nothing, in ms
	infoMillisMax = 60_000
	infoBodyMax   = 256 // bytes that are read
)

// infoDigit reads the two bodies that carry a key in an INFO: "Signal=5" and
// "Duration=160" on lines of their own (application/dtmf-relay), or just the key
// (application/dtmf).
func infoDigit(contentType string, body []byte) (digit byte, ms int, ok bool) {
	kind, _, _ := strings.Cut(contentType, ";")
	text := string(body[:min(len(body), infoBodyMax)])
	switch strings.ToLower(strings.TrimSpace(kind)) {
	case "application/dtmf":
		digit, ok = key(text)
		return digit, infoMillis, ok
	case "application/dtmf-relay":
		signal, ms := "", infoMillis
		for line := range strings.Lines(text) {
			name, value, _ := strings.Cut(line, "=")
			switch strings.ToLower(strings.TrimSpace(name)) {
			case "signal":
				signal = value
			case "duration":
				ms = millis(value)
			}
		}
		digit, ok = key(signal)
		return digit, ms, ok
	}
	return 0, 0, false
}

func millis(s string) int {
	n := 0
	for _, d := range strings.TrimSpace(s) {
		if d < '0' || d > '9' {
			return infoMillis
		}
		if n = 10*n + int(d-'0'); n > infoMillisMax {
			return infoMillis
		}
	}
	if n == 0 {
		return infoMillis
	}
	return n
}

// key reads one key, also as its event number 10 to 15.
func key(s string) (byte, bool) {
	s = strings.ToUpper(strings.TrimSpace(s))
	if len(s) == 2 && s[0] == '1' && s[1] >= '0' && s[1] <= '5' {
		return "*#ABCD"[s[1]-'0'], true
	}
	if len(s) == 1 && strings.Contains("0123456789*#ABCD", s) {
		return s[0], true
	}
	return 0, false
}
