package sip

import (
	"strings"
)

// Header is one header field of a message, its value on one line.
type Header struct{ Name, Value string }

// State is how far a dialog is. It only ever grows.
type State int32

// The states of a dialog.
const (
	StateTrying    State = iota // INVITE received or sent, no more than 100
	StateEarly                  // 1xx with a tag
	StateAnswered               // 2xx sent, no ACK yet
	StateConfirmed              // ACK received or sent
	StateEnding                 // our BYE, CANCEL or refusal is on its way
	StateEnded                  // Owner.Ended was or is about to be called
)

// String returns the name of the state in lower case.
func (s State) String() string {
	names := [...]string{"trying", "early", "answered", "confirmed", "ending", "ended"}
	if s < 0 || int(s) >= len(names) {
		return "unknown"
	}
	return names[s]
}

// compact maps the short forms of RFC 3261 section 7.3.3 and the registry.
var compact = map[byte]string{
	'a': "Accept-Contact", 'b': "Referred-By", 'c': "Content-Type", 'd': "Request-Disposition",
	'e': "Content-Encoding", 'f': "From", 'i': "Call-ID", 'j': "Reject-Contact",
	'k': "Supported", 'l': "Content-Length", 'm': "Contact", 'n': "Identity-Info",
	'o': "Event", 'r': "Refer-To", 's': "Subject", 't': "To", 'u': "Allow-Events",
	'v': "Via", 'x': "Session-Expires", 'y': "Identity",
}

// longName is the long form of a header name; other names stay as they are.
func longName(name string) string {
	if len(name) == 1 {
		if long, ok := compact[name[0]|0x20]; ok {
			return long
		}
	}
	return name
}

func sameName(a, b string) bool { return len(a) == len(b) && strings.EqualFold(a, b) }
