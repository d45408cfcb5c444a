package siprec

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"strings"
)

// Part is one part of a multipart body, or a whole body that is not multipart.
type Part struct {
	Type        string // value of Content-Type, empty without one
	Disposition string // value of Content-Disposition, empty without one
	Body        []byte
}

// kind is what a part is for us: TypeSDP, TypeMetadata or "". Its type counts when we
// know it, else what the body looks like: many senders name wrong types.
func (p *Part) kind() string {
	media := mediaType(p.Type)
	switch {
	case strings.Contains(media, "rs-metadata"), strings.Contains(media, "recording-session"):
		return TypeMetadata
	case looksLikeSDP(p.Body):
		return TypeSDP
	case looksLikeMetadata(p.Body):
		return TypeMetadata
	case media == TypeSDP:
		return TypeSDP
	case strings.EqualFold(mediaType(p.Disposition), Disposition) && media != "":
		return TypeMetadata
	}
	return ""
}

// trimmed is a body without what may stand before it.
func trimmed(body []byte) []byte {
	return bytes.TrimLeft(bytes.TrimPrefix(body, []byte("\ufeff")), " \t\r\n")
}

func looksLikeSDP(body []byte) bool {
	b := trimmed(body)
	return bytes.HasPrefix(b, []byte("v=0\r")) || bytes.HasPrefix(b, []byte("v=0\n"))
}

// looksLikeMetadata finds the root element of RFC 7865 near the start of an XML text.
func looksLikeMetadata(body []byte) bool {
	b := trimmed(body)
	if len(b) == 0 || b[0] != '<' {
		return false
	}
	b = b[:min(len(b), 2048)]
	i := bytes.Index(b, []byte("recording"))
	return i > 0 && (b[i-1] == '<' || b[i-1] == ':')
}

// decode undoes the Content-Transfer-Encoding; what cannot be undone stays.
func decode(encoding string, body []byte) []byte {
	var r io.Reader
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		r = base64.NewDecoder(base64.StdEncoding, bytes.NewReader(body))
	case "quoted-printable":
		r = quotedprintable.NewReader(bytes.NewReader(body))
	default:
		return body
	}
	plain, err := io.ReadAll(r)
	if err != nil {
		return body
	}
	return plain
}

// mediaType is the type/subtype of a value in lower case, without parameters.
func mediaType(v string) string {
	v, _, _ = strings.Cut(v, ";")
	kind, sub, ok := strings.Cut(v, "/")
	if !ok {
		return strings.ToLower(strings.TrimSpace(v))
	}
	return strings.ToLower(strings.TrimSpace(kind) + "/" + strings.TrimSpace(sub))
}

// parameter returns a parameter of a header value, quoted or not. Without quotes all
// up to the next semicolon is the value, whatever RFC 2045 says of its characters.
func parameter(v, name string) string {
	_, rest, _ := strings.Cut(v, ";")
	for rest != "" {
		var key, value string
		key, rest, _ = strings.Cut(rest, "=")
		if i := strings.LastIndexByte(key, ';'); i >= 0 {
			key = key[i+1:]
		}
		if rest = strings.TrimLeft(rest, " \t"); strings.HasPrefix(rest, `"`) {
			value, rest = unquote(rest[1:])
			_, rest, _ = strings.Cut(rest, ";")
		} else {
			value, rest, _ = strings.Cut(rest, ";")
		}
		if strings.EqualFold(strings.TrimSpace(key), name) {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

// unquote reads a quoted string behind its first quote.
func unquote(s string) (value, rest string) {
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '"':
			return b.String(), s[i+1:]
		case s[i] == '\\' && i+1 < len(s):
			i++
		}
		b.WriteByte(s[i])
	}
	return b.String(), ""
}
