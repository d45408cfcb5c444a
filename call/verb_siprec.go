package call

import (
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"rms/media"
	"rms/sip"
)

func init() {
	Register(&Verb{
		Name: "siprec",
		Doc: "Sends both sides of the call to a recorder that speaks SIPREC (RFC 7866), each as a stream of its own, with metadata that says who speaks. " +
			"The caller's packets go on as they came where the recorder takes the call's codec. rms:siprec_start tells that it records, rms:siprec_stop that it is over; the call does not depend on it.",
		Result: "true",
		Params: []Param{
			{Name: "to", Kind: String, Required: true, Doc: "SIP URI of the recorder: sip:recorder@host, or with ;transport=tcp"},
			{Name: "name", Kind: String, Default: "siprec", Doc: "of this recording session, for rms_siprec_stop and its events"},
			{Name: "headers", Kind: Value, Doc: "header fields of the INVITE: a table, or the JSON of one; ${from}, ${to}, ${call_id} and variables of the call are filled in"},
			{Name: "codec", Kind: String, Doc: "the only one to offer: PCMU, PCMA, G722, L16/16000; missing: the call's own first, then PCMU and PCMA"},
			{Name: "caller_uri", Kind: String, Doc: "SIP URI that we call from; missing: sip:rms@ and our address"},
			{Name: "user", Kind: String, Doc: "for a recorder that wants a password (RFC 8760)"},
			{Name: "password", Kind: String, Doc: "for user"},
			{Name: "timeout", Kind: Duration, Default: 10 * time.Second, Unit: "s", Min: 0.1, Max: 60, Doc: "how long the recorder may take to answer"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			o, err := x.call.siprecOptions(x, a)
			if err != nil {
				return nil, err
			}
			return nil, x.call.startSiprec(o)
		},
	})
	Register(&Verb{
		Name:   "siprec_stop",
		Doc:    "Ends what rms_siprec began: the recorder gets a BYE. rms:siprec_stop follows.",
		Result: "true",
		Params: []Param{{Name: "name", Kind: String, Default: "siprec", Doc: "as given to rms_siprec"}},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.stopSiprec(a.String("name"))
		},
	})
}

// siprecOptions is what rms_siprec asks for.
type siprecOptions struct {
	name, to, from string
	user, password string
	headers        []sip.Header
	codec          media.Codec // the only one to offer; none: NewEncoder is nil
	timeout        time.Duration
	rule           siprecRule
}

func (c *Call) siprecOptions(x *Exec, a Args) (*siprecOptions, error) {
	bad := func(param string, err error) (*siprecOptions, error) {
		return nil, &ArgError{Verb: "siprec", Text: fmt.Sprintf("parameter %q: %s", param, err)}
	}
	o := &siprecOptions{
		name: a.String("name"), to: a.String("to"), from: a.String("caller_uri"), user: a.String("user"), password: a.String("password"),
		timeout: a.Duration("timeout"), rule: siprecRule{dialer: x.dialer()},
	}
	if o.name == "" || len(o.name) > maxStreamName {
		return bad("name", fmt.Errorf("a name has 1 to %d bytes", maxStreamName))
	}
	host, err := recorderHost(o.to)
	if err != nil {
		return bad("to", err)
	}
	o.rule.host = host
	if o.from != "" {
		if _, err := recorderHost(o.from); err != nil {
			return bad("caller_uri", err)
		}
	}
	if v := a.Value("headers"); v != nil {
		list, err := c.headers(v)
		if err != nil {
			return bad("headers", err)
		}
		for _, h := range list {
			if reservedHeader(h.Name) {
				return bad("headers", fmt.Errorf("%s is the server's own", h.Name))
			}
			o.headers = append(o.headers, sip.Header{Name: h.Name, Value: h.Value})
		}
	}
	if name := a.String("codec"); name != "" {
		if o.codec, err = forwardCodec(name); err != nil {
			return bad("codec", err)
		}
	}
	if at, ok := literal(o.to, host); ok { // what is known now is said now
		if err := o.rule.check("udp", at); err != nil {
			return nil, err
		}
	}
	return o, nil
}

// reservedHeader tells whether a header field of our requests is not for scripts.
func reservedHeader(name string) bool {
	switch strings.ToLower(name) {
	case "via", "v", "from", "f", "to", "t", "call-id", "i", "cseq", "contact", "m", "route", "record-route", "max-forwards",
		"require", "proxy-require", "allow", "supported", "k", "accept", "session-expires", "x", "min-se",
		"authorization", "proxy-authorization", "user-agent":
		return true
	}
	return strings.HasPrefix(strings.ToLower(name), "content-") || len(name) == 1
}

// recorderHost reads the host of a SIP URI or name-addr.
func recorderHost(uri string) (string, error) {
	a, err := sip.ParseAddress(uri)
	host := ""
	if err == nil {
		host = a.Host()
	}
	if host == "" || !strings.HasPrefix(strings.ToLower(a.URI), "sip:") {
		return "", errors.New(`want a SIP URI such as "sip:recorder@host", got ` + fmt.Sprintf("%q", cut(uri, 100)))
	}
	return host, nil
}

// literal returns the address and the port in a URI whose host is an address.
func literal(uri, host string) (netip.AddrPort, bool) {
	ip, err := netip.ParseAddr(host)
	if err != nil {
		return netip.AddrPort{}, false
	}
	port := uint16(5060)
	if i := strings.Index(uri, host); i >= 0 {
		rest := strings.TrimPrefix(uri[i+len(host):], "]")
		_, _ = fmt.Sscanf(rest, ":%d", &port)
	}
	return netip.AddrPortFrom(ip.Unmap(), port), true
}
