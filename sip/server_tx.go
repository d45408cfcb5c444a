package sip

import (
	"hash/maphash"
	"net/netip"
	"strconv"
	"strings"
	"time"
)

// maxAnswered bounds the answered transactions that one worker keeps for
// retransmissions. In a flood the oldest are forgotten before their time.
const maxAnswered = 16384

// txKey identifies a server transaction. It is a hash with secret seeds, so that
// a finished transaction costs no copy of its branch and Call-ID.
type txKey [2]uint64

// txState is one of RFC 3261 section 17.2 and RFC 6026.
type txState uint8

const (
	txProceeding txState = iota
	txCompleted          // refused, or a final answer to another method
	txConfirmed          // refused and ACKed
	txAccepted           // 2xx to an INVITE
	txTerminated
)

// serverTx answers one request and its retransmissions. Once answered it holds
// the bytes of the response and nothing of the request.
type serverTx struct {
	w        *worker
	key      txKey
	state    txState
	invite   bool
	cseq     uint32
	flow     flow
	on       *tcpConn // that the request came on, until it is answered
	to       netip.AddrPort
	callID   string
	last     []byte // the response to repeat
	req      *Request
	group    *group // of an INVITE that began a dialog
	fromTag  string
	interval time.Duration
	again    *timer // G
	end      *timer // H, I, J, L
}

// keyOf is the key by which a request, or the CANCEL or ACK of an INVITE, finds
// its transaction: RFC 3261 section 17.2.3, with the transport and the source, so
// that equal branches from elsewhere stay apart.
func (u *UA) keyOf(m *draft, f flow, method string) txKey {
	var k txKey
	for i := range k {
		var h maphash.Hash
		h.SetSeed(u.seeds[i])
		ip := f.remote.Addr().As16()
		_, _ = h.Write(ip[:])
		for _, s := range m.keyParts(method) {
			_, _ = h.WriteString(s)
			_ = h.WriteByte(0)
		}
		_, _ = h.WriteString(f.transport())
		k[i] = h.Sum64()
	}
	return k
}

func (m *draft) keyParts(method string) [6]string {
	if m.via.modern() {
		return [6]string{
			method, m.via.branch, strings.ToLower(m.via.host), strconv.Itoa(m.via.port), m.callID(), cookie,
		}
	}
	top, _, _, _ := cutList(m.value("Via"))
	return [6]string{method, top, m.uri, m.callID(), m.from.Tag, strconv.FormatUint(uint64(m.cseq), 10)}
}

// newServerTx starts a transaction for a request that has none.
func (w *worker) newServerTx(m *draft, f flow, key txKey) *serverTx {
	t := &serverTx{
		w: w, key: key, invite: m.method == "INVITE", flow: f, to: replyTo(m.via, f),
		callID: strings.Clone(m.callID()), cseq: m.cseq, fromTag: strings.Clone(m.from.Tag),
	}
	if t.on = f.conn; t.on != nil {
		t.on.unanswered.Add(1)
	}
	w.server[key] = t
	return t
}

// answered tells the connection of the request that it has its final answer, or
// that none will come.
func (t *serverTx) answered() {
	if t.on != nil {
		t.on.unanswered.Add(-1)
		t.on = nil
	}
}

// reply sends a response and moves the transaction on.
func (t *serverTx) reply(code int, b []byte) {
	if t.state != txProceeding {
		return
	}
	t.last = b
	t.send()
	if code < 200 {
		return
	}
	t.req = nil
	t.answered()
	o := &t.w.u.o
	switch {
	case t.invite && code < 300:
		t.state = txAccepted
		t.endIn(64 * o.T1)
	case t.invite:
		t.state = txCompleted
		t.endIn(64 * o.T1)
		if !t.flow.reliable() {
			t.interval = o.T1
			t.again = t.w.in(t.interval, t.repeatFinal)
		}
	case t.flow.reliable():
		t.terminate()
	default:
		t.state = txCompleted
		t.endIn(64 * o.T1)
		t.w.forgetOld(t)
	}
}

func (t *serverTx) send() {
	_ = t.w.u.send(t.flow, t.to, t.last, t.callID, nil) // a lost answer is asked for again
}

// repeatFinal sends a refusal of an INVITE again until its ACK, timer G.
func (t *serverTx) repeatFinal() {
	t.w.u.count.retransmitted.Add(1)
	t.send()
	t.interval = min(2*t.interval, t.w.u.o.T2)
	t.again = t.w.in(t.interval, t.repeatFinal)
}

// repeated handles a retransmitted request: it gets the last answer again, on the
// way it came.
func (t *serverTx) repeated(m *draft, f flow) {
	if t.last == nil || t.state == txConfirmed {
		return
	}
	t.flow, t.to = f, replyTo(m.via, f)
	t.w.u.count.retransmitted.Add(1)
	t.send()
}

// acked ends the retransmission of a refusal.
func (t *serverTx) acked() {
	if t.state != txCompleted {
		return
	}
	t.state = txConfirmed
	t.w.stop(t.again)
	t.w.stop(t.end)
	if t.flow.reliable() {
		t.terminate()
		return
	}
	t.endIn(t.w.u.o.T4)
}

func (t *serverTx) endIn(d time.Duration) { t.end = t.w.in(d, t.terminate) }

func (t *serverTx) terminate() {
	t.state = txTerminated
	t.answered()
	t.w.stop(t.again)
	t.w.stop(t.end)
	t.last, t.req = nil, nil
	if t.w.server[t.key] == t {
		delete(t.w.server, t.key)
	}
	if t.group != nil {
		t.group.invites = without(t.group.invites, t)
		t.group.tidy()
		t.group = nil
	}
}

// forgetOld keeps answered transactions within maxAnswered.
func (w *worker) forgetOld(t *serverTx) {
	w.done = append(w.done, t)
	for len(w.done) > 0 && (w.done[0].state == txTerminated || len(w.done) > maxAnswered) {
		old := w.done[0]
		w.done[0] = nil
		w.done = w.done[1:]
		if old.state == txCompleted {
			old.terminate()
		}
	}
}
