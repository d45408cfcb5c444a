package sip

import (
	"bytes"
)

// glimpse is what admission must know of a message before anything is parsed.
// The slices point into the message.
type glimpse struct {
	request bool
	method  []byte
	callID  []byte
	inside  bool // To has a tag: the request is of a dialog
}

// peek looks at a message without allocating. It is false for what is no SIP.
func peek(b []byte) (g glimpse, ok bool) {
	line, rest, _ := bytes.Cut(b, []byte("\n"))
	word, after, found := bytes.Cut(line, []byte(" "))
	if !found || len(word) == 0 {
		return g, false
	}
	if !bytes.HasPrefix(word, []byte("SIP/")) {
		if !bytes.Contains(bytes.ToUpper(after[max(0, len(after)-24):]), []byte("SIP/")) {
			return g, false
		}
		g.request, g.method = true, word
	}
	for len(rest) > 1 && rest[0] != '\r' && rest[0] != '\n' {
		line, rest = cutField(rest)
		name, value, found := bytes.Cut(line, []byte(":"))
		if !found {
			continue
		}
		name = bytes.TrimRight(name, " \t")
		switch {
		case named(name, 'i', "call-id"):
			g.callID = bytes.TrimSpace(value)
		case named(name, 't', "to"):
			g.inside = hasTag(value)
		}
	}
	return g, true
}

// cutField takes one header field off, with its folded lines.
func cutField(b []byte) (field, rest []byte) {
	for n := 0; ; {
		i := bytes.IndexByte(b[n:], '\n')
		if i < 0 {
			return b, nil
		}
		n += i + 1
		if n >= len(b) || !isSpace(b[n]) {
			return b[:n], b[n:]
		}
	}
}

func named(name []byte, short byte, long string) bool {
	if len(name) == 1 {
		return name[0]|0x20 == short
	}
	return len(name) == len(long) && bytes.EqualFold(name, []byte(long))
}

// hasTag looks for ";tag=" with any blanks, behind the URI.
func hasTag(value []byte) bool {
	if i := bytes.LastIndexByte(value, '>'); i >= 0 {
		value = value[i:]
	}
	for {
		i := bytes.IndexByte(value, ';')
		if i < 0 {
			return false
		}
		value = bytes.TrimLeft(value[i+1:], " \t\r\n")
		if len(value) > 4 && bytes.EqualFold(value[:3], []byte("tag")) && bytes.ContainsAny(value[3:4], "= \t") {
			return true
		}
	}
}
