package esl

import (
	"strings"
)

// header is one line of an event or of a command.
type header struct {
	name  string
	value string
}

// event is what clients are told: its headers in order, and a body. After publish it
// is not changed any more.
type event struct {
	kind     kind
	subclass string // of a CUSTOM event
	call     string // Unique-ID, "" for an event without a call
	headers  []header
	body     string
	hasBody  bool
	lists    bool // a header may stand several times

	written [formats][]byte // as it goes to the wire; made once for all who want it
}

func (e *event) add(name, value string) { e.headers = append(e.headers, header{name, value}) }

func (e *event) setBody(text string) { e.body, e.hasBody = text, true }

// get returns the first value of a header, whose name is compared as the original
// does: in any case.
func (e *event) get(name string) (string, bool) {
	for i := range e.headers {
		if strings.EqualFold(e.headers[i].name, name) {
			return e.headers[i].value, true
		}
	}
	return "", false
}

// wire returns the event as it is sent, in a format.
func (e *event) wire(f format) []byte {
	if e.written[f] == nil {
		var inner []byte
		switch f {
		case asJSON:
			inner = appendJSON(make([]byte, 0, e.size()), e)
		case asXML:
			inner = appendXML(make([]byte, 0, 2*e.size()), e)
		default:
			inner = appendPlain(make([]byte, 0, e.size()), e)
		}
		e.written[f] = framed(f, inner)
	}
	return e.written[f]
}

// size estimates the bytes of the event in plain text.
func (e *event) size() int {
	n := 256 + len(e.body)
	for i := range e.headers {
		n += len(e.headers[i].name) + len(e.headers[i].value) + 16
	}
	return n
}

// repeated returns the values of all headers with the name of the i-th; first is false
// when an earlier one has that name.
func (e *event) repeated(i int) (values []string, first bool) {
	if !e.lists {
		return []string{e.headers[i].value}, true
	}
	name := e.headers[i].name
	for j := range e.headers {
		if e.headers[j].name != name {
			continue
		}
		if j < i {
			return nil, false
		}
		values = append(values, e.headers[j].value)
	}
	return values, true
}
