package sip

import (
	"net/netip"
	"strings"
)

// outgoingRequest is a request of ours before it is text. It is rendered when it
// is known how it leaves, because Via and Contact say so.
type outgoingRequest struct {
	method      string
	uri         string   // Request-URI
	routes      []string // Route values
	hop         uri      // where it goes first
	hopErr      error
	from, to    string
	callID      string
	cseq        uint32
	contact     bool
	headers     []Header
	contentType string
	body        []byte
	tried       int // challenges answered
}

// routed sets Request-URI, Route and the first hop from the remote target and the
// route set, RFC 3261 section 12.2.1.1, loose and strict routers.
func (o *outgoingRequest) routed(target string, routes []string) {
	o.uri, o.routes = target, routes
	next := target
	if len(routes) > 0 {
		first, err := ParseAddress(routes[0])
		if err != nil {
			o.hopErr = err
			return
		}
		next = first.URI
		if u, err := parseURI(next); err == nil && !u.isLoose() {
			o.uri, _, _ = strings.Cut(next, "?")
			o.routes = append(append([]string(nil), routes[1:]...), "<"+target+">")
		}
	}
	o.hop, o.hopErr = parseURI(next)
}

// render writes the request as it leaves over f. CANCEL, and the ACK of a
// refusal, take the branch of their INVITE.
func (o *outgoingRequest) render(u *UA, f flow, branch string) []byte {
	w := &writer{make([]byte, 0, 512+len(o.body))}
	w.line(o.method, " ", singleLine(o.uri), " SIP/2.0")
	w.line("Via: SIP/2.0/", strings.ToUpper(f.transport()), " ", u.sentBy(f), ";branch=", branch, ";rport")
	w.line("Max-Forwards: 70")
	for _, r := range o.routes {
		w.header("Route", r)
	}
	w.header("From", o.from)
	w.header("To", o.to)
	w.header("Call-ID", o.callID)
	w.line("CSeq: ", itoa(int(o.cseq)), " ", o.method)
	if o.contact {
		w.header("Contact", "<"+u.contactURI(f)+">")
	}
	w.headers(o.headers)
	w.header("User-Agent", u.o.Agent)
	return w.body(o.contentType, o.body)
}

// sentBy is our host and port in Via and Contact. Over TCP it is a listener, not
// the port that a connection happens to have.
func (u *UA) sentBy(f flow) string {
	local := f.local
	if f.conn != nil {
		if p := u.tcpPort(local.Addr()); p != 0 {
			local = netip.AddrPortFrom(local.Addr(), p)
		}
	}
	host, port := local.Addr().WithZone("").String(), int(local.Port())
	if u.o.Advertise != "" {
		host = u.advertiseHost
		if u.advertisePort != 0 {
			port = u.advertisePort
		}
	}
	if port == 0 {
		return bracket(host)
	}
	return bracket(host) + ":" + itoa(port)
}

// contactURI is where the far end reaches us: our own address, never what the
// Request-URI named.
func (u *UA) contactURI(f flow) string {
	s := "sip:rms@" + u.sentBy(f)
	if f.conn != nil {
		s += ";transport=tcp"
	}
	return s
}
