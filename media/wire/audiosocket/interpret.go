package audiosocket

import (
	"encoding/binary"
	"time"
)

// What says in a word what a message means to whoever got it.
type What int

// The meanings of messages.
const (
	Nothing       What = iota // to be skipped: unknown, empty, malformed, or not for this side
	Audio                     // PCM of Kind.Rate
	Hangup                    // the far end hangs up
	Identity                  // the UUID of the call; a server's business
	Key                       // a digit: one that was pressed, or for a client one to play
	ControlSignal             // one of the Signal codes of Fork's server
	Failure                   // the far end gives up because of an error
)

// Meaning is what a message means.
type Meaning struct {
	What     What
	Digit    byte          // of a Key: 0-9 * # A-D
	Begin    bool          // of a Key: it went down just now; its end comes in a message of its own
	Duration time.Duration // of a Key that ended; 0 when it is not told
	Control  int           // of a ControlSignal
	Code     int           // of a Failure; 0 without one
}

// Interpret tells what a message means for a server or a client, given the dialect of
// the far end.
func Interpret(m Message, server bool, d Dialect) Meaning {
	switch {
	case m.Kind == Terminate:
		return Meaning{What: Hangup}
	case m.Kind == ID && server:
		return Meaning{What: Identity}
	case m.Kind == FrameDTMF:
		return frameDTMF(m.Payload, server)
	case m.Kind == Digit && len(m.Payload) == 1:
		return digitOrSignal(m.Payload[0], server, d)
	case m.Kind.Rate() > 0 && len(m.Payload) > 0:
		return Meaning{What: Audio}
	case m.Kind == Error:
		return failure(m.Payload)
	}
	return Meaning{}
}

// frameDTMF reads Fork's digit: state, code, duration. A server gets it twice, when
// the key goes down and up; for a client only the end means something: play it.
// Other lengths are what some libraries send in silence.
func frameDTMF(payload []byte, server bool) Meaning {
	if len(payload) != 6 || payload[0] > 1 {
		return Meaning{}
	}
	begin := payload[0] == 1
	digit, ok := digitOf(payload[1])
	if !ok || begin && !server {
		return Meaning{}
	}
	ms := int32(binary.LittleEndian.Uint32(payload[2:]))
	if begin || ms < 0 {
		ms = 0
	}
	return Meaning{What: Key, Digit: digit, Begin: begin, Duration: time.Duration(ms) * time.Millisecond}
}

// digitOrSignal reads the message that is a digit of Asterisk's and a signal of Fork's
// server. Without a dialect the value decides: signals are below 0x20.
func digitOrSignal(b byte, server bool, d Dialect) Meaning {
	digit, ok := digitOf(b)
	switch {
	case ok && (server || d != Fork):
		return Meaning{What: Key, Digit: digit}
	case !server && (d == Fork || d == Auto && b < 0x20):
		return Meaning{What: ControlSignal, Control: int(b)}
	}
	return Meaning{}
}

func failure(payload []byte) Meaning {
	m := Meaning{What: Failure}
	if len(payload) > 0 {
		m.Code = int(payload[0])
	}
	return m
}
