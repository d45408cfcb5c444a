package esl

import (
	"encoding/xml"
	"strconv"
	"strings"
	"unicode/utf8"
)

// framed puts the lines of an event in front of it: the length stands first.
func framed(f format, inner []byte) []byte {
	out := make([]byte, 0, len(inner)+64)
	out = append(out, "Content-Length: "...)
	out = strconv.AppendInt(out, int64(len(inner)), 10)
	out = append(out, "\nContent-Type: text/event-"...)
	out = append(out, f.String()...)
	out = append(out, "\n\n"...)
	return append(out, inner...)
}

// unsafe are the characters that a value in plain text has encoded, beside control
// characters and all that is not ASCII.
const unsafe = " \"#%&+:;<=>?@[\\]^`{|}"

const hexDigits = "0123456789ABCDEF"

func appendEncoded(dst []byte, s string) []byte {
	for i := range len(s) {
		ch := s[i]
		if ch > ' ' && ch <= '~' && strings.IndexByte(unsafe, ch) < 0 {
			dst = append(dst, ch)
			continue
		}
		dst = append(dst, '%', hexDigits[ch>>4], hexDigits[ch&15])
	}
	return dst
}

// appendPlain writes lines with encoded values, an empty line, and the body behind its
// length. Headers that are repeated become one whose value is a list.
func appendPlain(dst []byte, e *event) []byte {
	for i := range e.headers {
		h := &e.headers[i]
		if e.hasBody && strings.EqualFold(h.name, "Content-Length") {
			continue
		}
		values, first := e.repeated(i)
		if !first {
			continue
		}
		dst = append(append(dst, lineName(h.name)...), ": "...)
		dst = append(appendEncoded(dst, listed(values)), '\n')
	}
	if !e.hasBody {
		return append(dst, '\n')
	}
	dst = append(dst, "Content-Length: "...)
	dst = strconv.AppendInt(dst, int64(len(e.body)), 10)
	return append(append(dst, "\n\n"...), e.body...)
}

// listed writes several values as the original does.
func listed(values []string) string {
	if len(values) == 1 {
		return values[0]
	}
	return "ARRAY::" + strings.Join(values, "|:")
}

// lineName keeps a name that a client gave from breaking its line.
func lineName(name string) string {
	if strings.ContainsAny(name, "\r\n:") {
		return strings.NewReplacer("\r", "_", "\n", "_", ":", "_").Replace(name)
	}
	return name
}

// appendJSON writes one object of texts, a repeated header as a list, the body last.
func appendJSON(dst []byte, e *event) []byte {
	dst = append(dst, '{')
	for i := range e.headers {
		h := &e.headers[i]
		if e.hasBody && (strings.EqualFold(h.name, "Content-Length") || h.name == "_body") {
			continue
		}
		values, first := e.repeated(i)
		if !first {
			continue
		}
		dst = appendKey(dst, h.name)
		if len(values) == 1 {
			dst = appendText(dst, values[0])
			continue
		}
		for j, v := range values {
			dst = append(dst, "[,"[min(j, 1)])
			dst = appendText(dst, v)
		}
		dst = append(dst, ']')
	}
	if e.hasBody {
		dst = appendText(appendKey(dst, "Content-Length"), strconv.Itoa(len(e.body)))
		dst = appendText(appendKey(dst, "_body"), e.body)
	}
	return append(dst, '}')
}

func appendKey(dst []byte, name string) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	return append(appendText(dst, name), ':')
}

// appendText writes a JSON string without the escapes that only HTML wants. What is no
// UTF-8 becomes the replacement character.
func appendText(dst []byte, s string) []byte {
	dst = append(dst, '"')
	for i := 0; i < len(s); {
		ch := s[i]
		if ch >= utf8.RuneSelf {
			r, n := utf8.DecodeRuneInString(s[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
			continue
		}
		i++
		switch {
		case ch == '"' || ch == '\\':
			dst = append(dst, '\\', ch)
		case ch == '\n':
			dst = append(dst, '\\', 'n')
		case ch == '\r':
			dst = append(dst, '\\', 'r')
		case ch == '\t':
			dst = append(dst, '\\', 't')
		case ch < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hexDigits[ch>>4], hexDigits[ch&15])
		default:
			dst = append(dst, ch)
		}
	}
	return append(dst, '"')
}

// appendXML writes the element event with headers, whose values are encoded as in plain
// text, and the body behind its length.
func appendXML(dst []byte, e *event) []byte {
	dst = append(dst, "<event>\n  <headers>\n"...)
	for i := range e.headers {
		h := &e.headers[i]
		values, first := e.repeated(i)
		if !first || e.hasBody && strings.EqualFold(h.name, "Content-Length") {
			continue
		}
		name := elementName(h.name)
		dst = append(append(append(dst, "    <"...), name...), '>')
		dst = appendEncoded(dst, listed(values))
		dst = append(append(append(dst, "</"...), name...), ">\n"...)
	}
	dst = append(dst, "  </headers>\n"...)
	if e.hasBody {
		var b strings.Builder
		_ = xml.EscapeText(&b, []byte(e.body)) // a Builder takes all
		dst = append(dst, "  <Content-Length>"+strconv.Itoa(len(e.body))+"</Content-Length>\n  <body>"+b.String()+"</body>\n"...)
	}
	return append(dst, "</event>\n"...)
}

// elementName makes a name of XML of the name of a header.
func elementName(name string) string {
	out := strings.Map(func(r rune) rune {
		switch {
		case r == '-' || r == '_' || r == '.', r >= '0' && r <= '9', r >= 'a' && r <= 'z', r >= 'A' && r <= 'Z':
			return r
		}
		return '_'
	}, name)
	if out == "" || out[0] == '-' || out[0] == '.' || out[0] >= '0' && out[0] <= '9' {
		return "_" + out
	}
	return out
}
