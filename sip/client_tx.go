package sip

import (
	"errors"
	"net/netip"
	"time"
)

// errTransport is for sips: URIs and transports that we do not have.
var errTransport = errors.New("transport not supported: want udp or tcp")

// clientTx is a request of ours that waits for its answer, RFC 3261 section 17.1.
type clientTx struct {
	w        *worker
	g        *group
	dialog   *Dialog
	branch   string
	method   string
	out      *outgoingRequest
	prefer   flow
	flow     flow
	to       netip.AddrPort
	b        []byte
	state    txState
	heard    bool // a provisional response came
	fallback bool // a large request tries TCP first
	final    *message
	interval time.Duration
	again    *timer // A, E
	end      *timer // B, D, F, M
	on       func(*Response)
	sent     func() // called when the flow is known
}

// start sends a request and gives on its final answer, or one of our own making;
// for INVITE also each provisional one and each 2xx. on runs with the lock held,
// never before start returns.
func (w *worker) start(d *Dialog, out *outgoingRequest, prefer flow, on func(*Response)) *clientTx {
	t := &clientTx{
		w: w, g: w.group(out.callID), dialog: d, branch: cookie + newTag(), method: out.method,
		out: out, prefer: prefer, on: on,
	}
	t.g.clients = append(t.g.clients, t)
	t.route()
	return t
}

// route finds the address of the first hop.
func (t *clientTx) route() {
	u, hop := t.w.u, t.out.hop
	if t.out.hopErr != nil {
		t.failSoon(503, "No way to send: "+t.out.hopErr.Error())
		return
	}
	transport := hop.transport()
	if transport != "" && transport != "udp" && transport != "tcp" || sameName(hop.scheme, "sips") {
		t.failSoon(503, errTransport.Error())
		return
	}
	host, port := hop.host, hop.port
	if maddr, ok := hop.params.get("maddr"); ok {
		host = maddr
	}
	if ip, err := netip.ParseAddr(host); err == nil {
		if port == 0 {
			port = 5060
		}
		t.connect(netip.AddrPortFrom(ip.Unmap(), uint16(port)), transport)
		return
	}
	u.resolve(host, port, transport, func(to netip.AddrPort, err error) {
		t.w.guard(func() {
			switch {
			case t.state == txTerminated:
			case err != nil:
				t.fail(503, "Name not found")
			default:
				t.connect(to, transport)
			}
		})
	})
}

// connect chooses the socket or connection. A request over 1300 bytes leaves by
// TCP when nobody asked for UDP and a connection can be made, RFC 3261 18.1.1.
func (t *clientTx) connect(to netip.AddrPort, transport string) {
	u := t.w.u
	t.to = to
	direct := len(t.out.routes) == 0
	if c := t.prefer.conn; c != nil && !direct && c.remote.Addr() != to.Addr() {
		t.prefer.conn = nil // the peer of that connection is not on the way
	}
	if transport == "tcp" || transport == "" && direct && t.prefer.conn != nil && !t.prefer.conn.isClosed() {
		t.over("tcp")
		return
	}
	t.over("udp")
	if transport == "" && len(t.b) > 1300 && t.state == txProceeding && u.mayTCP(to) {
		t.fallback = true
		t.over("tcp")
	}
}

// largest is the size of a request that goes by UDP without a question, in bytes.
const largest = 1300

// over renders the request for a transport and sends it, unless it is UDP and too
// large for it at first.
func (t *clientTx) over(transport string) {
	u := t.w.u
	f, err := u.flowTo(t.to, transport, t.prefer)
	if err != nil {
		t.failSoon(503, err.Error())
		return
	}
	t.flow = f
	t.b = t.out.render(u, f, t.branch)
	if transport == "udp" && len(t.b) > largest && t.out.hop.transport() == "" && u.mayTCP(t.to) && !t.fallback {
		return
	}
	if t.sent != nil {
		t.sent()
	}
	t.transmit()
	if t.method == "ACK" {
		return
	}
	t.w.stop(t.end)
	t.end = t.w.in(64*u.o.T1, func() { t.fail(408, "No answer") })
	if !f.reliable() {
		t.interval = u.o.T1
		t.again = t.w.in(t.interval, t.repeat)
	}
}

