package sip

import (
	"errors"
	"net/netip"
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

var errURI = errors.New("malformed URI")

// scheme returns the scheme of a URI of any kind, in the case it was written.
func scheme(s string) (string, bool) {
	i := strings.IndexByte(s, ':')
	if i <= 0 {
		return "", false
	}
	for j := range i {
		c := s[j] | 0x20
		if letter := c >= 'a' && c <= 'z'; !letter && (j == 0 || !strings.ContainsRune("0123456789+-.", rune(s[j]))) {
			return "", false
		}
	}
	return s[:i], true
}

func isSIP(scheme string) bool { return sameName(scheme, "sip") || sameName(scheme, "sips") }

// checkURI validates a SIP or SIPS URI, RFC 3261 section 19.1, and returns its
// headers, which stand behind "?".
func checkURI(s string) (headers string, err error) {
	name, ok := scheme(s)
	if !ok || !isSIP(name) || !cleanURI(s) {
		return "", errURI
	}
	rest := s[len(name)+1:]
	if i := strings.IndexByte(rest, '@'); i >= 0 {
		if rest = rest[i+1:]; i == 0 {
			return "", errURI
		}
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		headers, rest = rest[i+1:], rest[:i]
		if headers == "" {
			return "", errURI
		}
	}
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		if strings.IndexByte(rest[i:], '@') >= 0 {
			return "", errURI
		}
		rest = rest[:i]
	}
	if _, _, ok = hostPort(rest); !ok {
		return "", errURI
	}
	return headers, nil
}

// readURI validates a SIP URI and has sipgo, which takes nearly anything for one,
// read it.
func readURI(s string) (u msg.Uri, err error) {
	if _, err := checkURI(s); err != nil {
		return u, err
	}
	if err := msg.ParseUri(s, &u); err != nil {
		return u, errURI
	}
	return u, nil
}

// uriParam returns a parameter of a URI; names are compared without case.
func uriParam(u *msg.Uri, name string) (string, bool) {
	for _, p := range u.UriParams {
		if sameName(p.K, name) {
			return p.V, true
		}
	}
	return "", false
}

// uriHost is the host of a URI without brackets.
func uriHost(u *msg.Uri) string { return strings.Trim(u.Host, "[]") }

// cleanURI refuses what no URI may hold: blanks, controls, <>, quotes, and a "%"
// without two hexadecimal digits.
func cleanURI(s string) bool {
	hex := func(c byte) bool { return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'f' }
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c <= ' ', c == 0x7f, c == '<', c == '>', c == '"':
			return false
		case c == '%':
			if i+2 >= len(s) || !hex(s[i+1]) || !hex(s[i+2]) {
				return false
			}
		}
	}
	return true
}

// hostPort reads host [":" port]; an IPv6 address stands in brackets.
func hostPort(s string) (host string, port int, ok bool) {
	portText := ""
	if strings.HasPrefix(s, "[") {
		end := strings.IndexByte(s, ']')
		if end < 0 {
			return "", 0, false
		}
		ip, err := netip.ParseAddr(s[1:end])
		if err != nil || !ip.Is6() || ip.Zone() != "" {
			return "", 0, false
		}
		host, portText = s[1:end], s[end+1:]
	} else {
		host = s
		if i := strings.IndexByte(s, ':'); i >= 0 {
			host, portText = s[:i], s[i:]
		}
		if !isHost(host) {
			return "", 0, false
		}
	}
	if portText == "" {
		return host, 0, true
	}
	n, ok := number(portText[1:], 65535)
	return host, int(n), ok && portText[0] == ':' && n > 0
}

func isHost(s string) bool {
	for i := range len(s) {
		c := s[i]
		if !(c|0x20 >= 'a' && c|0x20 <= 'z' || c >= '0' && c <= '9' || c == '-' || c == '.' || c == '_') {
			return false
		}
	}
	return s != "" && len(s) <= 255
}

// uriTransport is "udp" or "tcp" as the URI asks, or "" when it does not say.
func uriTransport(u *msg.Uri) string {
	v, _ := uriParam(u, "transport")
	return strings.ToLower(v)
}

func isLoose(u *msg.Uri) bool {
	_, ok := uriParam(u, "lr")
	return ok
}

// bracket puts an IPv6 address in brackets and leaves other hosts alone.
func bracket(host string) string {
	if strings.IndexByte(host, ':') >= 0 {
		return "[" + host + "]"
	}
	return host
}
