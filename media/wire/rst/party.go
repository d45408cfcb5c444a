package rst

import "strings"

const upperHex = "0123456789ABCDEF"

// appendParty writes caller or callee: colons and control characters, which would
// end a field or a line at the server, are percent-encoded. A percent sign is not:
// most of those in user parts are such an escape already (RFC 3261 section 19.1.2).
func appendParty(dst []byte, party string) []byte {
	start := len(dst)
	for i := range len(party) {
		need := 1
		if escaped(party[i]) {
			need = 3
		}
		if len(dst)-start+need > MaxParty {
			break
		}
		if need == 1 {
			dst = append(dst, party[i])
			continue
		}
		dst = append(dst, '%', upperHex[party[i]>>4], upperHex[party[i]&15])
	}
	return dst
}

func escaped(c byte) bool { return c == ':' || c < ' ' || c == 0x7f }

// decodeParty undoes the encoding of colons. Control characters stay encoded, and
// become so where a sender left them raw: who reads a Packet may print it.
func decodeParty(b []byte) string {
	var s strings.Builder
	for i := 0; i < len(b); i++ {
		switch c := b[i]; {
		case c == '%' && i+2 < len(b) && b[i+1] == '3' && b[i+2]|0x20 == 'a':
			s.WriteByte(':')
			i += 2
		case escaped(c):
			s.Write([]byte{'%', upperHex[c>>4], upperHex[c&15]})
		default:
			s.WriteByte(c)
		}
	}
	if s.Len() > MaxParty {
		return s.String()[:MaxParty]
	}
	return s.String()
}

const maxFilePart = 64 // three parts and an ending stay below the 255 bytes of a name

// FileName makes part of a file name from a caller, callee or UUID: only
// [A-Za-z0-9._+-] are left, no dot or hyphen leads, and it is never empty or longer
// than 64 bytes.
func FileName(part string) string {
	b := make([]byte, 0, min(len(part), maxFilePart))
	for i := 0; i < len(part) && len(b) < maxFilePart; i++ {
		switch c := part[i]; {
		case len(b) == 0 && (c == '.' || c == '-'):
		case c >= 'A' && c <= 'Z', c >= 'a' && c <= 'z', c >= '0' && c <= '9', strings.IndexByte("._+-", c) >= 0:
			b = append(b, c)
		}
	}
	if len(b) == 0 {
		return "unknown"
	}
	return string(b)
}