func (t *clientTx) transmit() {
	err := t.w.u.send(t.flow, t.to, t.b, t.out.callID, func(err error) {
		t.w.guard(func() { t.broken(err) })
	})
	if err != nil && t.flow.reliable() {
		t.w.in(0, func() { t.broken(err) })
	}
}

// broken handles a connection that could not deliver the request.
func (t *clientTx) broken(err error) {
	if t.state != txProceeding || t.heard {
		return
	}
	if t.fallback {
		t.w.u.noTCP(t.to)
		t.over("udp")
		return
	}
	if t.prefer.conn != nil && t.flow.conn == t.prefer.conn { // it was closed under us
		t.prefer = flow{}
		t.over("tcp")
		return
	}
	t.fail(503, err.Error())
}

func (t *clientTx) repeat() {
	t.w.u.count.retransmitted.Add(1)
	t.transmit()
	t.interval *= 2
	if t.method != "INVITE" {
		t.interval = min(t.interval, t.w.u.o.T2)
	}
	t.again = t.w.in(t.interval, t.repeat)
}

// failSoon fails after start has returned.
func (t *clientTx) failSoon(code int, reason string) {
	t.w.in(0, func() { t.fail(code, reason) })
}

// fail ends a transaction that got no answer.
func (t *clientTx) fail(code int, reason string) {
	if t.state != txProceeding {
		return
	}
	t.terminate()
	t.on(localResponse(code, reason))
}

func (t *clientTx) terminate() {
	t.state = txTerminated
	t.w.stop(t.again)
	t.w.stop(t.end)
	t.b, t.final = nil, nil
	t.g.clients = without(t.g.clients, t)
	t.g.tidy()
}

// response hands a response to the transaction that it answers. Strays, such as
// retransmissions of final answers, are dropped.
func (w *worker) response(m *message, f flow) {
	_, method, _ := cutSpace(m.value("CSeq"))
	t := w.groups[m.callID()].client(m.via.branch, method)
	if t == nil {
		return
	}
	if t.method == "INVITE" {
		t.inviteResponse(m, f)
		return
	}
	if m.code < 200 { // 100 to a BYE is no error
		t.heard = true
		t.interval = w.u.o.T2
		return
	}
	if t.state == txProceeding {
		t.terminate()
		t.on(&Response{m: m, flow: f})
	}
}

func cutSpace(s string) (before, after string, ok bool) {
	for i := range len(s) {
		if isSpace(s[i]) {
			return s[:i], trim(s[i:]), true
		}
	}
	return s, "", false
}

// inviteResponse is the client INVITE machine of RFC 3261 section 17.1.1 and
// RFC 6026.
func (t *clientTx) inviteResponse(m *message, f flow) {
	switch {
	case t.state == txCompleted && m.code >= 300:
		t.sendAck(t.final)
		return
	case t.state == txAccepted && m.code/100 == 2:
		t.on(&Response{m: m, flow: f})
		return
	case t.state != txProceeding:
		return
	}
	t.heard = true
	t.w.stop(t.again)
	t.w.stop(t.end)
	switch {
	case m.code < 200:
	case m.code < 300:
		t.state = txAccepted
		t.end = t.w.in(64*t.w.u.o.T1, t.terminate)
	default:
		t.state, t.final = txCompleted, m
		t.sendAck(m)
		if t.flow.reliable() {
			t.terminate()
		} else {
			t.end = t.w.in(64*t.w.u.o.T1, t.terminate)
		}
	}
	t.on(&Response{m: m, flow: f})
}

// sendAck confirms a refusal, hop by hop.
func (t *clientTx) sendAck(m *message) {
	ack := &outgoingRequest{
		method: "ACK", uri: t.out.uri, routes: t.out.routes, from: t.out.from, to: m.value("To"),
		callID: t.out.callID, cseq: t.out.cseq,
	}
	_ = t.w.u.send(t.flow, t.to, ack.render(t.w.u, t.flow, t.branch), t.out.callID, nil) // repeated on demand
}
