package sip

import (
	"errors"
	"strconv"
	"strings"
)

var errVia = errors.New("malformed Via")

// cookie begins every branch of RFC 3261.
const cookie = "z9hG4bK"

// via is one Via: protocol / version / transport, sent-by and parameters.
type via struct {
	transport string
	host      string // without brackets
	port      int    // 0: none
	params    params
	branch    string // empty when none
}

// parseVia reads the first Via of a header value; rest is what follows its
// comma, empty when nothing does.
func parseVia(s string) (v via, rest string, err error) {
	first, rest, _, ok := cutList(s)
	if !ok {
		return v, "", errVia
	}
	protocol, s, ok1 := strings.Cut(first, "/")
	version, s, ok2 := strings.Cut(s, "/")
	s = strings.TrimLeft(s, " \t")
	if !ok1 || !ok2 || !sameName(trim(protocol), "SIP") || trim(version) != "2.0" {
		return v, "", errVia
	}
	n := strings.IndexAny(s, " \t")
	if n < 0 || !isToken(s[:n]) {
		return v, "", errVia
	}
	v.transport, s = s[:n], trim(s[n:])
	if i := strings.IndexByte(s, ';'); i >= 0 {
		v.params, s = params(s[i:]), trim(s[:i])
	}
	if v.host, v.port, ok = hostPort(sentBy(s)); !ok || !v.params.valid() {
		return v, "", errVia
	}
	v.branch, _ = v.params.get("branch")
	return v, rest, nil
}

// salvageVia reads of a malformed Via what an answer needs: host, port and
// whether rport is asked for.
func salvageVia(value string) via {
	if v, _, err := parseVia(value); err == nil {
		return v
	}
	v := via{}
	head := value
	if i := strings.IndexAny(value, ";,"); i >= 0 {
		head = value[:i]
		if strings.Contains(strings.ToLower(value[i:]), ";rport") {
			v.params = ";rport"
		}
	}
	if f := strings.Fields(head); len(f) > 0 {
		if host, port, ok := hostPort(f[len(f)-1]); ok {
			v.host, v.port = host, port
		}
	}
	return v
}

// sentBy removes the blanks that may stand around the colon of host ":" port.
func sentBy(s string) string {
	if !strings.ContainsAny(s, " \t") {
		return s
	}
	i := strings.LastIndexByte(s, ':')
	if i < 0 || strings.HasSuffix(s, "]") {
		return s
	}
	return trim(s[:i]) + ":" + trim(s[i+1:])
}

// modern tells whether the branch is one of RFC 3261, unique by itself.
func (v via) modern() bool {
	return len(v.branch) > len(cookie) && strings.EqualFold(v.branch[:len(cookie)], cookie)
}

// stamped is a Via value as it goes back in a response: the first Via gets the
// source it really came from (received, and rport when it asked, RFC 3581).
func stamped(value string, f flow) string {
	v, _, err := parseVia(value)
	if err != nil {
		return value
	}
	ip := f.remote.Addr().String()
	_, rport := v.params.get("rport")
	if _, claimed := v.params.get("received"); !rport && !claimed && v.host == ip {
		return value
	}
	first, rest, more, _ := cutList(value)
	head := first
	if i := strings.IndexByte(first, ';'); i >= 0 {
		head = strings.TrimRight(first[:i], " \t")
	}
	b := strings.Builder{}
	b.WriteString(head)
	for p := v.params; ; {
		name, val, next, ok := p.next()
		if !ok {
			break
		}
		p = next
		switch {
		case sameName(name, "received"):
			continue
		case sameName(name, "rport"):
			val = strconv.Itoa(int(f.remote.Port()))
		}
		b.WriteString(";" + name)
		if val != "" {
			b.WriteString("=" + val)
		}
	}
	b.WriteString(";received=" + ip)
	if more {
		b.WriteString(", " + rest)
	}
	return b.String()
}
