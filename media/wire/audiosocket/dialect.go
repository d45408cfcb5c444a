package audiosocket

import (
	"encoding/binary"
	"fmt"
	"math"
	"time"
)

// Dialect says what the two kinds of messages mean that the implementations disagree
// about, FrameDTMF and Digit.
type Dialect int

// The dialects.
const (
	// Auto is not told: we send as Upstream; a client reads messages of kind 0x03 by
	// their value, as digits or as signals.
	Auto Dialect = iota
	// Upstream is Asterisk 18 to 23: digits go from the client to the server only.
	Upstream
	// Fork is the patched channel driver of 2020: digits go both ways, with duration,
	// and the server signals answer, ringing and so on. It knows no audio but Slin8.
	Fork
)

// ParseDialect returns the dialect of a name: "upstream" or "fork", Auto for "".
func ParseDialect(name string) (Dialect, error) {
	for _, d := range []Dialect{Auto, Upstream, Fork} {
		if d.String() == name {
			return d, nil
		}
	}
	return 0, fmt.Errorf("dialect %q: allowed are upstream, fork", clip(name))
}

// String returns the dialect's name in the configuration, "" for Auto.
func (d Dialect) String() string {
	switch d {
	case Upstream:
		return "upstream"
	case Fork:
		return "fork"
	default:
		return ""
	}
}

// Carries reports whether the dialect has messages of a kind of audio.
func (d Dialect) Carries(k Kind) bool { return k == Slin8 || d != Fork && k.Rate() > 0 }

// AppendDigit appends what tells the far end of a digit: one message of Upstream, or
// the begin and the end of Fork with the duration, in ms there. What is no digit, of
// 0-9 * # A-D, appends nothing.
func AppendDigit(dst []byte, d Dialect, digit byte, dur time.Duration) []byte {
	digit, ok := digitOf(digit)
	if !ok {
		return dst
	}
	if d != Fork {
		return AppendMessage(dst, Digit, []byte{digit})
	}
	ms := min(max(dur.Milliseconds(), 0), math.MaxInt32)
	dst = append(dst, byte(FrameDTMF), 0, 6, 1, digit, 0, 0, 0, 0)
	dst = append(dst, byte(FrameDTMF), 0, 6, 0, digit)
	return binary.LittleEndian.AppendUint32(dst, uint32(ms))
}

// AppendSignal appends a signal of Fork's server to its client, one of the Signal codes.
func AppendSignal(dst []byte, code byte) []byte {
	return append(dst, byte(Control), 0, 1, code)
}

// digitOf returns a DTMF digit, letters in upper case.
func digitOf(b byte) (byte, bool) {
	switch {
	case b >= '0' && b <= '9', b == '*', b == '#', b >= 'A' && b <= 'D':
		return b, true
	case b >= 'a' && b <= 'd':
		return b - 'a' + 'A', true
	}
	return 0, false
}

// Signals that Fork's server sends to its client (Asterisk's control frames).
const (
	SignalHangup      = 1
	SignalRing        = 2
	SignalRinging     = 3
	SignalAnswer      = 4
	SignalBusy        = 5
	SignalTakeOffHook = 6
	SignalOffHook     = 7
	SignalCongestion  = 8
	SignalFlash       = 9
	SignalWink        = 10
	SignalOption      = 11
	SignalProgress    = 14
	SignalProceeding  = 15
	SignalHold        = 16
	SignalUnhold      = 17
)

var signals = [...]string{
	SignalHangup: "hangup", SignalRing: "ring", SignalRinging: "ringing", SignalAnswer: "answer",
	SignalBusy: "busy", SignalTakeOffHook: "takeoffhook", SignalOffHook: "offhook",
	SignalCongestion: "congestion", SignalFlash: "flash", SignalWink: "wink", SignalOption: "option",
	SignalProgress: "progress", SignalProceeding: "proceeding", SignalHold: "hold", SignalUnhold: "unhold",
}

// SignalName returns a signal in a word, as in "answer"; "" for a code without one.
func SignalName(code int) string {
	if code < 0 || code >= len(signals) {
		return ""
	}
	return signals[code]
}
