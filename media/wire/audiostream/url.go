package audiostream

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
)

// MaxURL is the longest URL of a start, in bytes.
const MaxURL = 4096

// CheckURL reads the URL of a start: ws or wss in any case, a host of letters,
// digits, ".", "-" and "_" or an IP address, digits for a port. It has no user and
// no password; a password in a command would end up in logs.
func CheckURL(s string) (*url.URL, error) { return checkURL(s, "ws", "wss") }

// CheckForkURL reads the URL of a uuid_audio_fork, where http stands for ws and
// https for wss.
func CheckForkURL(s string) (*url.URL, error) {
	u, err := checkURL(s, "ws", "wss", "http", "https")
	if err != nil {
		return nil, err
	}
	u.Scheme = strings.Replace(u.Scheme, "http", "ws", 1)
	return u, nil
}

func checkURL(s string, schemes ...string) (*url.URL, error) {
	if len(s) > MaxURL {
		return nil, fmt.Errorf("URL of %d bytes: allowed are %d", len(s), MaxURL)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r >= 0x7f }) {
		return nil, errors.New("URL with blanks, control characters or letters beyond ASCII")
	}
	u, err := url.Parse(s)
	if err != nil {
		return nil, fmt.Errorf("read URL: %w", errors.Unwrap(err))
	}
	known := false
	for _, scheme := range schemes {
		known = known || u.Scheme == scheme
	}
	switch {
	case !known:
		return nil, fmt.Errorf("scheme %q of URL: allowed are %s", u.Scheme, strings.Join(schemes, ", "))
	case u.User != nil:
		return nil, errors.New("URL with a user or password")
	case u.Opaque != "":
		return nil, errors.New("URL without //")
	}
	if err := checkHost(u.Hostname()); err != nil {
		return nil, err
	}
	if _, port, has := strings.Cut(strings.TrimPrefix(u.Host, "["+u.Hostname()+"]"), ":"); has {
		if n, err := strconv.ParseUint(port, 10, 16); err != nil || n == 0 {
			return nil, fmt.Errorf("port %q of URL", port)
		}
	}
	return u, nil
}

// secure reports whether a scheme is of TLS.
func secure(scheme string) bool { return scheme == "wss" || scheme == "https" }

// checkHost takes names and addresses that a resolver can be asked for.
func checkHost(host string) error {
	if host == "" || len(host) > 253 {
		return fmt.Errorf("host of %d characters", len(host))
	}
	if strings.Contains(host, ":") {
		if a, err := netip.ParseAddr(host); err != nil || a.Zone() != "" {
			return fmt.Errorf("host %q is no IP address", host)
		}
		return nil
	}
	for _, r := range host {
		if !(r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || r == '.' || r == '-' || r == '_') {
			return fmt.Errorf("host %q has %q in it", host, r)
		}
	}
	return nil
}

// ParseRate reads the sample rate of a start: 8k, 16k, or a number of Hz that is a
// multiple of 8000, up to 48000.
func ParseRate(s string) (int, error) {
	number := strings.TrimRight(s, "kK")
	n, err := strconv.ParseUint(number, 10, 20)
	switch len(s) - len(number) {
	case 0:
	case 1:
		n *= 1000
	default:
		n = 0
	}
	if err != nil || n < 8000 || n > 48000 || n%8000 != 0 {
		return 0, fmt.Errorf("rate %q: allowed are multiples of 8000 from 8000 to 48000, or 8k to 48k", s)
	}
	return int(n), nil
}

// ParsePlayRate reads the sample rate of audio that comes as binary frames: any
// from 8000 to 48000 Hz.
func ParsePlayRate(s string) (int, error) {
	if n, err := ParseRate(s); err == nil {
		return n, nil
	}
	n, err := strconv.ParseUint(s, 10, 20)
	if err != nil || n < 8000 || n > 48000 {
		return 0, fmt.Errorf("rate %q: allowed are 8000 to 48000", s)
	}
	return int(n), nil
}
