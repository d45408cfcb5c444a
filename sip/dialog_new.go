package sip

// invite makes the dialog of a new INVITE and shows it to the Handler.
func (w *worker) invite(came *draft, f flow, key txKey) {
	u := w.u
	if u.h == nil {
		u.refuse(came, f, Refuse(501, ""))
		return
	}
	if u.closing.Load() {
		u.refuse(came, f, Refuse(503, "", Header{"Retry-After", retryAfter("draining")}))
		return
	}
	m := u.read(came)
	if no := u.tooBrief(m); no != nil {
		u.refuse(came, f, no)
		return
	}
	g := w.group(came.callID())
	d := &Dialog{
		u: u, w: w, g: g, callID: g.id, localTag: newTag(), remoteTag: m.fromTag(),
		remoteValue: m.value("From"), target: m.contact(), remoteSeq: m.cseq(), heard: true, flow: f,
	}
	d.routes = elements(m.all("Record-Route"))
	d.remoteSDP = m.sdp()
	d.canUpdate = m.lists("Allow", "UPDATE")
	if d.target == "" {
		d.target = m.address("From").URI
	}
	r := &Request{u: u, w: w, m: m, flow: f, d: d}
	d.invite = r
	r.tx = w.newServerTx(came, f, key)
	r.tx.req, r.tx.group = r, g
	r.tx.callID, r.tx.fromTag = g.id, d.remoteTag
	g.invites = append(g.invites, r.tx)
	g.dialogs = append(g.dialogs, d)
	d.begin()
	d.halfOpen = true
	u.count.halfOpen.Add(1)
	r.tx.reply(100, u.render(m, f, answer{code: 100}))
	d.waitForAnswer(m.value("Expires"))
	w.later(func() { d.show(u.h) }, d.abort)
}

// show gives the dialog its Owner.
func (d *Dialog) show(h Handler) {
	owner := h.Invite(d)
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	d.owner = owner
	if owner == nil && !d.told {
		d.refuseInvite(answer{code: 503, headers: []Header{{"Retry-After", "5"}}}, Cause{By: ByUs, Code: 503})
	}
}

// begin counts the dialog and its use of a connection.
func (d *Dialog) begin() {
	d.u.count.calls.Add(1)
	d.hold()
}

// hold keeps the connection that the dialog is on from being idle.
func (d *Dialog) hold() {
	if d.held == d.flow.conn {
		return
	}
	d.letGo()
	if d.held = d.flow.conn; d.held != nil {
		d.held.uses.Add(1)
	}
}

func (d *Dialog) letGo() {
	if d.held != nil {
		d.held.uses.Add(-1)
		d.held = nil
	}
}
