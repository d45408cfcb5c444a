package sip

import (
	"net/netip"
	"time"
)

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
	m        *message // the request as it left
	b        []byte   // and its text
	state    txState
	heard    bool   // a provisional response came
	fallback bool   // a large request tries TCP first
	finalTo  string // To of the refusal that we ACKed
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
	if t.state == txTerminated {
		return
	}
	t.state = txTerminated
	t.w.stop(t.again)
	t.w.stop(t.end)
	t.m, t.b = nil, nil
	t.g.clients = without(t.g.clients, t)
	t.g.tidy()
}
