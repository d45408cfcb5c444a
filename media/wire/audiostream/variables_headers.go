package audiostream

import "strings"

// Bounds of STREAM_EXTRA_HEADERS.
const (
	maxHeaderText = 64 << 10 // bytes of the variable
	maxHeaders    = 100
)

// headers reads STREAM_EXTRA_HEADERS, a JSON object of strings.
func (r *reader) headers() []HeaderField {
	const name = "STREAM_EXTRA_HEADERS"
	s := r.text(name)
	if s == "" {
		return nil
	}
	object, ok := []byte(nil), false
	if len(s) <= maxHeaderText {
		object, ok = compact([]byte(s))
	}
	if !ok {
		r.warn("%s is not a JSON object of at most %d bytes; none of it is sent", name, maxHeaderText)
		return nil
	}
	var all []HeaderField
	members(object, func(m member) {
		f := HeaderField{}
		f.Name, _ = unquote(m.name)
		value, isText := unquote(m.value)
		f.Value = strings.Trim(value, " \t")
		switch {
		case len(all) == maxHeaders:
			ok = false
		case !isText:
			r.warn("%s: %q is not a string and is not sent", name, shortened(f.Name))
		case !validName(f.Name) || !validValue(f.Value):
			r.warn("%s: %q is not a header field and is not sent", name, shortened(f.Name))
		case reserved(f.Name):
			r.warn("%s: %q belongs to the handshake and is not sent", name, f.Name)
		default:
			all = append(all, f)
		}
	})
	if !ok {
		r.warn("%s: %d fields are sent, the most", name, maxHeaders)
	}
	return all
}

// validName reports whether s is a token (RFC 9110 section 5.6.2).
func validName(s string) bool {
	for i := range len(s) {
		c := s[i]
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9'
		if !letter && strings.IndexByte("!#$%&'*+-.^_`|~", c) < 0 {
			return false
		}
	}
	return s != "" && len(s) <= 256
}

// validValue refuses what could end a header field (RFC 9110 section 5.5).
func validValue(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' && s[i] != '\t' || s[i] == 0x7f {
			return false
		}
	}
	return true
}

// reserved reports whether the handshake itself says name.
func reserved(name string) bool {
	name = strings.ToLower(name)
	switch name {
	case "host", "upgrade", "connection", "content-length", "transfer-encoding":
		return true
	}
	return strings.HasPrefix(name, "sec-websocket-") && name != "sec-websocket-protocol"
}

// shortened keeps a warning short.
func shortened(s string) string { return s[:min(len(s), 64)] }
