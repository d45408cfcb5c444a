package sip

import (
	"fmt"
	"net/netip"
)

// CallOptions says whom to call and how.
type CallOptions struct {
	// To is a SIP URI or a name-addr; its URI becomes the Request-URI.
	To string
	// From is the caller; default "sip:rms@" and our address.
	From string
	// Proxy is a URI that the INVITE goes to first, as a loose route.
	Proxy string
	// CallID is made when empty.
	CallID  string
	Headers []Header
	// SDP is our offer. Without one the 2xx must carry it, and Dialog.Ack answers.
	SDP []byte
	// Body, when set, is sent in the place of SDP, as ContentType says: a multipart body
	// that holds SDP and more.
	Body        []byte
	ContentType string
	// Feature is a feature tag of our Contact (RFC 3840), such as "+sip.src".
	Feature string
	// Check, when set, is asked before a request of this call is sent to an address,
	// whoever named it; network is "udp" or "tcp". What it refuses fails with 503. It
	// must not wait.
	Check func(network string, to netip.AddrPort) error
	// User and Password answer challenges (401, 407).
	User, Password string
	// Transport is "udp" or "tcp"; empty is as the URI says, else UDP.
	Transport string
}

// dialling is what a dialog needs until and while its INVITE of ours lives.
type dialling struct {
	o           CallOptions
	request     *outgoingRequest
	tx          *clientTx
	heard       bool // a provisional response came: CANCEL may go
	cancelled   bool
	reason      string
	cause       Cause
	auth        credentials
	ack         *clientTx
	waitingAck  bool // the 2xx holds the offer; Dialog.Ack is owed
	inviteSeq   uint32
	brief       int    // 422s
	target      string // of the first INVITE, for the next try
	routes      []string
	to          string
	sentCancel  bool
	cancelTimer *timer
}

// Call sends an INVITE. It does not wait: the Owner hears of every answer. The
// Dialog can be cancelled by Cancel or Bye at once.
func (u *UA) Call(o CallOptions, owner Owner) (*Dialog, error) {
	to, err := place(o.To)
	if err != nil {
		return nil, fmt.Errorf("call %q: %w", o.To, err)
	}
	if _, err := checkURI(to.URI); err != nil {
		return nil, fmt.Errorf("call %q: %w", o.To, err)
	}
	if o.Transport != "" && o.Transport != "udp" && o.Transport != "tcp" {
		return nil, fmt.Errorf("call %q: %w", o.To, errTransport)
	}
	var routes []string
	if o.Proxy != "" {
		p, err := readURI(o.Proxy)
		if err != nil {
			return nil, fmt.Errorf("proxy %q: %w", o.Proxy, err)
		}
		if !isLoose(&p) {
			o.Proxy += ";lr"
		}
		routes = []string{"<" + o.Proxy + ">"}
	}
	from, err := u.caller(o.From, to)
	if err != nil {
		return nil, err
	}
	if o.CallID == "" {
		o.CallID = newTag()
	}
	d := &Dialog{u: u, client: true, callID: o.CallID, owner: owner, localTag: newTag(), out: &dialling{o: o}}
	d.out.auth = credentials{user: o.User, password: o.Password}
	d.localValue, d.remoteValue = from+";tag="+d.localTag, angled(o.To, to)
	d.target, d.routes = to.URI, routes
	d.localSDP, d.feature, d.check = o.SDP, o.Feature, o.Check
	d.out.target, d.out.routes, d.out.to = d.target, d.routes, d.remoteValue
	d.w = u.workerOf([]byte(o.CallID), flow{})
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if u.closing.Load() { // under the lock: Close sees this call or we see Close
		return nil, fmt.Errorf("call %q: %w", o.To, ErrClosed)
	}
	d.g = d.w.group(d.callID)
	d.g.dialogs = append(d.g.dialogs, d)
	d.begin()
	d.ring = d.w.in(u.o.RingTimeout, d.nobodyAnswered)
	d.dial(d.newRequest("INVITE"))
	return d, nil
}

func angled(text string, a Address) string {
	if a.URI == text {
		return "<" + text + ">"
	}
	return text
}

// caller is the From value of a call.
func (u *UA) caller(from string, to Address) (string, error) {
	if from != "" {
		a, err := place(from)
		if err != nil || a.Tag != "" {
			return "", fmt.Errorf("caller %q: %w", from, errAddress)
		}
		return angled(from, a), nil
	}
	host := "anonymous.invalid"
	if ip, err := netip.ParseAddr(to.Host()); err == nil {
		if f, err := u.flowTo(netip.AddrPortFrom(ip.Unmap(), 5060), "udp", flow{}); err == nil {
			host = u.sentBy(f)
		}
	}
	return "<sip:rms@" + host + ">", nil
}

// dial sends the INVITE, for the first time or again after a challenge or 422.
func (d *Dialog) dial(out *outgoingRequest) {
	c := d.out
	out.contact, out.feature = true, d.feature
	out.headers = append(append([]Header{{"Allow", allow}, {"Supported", supported}, {"Accept", acceptable}},
		d.session.ask(d)...), out.headers...)
	if c.request == nil {
		out.headers = append(out.headers, c.o.Headers...)
	}
	out.body, out.contentType = c.o.SDP, typeSDP
	if len(c.o.Body) > 0 {
		out.body, out.contentType = c.o.Body, c.o.ContentType
	}
	if c.o.Transport != "" && uriTransport(&out.hop) == "" {
		out.hop.UriParams.Add("transport", c.o.Transport)
	}
	c.request, c.heard, c.inviteSeq = out, false, out.cseq
	c.tx = d.w.start(d, out, d.flow, d.inviteAnswered)
	c.tx.sent = func() {
		d.flow = c.tx.flow
		d.hold()
		if d.invite == nil {
			d.invite = &Request{u: d.u, w: d.w, m: c.tx.m, flow: d.flow, d: d, answered: true}
		}
	}
	if c.tx.b != nil {
		c.tx.sent()
	}
}
