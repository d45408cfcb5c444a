package phone

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/sip"
)

// Options say who is called and what is said. Only To is needed.
type Options struct {
	To        string   // sip:user@host[:port][;transport=tcp]
	From      string   // our URI; empty: sip:phone@ the local address
	Proxy     string   // host[:port] or URI that the call goes to first
	Headers   []string // extra lines of the INVITE, "Name: value"
	Transport string   // udp or tcp; empty: what the URI says, else udp
	User      string   // for a digest challenge (401, 407)
	Password  string

	Codec  string        // one or more of PCMU, PCMA, G722, L16 with commas; empty: all
	Ptime  time.Duration // length of a packet, default 20 ms
	Mic    string        // file that is spoken; empty: silence
	Save   string        // WAV file that takes what is heard
	Digits string        // keys that are pressed after the answer: 0-9 * # A-D

	For  time.Duration // hang up so long after the answer; 0: 5 s; negative: when the far end does
	Ring time.Duration // give up ringing after this, default 30 s

	ASCII bool // ladder without Unicode
	Trace bool // print every SIP message in full
}

// plan is Options after checking.
type plan struct {
	Options
	to        target
	nextHop   string // host:port
	transport string
	headers   []sip.Header
	codecs    []media.Codec
}

// target is the part of a SIP URI that says where it leads.
type target struct {
	text      string
	hostPort  string
	transport string
}

func (o Options) check() (plan, error) {
	p := plan{Options: o}
	if p.For == 0 {
		p.For = 5 * time.Second
	}
	if p.Ring <= 0 {
		p.Ring = 30 * time.Second
	}
	if p.Ptime == 0 {
		p.Ptime = 20 * time.Millisecond
	}
	if p.Ptime < 10*time.Millisecond || p.Ptime > 60*time.Millisecond || p.Ptime%(10*time.Millisecond) != 0 {
		return p, fmt.Errorf("ptime %v: use 10 to 60 ms in steps of 10", p.Ptime)
	}
	var err error
	if p.to, err = parseTarget(o.To); err != nil {
		return p, fmt.Errorf("who to call: %q: %w", o.To, err)
	}
	hop := p.to
	if o.Proxy != "" {
		if hop, err = parseTarget(asURI(o.Proxy)); err != nil {
			return p, fmt.Errorf("proxy %q: write host or host:port", o.Proxy)
		}
	}
	p.nextHop = hop.hostPort
	p.transport = firstOf(strings.ToLower(o.Transport), hop.transport, "udp")
	if p.transport != "udp" && p.transport != "tcp" {
		return p, fmt.Errorf("transport %q: use udp or tcp", p.transport)
	}
	if o.From != "" {
		if _, err = parseTarget(o.From); err != nil {
			return p, fmt.Errorf("from %q: %w", o.From, err)
		}
	}
	if bad := strings.Trim(strings.ToUpper(o.Digits), "0123456789*#ABCD"); bad != "" {
		return p, fmt.Errorf("digits %q: only 0-9, *, # and A-D are keys", o.Digits)
	}
	if p.headers, err = parseHeaders(o.Headers); err != nil {
		return p, err
	}
	p.codecs, err = parseCodecs(o.Codec)
	return p, err
}

func firstOf(texts ...string) string {
	for _, s := range texts {
		if s != "" {
			return s
		}
	}
	return ""
}

func asURI(s string) string {
	if len(s) > 4 && strings.EqualFold(s[:4], "sip:") {
		return s
	}
	return "sip:" + s
}

var errTarget = errors.New("write sip:user@host or sip:user@host:port, for instance sip:welcome@127.0.0.1:5060")

// parseTarget reads a SIP URI without angle brackets.
func parseTarget(s string) (target, error) {
	if len(s) > 1024 || len(s) < 5 || strings.ContainsAny(s, " \t\r\n\x00<>\"") {
		return target{}, errTarget
	}
	if strings.EqualFold(s[:5], "sips:") {
		return target{}, errors.New("a sips: URI (TLS) is not supported, use one with sip")
	}
	if !strings.EqualFold(s[:4], "sip:") {
		return target{}, errTarget
	}
	rest, _, _ := strings.Cut(s[4:], "?")
	rest = rest[strings.LastIndexByte(rest, '@')+1:]
	host, params, _ := strings.Cut(rest, ";")
	t := target{text: s}
	for param := range strings.SplitSeq(params, ";") {
		if name, value, _ := strings.Cut(param, "="); strings.EqualFold(name, "transport") {
			t.transport = strings.ToLower(value)
		}
	}
	var err error
	t.hostPort, err = withPort(host)
	return t, err
}

func withPort(host string) (string, error) {
	if ip, err := netip.ParseAddr(strings.Trim(host, "[]")); err == nil {
		return netip.AddrPortFrom(ip, 5060).String(), nil
	}
	if !strings.Contains(host, ":") {
		host += ":5060"
	}
	name, port, err := net.SplitHostPort(host)
	if err != nil || name == "" || strings.Trim(port, "0123456789") != "" {
		return "", errTarget
	}
	if n, err := net.LookupPort("udp", port); err != nil || n == 0 {
		return "", fmt.Errorf("port %s: use 1 to 65535", port)
	}
	return host, nil
}

func parseHeaders(lines []string) ([]sip.Header, error) {
	out := make([]sip.Header, 0, len(lines))
	for _, line := range lines {
		name, value, ok := strings.Cut(line, ":")
		name = strings.TrimSpace(name)
		if !ok || name == "" || strings.ContainsAny(line, "\r\n\x00") || strings.ContainsAny(name, " \t\"<>") {
			return nil, fmt.Errorf("header %q: write it as \"Name: value\", for instance \"X-Account: 42\"", line)
		}
		out = append(out, sip.Header{Name: name, Value: strings.TrimSpace(value)})
	}
	return out, nil
}

// parseCodecs finds the codecs of a list by name, in its order.
func parseCodecs(list string) ([]media.Codec, error) {
	all := codec.All()
	if strings.TrimSpace(list) == "" {
		return all, nil
	}
	var out []media.Codec
	for name := range strings.SplitSeq(list, ",") {
		want := strings.ToUpper(strings.TrimSpace(name))
		found := false
		for _, c := range all {
			if strings.EqualFold(c.Name, want) || strings.EqualFold(c.Encoding(), want) {
				out, found = append(out, c), true
			}
		}
		if !found {
			return nil, fmt.Errorf("codec %q is not known; use one of %s", name, codecNames(all))
		}
	}
	return out, nil
}

func codecNames(all []media.Codec) string {
	names := make([]string, 0, len(all))
	for _, c := range all {
		names = append(names, c.Encoding())
	}
	return strings.Join(names, ", ")
}
