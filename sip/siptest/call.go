package siptest

import (
	"fmt"
	"strings"
	"sync/atomic"
)

// Offer is a plain session description.
const Offer = "v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n" +
	"m=audio 40000 RTP/AVP 0 8 101\r\na=rtpmap:101 telephone-event/8000\r\n"

var serial atomic.Int64

// Call is a dialog of a peer, as caller or callee.
type Call struct {
	*Peer
	ID          string
	LocalTag    string
	RemoteTag   string
	Remote      string   // URI of the far end
	Target      string   // Request-URI of requests in the dialog
	Seq         int      // CSeq of the last request
	Branch      string   // of the last request
	RouteSet    []string // Route values
	Extra       []string // header lines of the next request only
	InviteSeq   int
	ViaParams   string
	NoContact   bool
	ContactLine string
	answer      Message
}

// NewCall prepares a call without sending anything.
func (p *Peer) NewCall() *Call {
	n := serial.Add(1)
	return &Call{
		Peer: p, ID: fmt.Sprintf("call-%d@%s", n, p.Local.Addr()), LocalTag: fmt.Sprintf("peer%d", n),
		Remote: "sip:ivr@rms.test", Target: "sip:ivr@rms.test", Seq: 0, ViaParams: ";rport",
	}
}

// Invite begins a call. An empty offer sends no body.
func (p *Peer) Invite(offer string, extra ...string) *Call {
	c := p.NewCall()
	c.Extra = extra
	c.Request("INVITE", offer)
	return c
}

// Via is the Via value of the call's requests with a branch.
func (c *Call) Via(branch string) string {
	return fmt.Sprintf("SIP/2.0/%s %s;branch=%s%s", c.Transport, c.Local, branch, c.ViaParams)
}

// Request sends a request with a new branch. It returns the text.
func (c *Call) Request(method, body string) string {
	c.Branch = fmt.Sprintf("z9hG4bKpeer%d", serial.Add(1))
	c.Seq++
	if method == "INVITE" {
		c.InviteSeq = c.Seq
	}
	text := c.Text(method, c.Branch, c.Seq, body)
	c.Extra = nil
	c.Send(text)
	return text
}

// Text is a request of the call.
func (c *Call) Text(method, branch string, seq int, body string) string {
	lines := []string{
		method + " " + c.Target + " SIP/2.0", "Via: " + c.Via(branch), "Max-Forwards: 70",
		"From: <sip:caller@peer.test>;tag=" + c.LocalTag, "To: <" + c.Remote + ">" + tagOf(c.RemoteTag),
		"Call-ID: " + c.ID, fmt.Sprintf("CSeq: %d %s", seq, method),
	}
	for _, r := range c.RouteSet {
		lines = append(lines, "Route: "+r)
	}
	switch {
	case c.ContactLine != "":
		lines = append(lines, c.ContactLine)
	case !c.NoContact:
		lines = append(lines, fmt.Sprintf("Contact: <sip:caller@%s;transport=%s>", c.Local, strings.ToLower(c.Transport)))
	}
	lines = append(lines, c.Extra...)
	if body != "" && !strings.Contains(strings.Join(c.Extra, "\n"), "Content-Type") {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	return strings.Join(lines, "\r\n")
}

func tagOf(tag string) string {
	if tag == "" {
		return ""
	}
	return ";tag=" + tag
}

// Expect waits for a response and learns tag, target and route set from it. A final
// response of this call or of one before that was acknowledged and comes again, as it
// does when the ACK took long on a busy machine, is no answer to what was sent since;
// nor is one without an ACK that was expected before the last request.
func (c *Call) Expect(code int) Message {
	c.t.Helper()
	m := c.expect(code, func(m Message) bool {
		old := c.answer.CSeq() == m.CSeq() && m.CSeq() < c.Seq && c.answer.Code() == m.Code()
		return m.Code() >= 200 && (old || c.confirmed[invite{m.Header("Call-ID"), m.CSeq()}]) && strings.HasSuffix(m.Header("CSeq"), " INVITE")
	})
	if tag := m.Tag("To"); tag != "" {
		c.RemoteTag = tag
	}
	if m.Contact() != "" && code < 300 {
		c.Target = m.Contact()
	}
	c.answer = m
	return m
}

// confirm notes that the final response of the last INVITE is acknowledged.
func (c *Call) confirm() {
	if c.confirmed == nil {
		c.confirmed = map[invite]bool{}
	}
	c.confirmed[invite{c.ID, c.InviteSeq}] = true
}

// Ack confirms a 2xx. A body is the answer to an offer in it.
func (c *Call) Ack(body ...string) {
	c.confirm()
	c.Send(c.Text("ACK", fmt.Sprintf("z9hG4bKack%d", serial.Add(1)), c.InviteSeq, strings.Join(body, "")))
}

// AckRefusal confirms a final answer of 300 and above, with the branch of the
// INVITE.
func (c *Call) AckRefusal() {
	target := c.Target
	c.confirm()
	c.Send(c.Text("ACK", c.Branch, c.InviteSeq, ""))
	c.Target = target
}

// Cancel cancels the INVITE that was sent last.
func (c *Call) Cancel(extra ...string) {
	tag := c.RemoteTag
	c.RemoteTag, c.Extra = "", extra
	c.Send(c.Text("CANCEL", c.Branch, c.InviteSeq, ""))
	c.RemoteTag, c.Extra = tag, nil
}

// Bye hangs up.
func (c *Call) Bye(extra ...string) {
	c.Extra = extra
	c.Request("BYE", "")
}

// Established makes a whole call up to the ACK.
func (p *Peer) Established(extra ...string) *Call {
	c := p.Invite(Offer, extra...)
	c.Expect(200)
	c.Ack()
	return c
}

// Reply answers a request that the peer received.
func (p *Peer) Reply(req Message, code int, tag, body string, extra ...string) {
	p.know(req, true)
	p.Send(p.ReplyText(req, code, tag, body, extra...))
}

// ReplyText is a response to a request.
func (p *Peer) ReplyText(req Message, code int, tag, body string, extra ...string) string {
	lines := []string{fmt.Sprintf("SIP/2.0 %d Whatever", code)}
	for _, v := range req.All("Via") {
		lines = append(lines, "Via: "+v)
	}
	for _, v := range req.All("Record-Route") {
		lines = append(lines, "Record-Route: "+v)
	}
	to := req.Header("To")
	if tag != "" && !strings.Contains(to, ";tag=") {
		to += ";tag=" + tag
	}
	lines = append(lines, "From: "+req.Header("From"), "To: "+to,
		"Call-ID: "+req.Header("Call-ID"), "CSeq: "+req.Header("CSeq"))
	if !strings.Contains(strings.Join(extra, "\n"), "Contact:") {
		lines = append(lines, fmt.Sprintf("Contact: <sip:callee@%s;transport=%s>", p.Local, strings.ToLower(p.Transport)))
	}
	lines = append(lines, extra...)
	if body != "" {
		lines = append(lines, "Content-Type: application/sdp")
	}
	lines = append(lines, fmt.Sprintf("Content-Length: %d", len(body)), "", body)
	return strings.Join(lines, "\r\n")
}
