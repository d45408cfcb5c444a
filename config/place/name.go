package place

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

var (
	errNothing = errors.New("is no host, address or network")
	errPort    = errors.New("has no port from 1 to 65535 after its colon")
	errShort   = errors.New("is neither a name nor an address in full")
)

// split cuts host:port, where host may be an IPv6 address alone or in brackets.
func split(text string) (host string, port uint16, err error) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, 0, nil
	}
	if inner, rest, ok := strings.Cut(text, "]"); ok {
		return splitBrackets(inner, rest)
	}
	host, digits, ok := strings.Cut(text, ":")
	if !ok {
		return text, 0, nil
	}
	port, err = parsePort(digits)
	return host, port, err
}

func splitBrackets(inner, rest string) (host string, port uint16, err error) {
	inner, ok := strings.CutPrefix(inner, "[")
	if a, err := netip.ParseAddr(inner); !ok || err != nil || !a.Is6() {
		return "", 0, errors.New("has brackets around what is no IPv6 address")
	}
	if rest == "" {
		return inner, 0, nil
	}
	digits, ok := strings.CutPrefix(rest, ":")
	if !ok {
		return "", 0, errPort
	}
	port, err = parsePort(digits)
	return inner, port, err
}

func parsePort(digits string) (uint16, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || digits[0] == '0' {
		return 0, errPort
	}
	return uint16(n), nil
}

// checkName refuses what is no name of a host. A name whose last label is a number is
// how some resolvers spell an address (127.1, 0x7f000001), and would stand for another
// thing than it seems to.
func checkName(name string) error {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return errNothing
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' || strings.ContainsFunc(label, odd) {
			return errNothing
		}
		last = strings.ToLower(label)
	}
	if strings.Trim(last, "0123456789") == "" {
		return errShort
	}
	if hex, ok := strings.CutPrefix(last, "0x"); ok && strings.Trim(hex, "0123456789abcdef") == "" {
		return errShort
	}
	return nil
}

func odd(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
