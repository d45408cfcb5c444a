package load

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

type phase uint8

const (
	phaseNew        phase = iota
	phaseInviting         // no answer of any kind yet: the INVITE is repeated
	phaseRinging          // a provisional answer came
	phaseCancelling       // CANCEL sent, the final answer is awaited
	phaseUp
	phaseClosing // BYE sent
	phaseDone
)

// call is one call from INVITE to the answer of its BYE. The agent's loop owns it.
type call struct {
	index   int
	phase   phase
	code    int // final answer of the INVITE; 0: none came
	sentAt  int64
	invited []byte // the INVITE, kept while it may be repeated
	serial  int    // counts branches and CSeq numbers
	cseq    int

	remote uri      // remote target
	to     string   // To with the far end's tag
	routes []string // route set in sending order
	hop    netip.AddrPort
	ack    []byte // repeated when the 200 is repeated

	pending  []byte // request that waits for an answer, or our 200 that waits for its ACK
	toHop    netip.AddrPort
	interval int64 // of the next repetition; 0: not repeated
	repeatAt int64
	giveUpAt int64
	byPeer   bool
	wanted   bool // CANCEL is wanted as soon as a provisional answer allows it

	stream *stream
	port   int
	fd     int
}

func (c *call) pend(msg []byte, hop netip.AddrPort, now, interval, patience int64) {
	c.pending, c.toHop, c.interval = msg, hop, interval
	c.repeatAt, c.giveUpAt = now+interval, now+patience
}

func (c *call) settle() { c.pending, c.interval, c.giveUpAt = nil, 0, 0 }

// script writes the requests of all calls of a run.
type script struct {
	plan
	run       string // random, the same for all calls of a run
	local     netip.AddrPort
	transport string // UDP or TCP
	from      string
	contact   string
}

func newScript(p plan, run string, local netip.AddrPort) script {
	s := script{plan: p, run: run, local: local, transport: strings.ToUpper(p.Transport)}
	s.from = p.From
	if s.from == "" {
		s.from = "sip:load@" + local.String()
	}
	s.contact = "<sip:load@" + local.String() + ">"
	if p.Transport == "tcp" {
		s.contact = "<sip:load@" + local.String() + ";transport=tcp>"
	}
	return s
}

func (s *script) callID(index int) string {
	return s.run + "-" + strconv.Itoa(index) + "@" + s.local.Addr().String()
}

// index finds the call of a Call-ID; -1 when it is none of ours.
func (s *script) index(callID string) int {
	rest, ok := strings.CutPrefix(callID, s.run+"-")
	if !ok {
		return -1
	}
	digits, host, _ := strings.Cut(rest, "@")
	n, err := strconv.Atoi(digits)
	if err != nil || n < 0 || n >= s.Calls || host != s.local.Addr().String() {
		return -1
	}
	return n
}

func (s *script) tag(index int) string { return "l" + strconv.Itoa(index) }

func (s *script) branch(c *call) string {
	return fmt.Sprintf("z9hG4bK%s-%d-%d", s.run, c.index, c.serial)
}

const allowed = "INVITE, ACK, BYE, CANCEL, OPTIONS, INFO, UPDATE"

// invite writes the first request of a call.
func (s *script) invite(c *call, sdp []byte) []byte {
	c.serial, c.cseq = 1, 1
	b := s.head(nil, "INVITE", s.target.text, c, 1, "<"+s.target.text+">")
	b = fmt.Appendf(b, "Contact: %s\r\nAllow: %s\r\n", s.contact, allowed)
	for _, h := range s.Headers {
		b = append(append(b, h...), "\r\n"...)
	}
	return withBody(s.recordHeaders(s.streamHeaders(b, c.index)), sdp)
}

// head writes start line, Via, Max-Forwards, From, To, Call-ID, CSeq and User-Agent.
func (s *script) head(b []byte, method, target string, c *call, cseq int, to string) []byte {
	b = fmt.Appendf(b, "%s %s SIP/2.0\r\nVia: SIP/2.0/%s %s;rport;branch=%s\r\n", method, target, s.transport, s.local, s.branch(c))
	b = fmt.Appendf(b, "Max-Forwards: 70\r\nFrom: <%s>;tag=%s\r\nTo: %s\r\n", s.from, s.tag(c.index), to)
	return fmt.Appendf(b, "Call-ID: %s\r\nCSeq: %d %s\r\nUser-Agent: rms-load\r\n", s.callID(c.index), cseq, method)
}

func withBody(b, sdp []byte) []byte {
	if len(sdp) == 0 {
		return append(b, "Content-Length: 0\r\n\r\n"...)
	}
	b = fmt.Appendf(b, "Content-Type: application/sdp\r\nContent-Length: %d\r\n\r\n", len(sdp))
	return append(b, sdp...)
}

// beside writes CANCEL or the ACK of a failure: same branch, target and CSeq
// number as the INVITE (RFC 3261 sections 9.1 and 17.1.1.3).
func (s *script) beside(method string, c *call, to string) []byte {
	kept := c.serial
	c.serial = 1
	b := s.head(nil, method, s.target.text, c, 1, to)
	c.serial = kept
	return withBody(b, nil)
}

// within writes a request inside the dialog along its route set (section 12.2.1.1).
func (s *script) within(method string, c *call, cseq int, sdp []byte) []byte {
	c.serial++
	target, routes := c.remote.text, c.routes
	if len(routes) > 0 {
		if first, err := addressURI(routes[0]); err == nil && !first.loose {
			target = first.text
			routes = append(append([]string(nil), routes[1:]...), "<"+c.remote.text+">")
		}
	}
	b := s.head(nil, method, target, c, cseq, c.to)
	for _, r := range routes {
		b = append(append(append(b, "Route: "...), r...), "\r\n"...)
	}
	return withBody(b, sdp)
}

// reply answers a request of the far end.
func (s *script) reply(m *message, code int, reason string, to string, sdp []byte) []byte {
	b := fmt.Appendf(nil, "SIP/2.0 %d %s\r\n", code, reason)
	for _, via := range m.vias {
		b = append(append(append(b, "Via: "...), via...), "\r\n"...)
	}
	for _, route := range m.routes {
		b = append(append(append(b, "Record-Route: "...), route...), "\r\n"...)
	}
	b = fmt.Appendf(b, "From: %s\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %s\r\n", m.from, to, m.callID, m.cseq)
	b = fmt.Appendf(b, "Contact: %s\r\nAllow: %s\r\nUser-Agent: rms-load\r\n", s.contact, allowed)
	return withBody(b, sdp)
}
