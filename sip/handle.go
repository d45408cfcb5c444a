package sip

// handle is the worker's part, with its lock held.
func (u *UA) handle(w *worker, e event) {
	m := parse(e.text)
	if m == nil {
		u.malformed(e.flow.remote.Addr())
		return
	}
	if u.tracing.Load() {
		u.trace(false, e.flow, e.flow.remote, m.callID(), e.text)
	}
	no := m.check()
	if m.method == "" {
		if no != nil {
			u.malformed(e.flow.remote.Addr())
			return
		}
		w.response(m, e.flow)
		return
	}
	if no != nil {
		u.refuse(m, e.flow, no)
		return
	}
	w.request(m, e.flow)
}

// request finds what a valid request is for.
func (w *worker) request(m *draft, f flow) {
	switch m.method {
	case "ACK":
		w.ack(m, f)
		return
	case "CANCEL":
		w.cancel(m, f)
		return
	}
	key := w.u.keyOf(m, f, m.method)
	if t := w.server[key]; t != nil {
		t.repeated(m, f)
		return
	}
	g := w.groups[m.callID()]
	switch {
	case m.to.Tag != "":
		if d := g.dialog(m.to.Tag, m.from.Tag); d != nil {
			d.request(m, f, key)
			return
		}
		w.outside(m, f, key)
	case m.method != "INVITE":
		w.outside(m, f, key)
	case g.merged(m):
		w.u.refuse(m, f, Refuse(482, "Merged request"))
	default:
		w.invite(m, f, key)
	}
}

// merged tells whether the INVITE came already on another way, RFC 3261 section
// 8.2.2.2.
func (g *group) merged(m *draft) bool {
	if g == nil {
		return false
	}
	for _, t := range g.invites {
		if t.fromTag == m.from.Tag && t.cseq == m.cseq {
			return true
		}
	}
	return false
}

// ack goes to the refusal that it confirms, or to the dialog of a 2xx.
func (w *worker) ack(m *draft, f flow) {
	if t := w.server[w.u.keyOf(m, f, "INVITE")]; t != nil && t.state != txAccepted {
		t.acked()
		return
	}
	if d := w.groups[m.callID()].dialog(m.to.Tag, m.from.Tag); d != nil {
		d.acked(m)
	}
}

// cancel answers a CANCEL: 200 while the transaction of its INVITE lives.
func (w *worker) cancel(m *draft, f flow) {
	key := w.u.keyOf(m, f, "CANCEL")
	if t := w.server[key]; t != nil {
		t.repeated(m, f)
		return
	}
	invite := w.server[w.u.keyOf(m, f, "INVITE")]
	if invite == nil {
		w.u.refuse(m, f, Refuse(481, ""))
		return
	}
	t := w.newServerTx(m, f, key)
	tag := ""
	if invite.req != nil && invite.req.d != nil {
		tag = invite.req.d.localTag
	}
	if tag == "" {
		tag = w.u.tagFor(m)
	}
	t.reply(200, w.u.render(m, f, answer{code: 200, toTag: tag}))
	if invite.state == txProceeding && invite.req != nil {
		invite.req.cancelled(w.u.read(m), f)
	}
}

// outside hands a request that is of no dialog to the Handler.
func (w *worker) outside(m *draft, f flow, key txKey) {
	r := &Request{u: w.u, w: w, m: w.u.read(m), flow: f}
	r.tx = w.newServerTx(m, f, key)
	r.tx.req = r
	r.timer = w.in(64*w.u.o.T1, r.defaultLocked)
	w.later(func() {
		if w.u.h != nil {
			w.u.h.Request(r)
		}
		if !r.isHeld() {
			r.Default()
		}
	}, r.fail)
}
