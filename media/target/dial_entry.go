package target

import (
	"errors"
	"net/netip"
	"strconv"
	"strings"
)

// splitPort cuts host:port, where host may be an IPv6 address alone or in brackets.
func splitPort(text string) (host string, port uint16, err error) {
	if _, err := netip.ParseAddr(text); err == nil {
		return text, 0, nil
	}
	if inner, rest, ok := strings.Cut(text, "]"); ok {
		inner, ok = strings.CutPrefix(inner, "[")
		if a, err := netip.ParseAddr(inner); !ok || err != nil || !a.Is6() {
			return "", 0, errors.New("has brackets around what is no IPv6 address")
		}
		if rest == "" {
			return inner, 0, nil
		}
		digits, ok := strings.CutPrefix(rest, ":")
		if !ok {
			return "", 0, errors.New("has more than a port after its brackets")
		}
		port, err = parsePort(digits)
		return inner, port, err
	}
	host, digits, ok := strings.Cut(text, ":")
	if !ok {
		return text, 0, nil
	}
	port, err = parsePort(digits)
	return host, port, err
}

func parsePort(digits string) (uint16, error) {
	n, err := strconv.ParseUint(digits, 10, 16)
	if err != nil || n == 0 || digits[0] == '0' {
		return 0, errors.New("has no port from 1 to 65535 after its colon")
	}
	return uint16(n), nil
}

// badName says why a text is no name of a host, "" when it is one. A name whose last
// label is a number is how some resolvers spell an address (127.1, 0x7f000001), and
// would list another thing than it seems to.
func badName(name string) string {
	name = strings.TrimSuffix(name, ".")
	if name == "" || len(name) > 253 {
		return "is no host, address or network"
	}
	last := ""
	for label := range strings.SplitSeq(name, ".") {
		if label == "" || len(label) > 63 || strings.IndexFunc(label, oddInName) >= 0 || label[0] == '-' || label[len(label)-1] == '-' {
			return "is no host, address or network"
		}
		last = label
	}
	if _, err := strconv.ParseUint(last, 0, 64); err == nil || strings.Trim(last, "0123456789") == "" {
		return "is neither a name nor an address in full"
	}
	if low := strings.ToLower(last); strings.HasPrefix(low, "0x") && strings.Trim(low[2:], "0123456789abcdef") == "" {
		return "is neither a name nor an address in full"
	}
	return ""
}

func oddInName(r rune) bool {
	return r != '-' && r != '_' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z')
}
