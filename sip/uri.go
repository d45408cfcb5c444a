package sip

import (
	"errors"
	"net/netip"
	"strings"
)

var errURI = errors.New("malformed URI")

// uri is a SIP URI cut into its parts, which are substrings of its text.
type uri struct {
	scheme  string // as written
	user    string // with password, still escaped
	host    string // without brackets
	port    int    // 0: none
	params  params
	headers string // behind "?"
}

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

// parseURI reads a SIP or SIPS URI, RFC 3261 section 19.1.
func parseURI(s string) (uri, error) {
	name, ok := scheme(s)
	if !ok || !isSIP(name) || !cleanURI(s) {
		return uri{}, errURI
	}
	u := uri{scheme: name}
	rest := s[len(name)+1:]
	if i := strings.IndexByte(rest, '@'); i >= 0 {
		u.user, rest = rest[:i], rest[i+1:]
		if u.user == "" {
			return uri{}, errURI
		}
	}
	if i := strings.IndexByte(rest, '?'); i >= 0 {
		u.headers, rest = rest[i+1:], rest[:i]
		if u.headers == "" {
			return uri{}, errURI
		}
	}
	if i := strings.IndexByte(rest, ';'); i >= 0 {
		u.params, rest = params(rest[i:]), rest[:i]
	}
	u.host, u.port, ok = hostPort(rest)
	if !ok || strings.IndexByte(string(u.params), '@') >= 0 {
		return uri{}, errURI
	}
	return u, nil
}

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

// transport is "udp" or "tcp" as the URI asks, or "" when it does not say.
func (u uri) transport() string {
	v, _ := u.params.get("transport")
	return strings.ToLower(v)
}

func (u uri) isLoose() bool {
	_, ok := u.params.get("lr")
	return ok
}

// bracket puts an IPv6 address in brackets and leaves other hosts alone.
func bracket(host string) string {
	if strings.IndexByte(host, ':') >= 0 {
		return "[" + host + "]"
	}
	return host
}
