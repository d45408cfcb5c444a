package sip

import (
	"net/netip"
	"strings"

	msg "github.com/emiago/sipgo/sip"
)

// outgoingRequest is a request of ours before it is a message. It is built when it
// is known how it leaves, because Via and Contact say so.
type outgoingRequest struct {
	method      string
	uri         string   // Request-URI
	routes      []string // Route values
	hop         msg.Uri  // where it goes first
	hopErr      error
	from, to    string
	callID      string
	cseq        uint32
	contact     bool
	feature     string // of the Contact
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
		if u, err := readURI(next); err == nil && !isLoose(&u) {
			o.uri, _, _ = strings.Cut(next, "?")
			o.routes = append(append([]string(nil), routes[1:]...), "<"+target+">")
		}
	}
	o.hop, o.hopErr = readURI(next)
}

// build makes the request as it leaves over f. CANCEL, and the ACK of a refusal,
// take the branch of their INVITE.
func (o *outgoingRequest) build(u *UA, f flow, branch string) *message {
	uri := singleLine(o.uri)
	recipient, _ := readURI(uri) // the text counts, as message.serialize writes it
	req := msg.NewRequest(msg.RequestMethod(o.method), recipient)
	d := &req.MessageData
	add(d, Header{"Via", "SIP/2.0/" + strings.ToUpper(f.transport()) + " " + u.sentBy(f) + ";branch=" + branch + ";rport"})
	hops, id := msg.MaxForwardsHeader(70), msg.CallIDHeader(singleLine(o.callID))
	d.AppendHeader(&hops)
	for _, r := range o.routes {
		add(d, Header{"Route", r})
	}
	add(d, Header{"From", o.from}, Header{"To", o.to})
	d.AppendHeader(&id)
	d.AppendHeader(&msg.CSeqHeader{SeqNo: o.cseq, MethodName: req.Method})
	if o.contact {
		add(d, Header{"Contact", contactValue(u.contactURI(f), o.feature)})
	}
	add(d, o.headers...)
	add(d, Header{"User-Agent", u.o.Agent})
	addBody(d, o.contentType, o.body)
	return &message{req: req, uri: uri}
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

// contactValue is a Contact with a feature tag, when there is one.
func contactValue(uri, feature string) string {
	if feature != "" {
		feature = ";" + feature
	}
	return "<" + uri + ">" + feature
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
