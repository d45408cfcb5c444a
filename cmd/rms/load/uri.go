package load

import (
	"errors"
	"strings"
)

// maxURI bounds a URI that is taken from a message.
const maxURI = 1024

// uri is the little that a caller must know of a SIP URI: where it leads.
type uri struct {
	text     string // without angle brackets, verbatim
	host     string // host:port, IPv6 in brackets
	loose    bool   // has ;lr
	explicit bool   // the port was written
}

func (u uri) hostPort() string { return u.host }

var errURI = errors.New("write sip:user@host or sip:user@host:port")

// parseURI reads "sip:user@host:port;params" without angle brackets.
func parseURI(s string) (uri, error) {
	if len(s) > maxURI || strings.ContainsAny(s, " \t\r\n\x00<>\"") {
		return uri{}, errURI
	}
	scheme, rest, ok := strings.Cut(s, ":")
	if !ok || !strings.EqualFold(scheme, "sip") {
		if strings.EqualFold(scheme, "sips") {
			return uri{}, errors.New("a sips: URI (TLS) is not supported, use one with sip")
		}
		return uri{}, errURI
	}
	rest, _, _ = strings.Cut(rest, "?")
	if at := strings.LastIndexByte(rest, '@'); at >= 0 {
		rest = rest[at+1:]
	}
	host, params, _ := strings.Cut(rest, ";")
	hostPort, err := parseHostPort(host)
	if err != nil {
		return uri{}, errURI
	}
	u := uri{text: s, host: hostPort}
	u.explicit = strings.LastIndexByte(host, ':') > strings.LastIndexByte(host, ']') && !strings.HasPrefix(host, "::")
	for param := range strings.SplitSeq(params, ";") {
		name, _, _ := strings.Cut(param, "=")
		u.loose = u.loose || strings.EqualFold(name, "lr")
	}
	return u, nil
}

// addressURI takes the URI out of a name-addr or addr-spec: `"N" <sip:a@b>;tag=x`.
func addressURI(value string) (uri, error) {
	if open := openBracket(value); open >= 0 {
		inside, _, ok := strings.Cut(value[open+1:], ">")
		if !ok {
			return uri{}, errURI
		}
		return parseURI(strings.TrimSpace(inside))
	}
	bare, _, _ := strings.Cut(value, ";")
	return parseURI(strings.TrimSpace(bare))
}

// openBracket finds the "<" that is not inside a quoted display name.
func openBracket(value string) int {
	quoted := false
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case c == '<' && !quoted:
			return i
		}
	}
	return -1
}

// tagOf returns the tag parameter of a From or To value.
func tagOf(value string) string {
	params := value
	if open := openBracket(value); open >= 0 {
		_, after, ok := strings.Cut(value[open:], ">")
		if !ok {
			return ""
		}
		params = after
	}
	for i, param := range strings.Split(params, ";") {
		name, tag, _ := strings.Cut(param, "=")
		if i > 0 && strings.EqualFold(strings.TrimSpace(name), "tag") {
			return strings.TrimSpace(tag)
		}
	}
	return ""
}

// splitList cuts a comma-joined header value, minding quotes and brackets.
func splitList(value string, into []string) []string {
	quoted, depth, start := false, 0, 0
	for i := 0; i < len(value); i++ {
		switch c := value[i]; {
		case quoted && c == '\\':
			i++
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == '<':
			depth++
		case c == '>':
			depth--
		case c == ',' && depth <= 0:
			into = append(into, strings.TrimSpace(value[start:i]))
			start = i + 1
		}
	}
	return append(into, strings.TrimSpace(value[start:]))
}
