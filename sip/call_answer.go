package sip

// inviteAnswered is every response to our INVITE that its transaction lets
// through.
func (d *Dialog) inviteAnswered(r *Response) {
	c, code := d.out, r.Code()
	switch {
	case code < 200:
		d.provisional(r)
	case code < 300:
		d.success(r)
	case d.State() >= StateConfirmed || d.told:
	case d.retry(r):
	default:
		d.w.stop(c.cancelTimer)
		cause := Cause{By: ByCaller, Code: code, Text: r.Reason(), Reason: r.m.reason()}
		switch {
		case c.cancelled:
			cause = c.cause
		case r.local && code == 408:
			cause.By = ByTimeout
		case r.local:
			cause.By = ByError
		}
		d.grow(StateEnding)
		d.tell(r)
		d.close(cause)
		d.leave()
	}
}

// tell gives one response to the Owner.
func (d *Dialog) tell(r *Response) {
	if owner := d.owner; owner != nil && !d.told {
		d.w.later(func() { owner.Response(r) }, d.abort)
	}
}

func (d *Dialog) provisional(r *Response) {
	c := d.out
	c.heard = true
	if c.cancelled {
		d.sendCancel()
		return
	}
	if r.Code() == 100 || d.State() > StateEarly {
		return
	}
	if r.m.toTag() != "" { // of several branches the last one to speak
		d.remoteTag, d.remoteValue = r.m.toTag(), r.m.value("To")
		d.learn(r.m)
		d.grow(StateEarly)
	}
	d.tell(r)
}

// learn takes target and route set from a response that makes a dialog, RFC 3261
// section 12.1.2.
func (d *Dialog) learn(m *message) {
	if target := m.contact(); target != "" {
		d.target = target
	}
	rr := elements(m.all("Record-Route"))
	d.routes = make([]string, 0, len(rr))
	for i := len(rr) - 1; i >= 0; i-- {
		d.routes = append(d.routes, rr[i])
	}
	if m.value("Allow") != "" {
		d.canUpdate = m.lists("Allow", "UPDATE")
	}
	if s := m.sdp(); len(s) > 0 {
		d.remoteSDP = s
	}
}

// success handles a 2xx: the first one makes the call, its repetitions are ACKed
// again, those of other branches of a fork are ACKed and hung up.
func (d *Dialog) success(r *Response) {
	c := d.out
	switch {
	case d.State() >= StateConfirmed && r.m.toTag() == d.remoteTag:
		d.reAck(c.inviteSeq)
		return
	case d.State() >= StateConfirmed || d.told:
		d.hangUpFork(r)
		return
	}
	d.w.stop(d.ring)
	d.w.stop(c.cancelTimer)
	d.remoteTag, d.remoteValue = r.m.toTag(), r.m.value("To")
	d.learn(r.m)
	d.grow(StateConfirmed)
	if c.cancelled {
		d.sendAck(c.inviteSeq, nil)
		d.sendBye(c.reason, c.cause)
		return
	}
	if len(c.o.SDP) == 0 && len(r.m.sdp()) > 0 {
		c.waitingAck = true
	} else {
		d.sendAck(c.inviteSeq, nil)
	}
	d.session.confirm(d, r.m)
	d.tell(r)
}

// hangUpFork ends a branch that answered after another one did.
func (d *Dialog) hangUpFork(r *Response) {
	fork := &Dialog{
		u: d.u, w: d.w, g: d.g, client: true, callID: d.callID, localTag: d.localTag,
		remoteTag: r.m.toTag(), localValue: d.localValue, remoteValue: r.m.value("To"),
		localSeq: d.out.inviteSeq, flow: r.flow, target: d.target, told: true, out: &dialling{auth: d.out.auth}, check: d.check,
	}
	for _, other := range d.g.dialogs {
		if other.remoteTag == fork.remoteTag && other.localTag == fork.localTag {
			other.reAck(d.out.inviteSeq)
			return
		}
	}
	fork.learn(r.m)
	fork.grow(StateConfirmed)
	d.g.dialogs = append(d.g.dialogs, fork)
	fork.sendAck(d.out.inviteSeq, nil)
	fork.sendBye(reasonHeader(200, "Answered elsewhere"), Cause{})
}

// retry sends the INVITE again after a challenge or a session interval that was
// too small. It is false when there is nothing to try.
func (d *Dialog) retry(r *Response) bool {
	c := d.out
	if c.cancelled || r.local {
		return false
	}
	if r.Code() == 422 && c.brief < 2 && r.m.minSE() > 0 {
		c.brief++
		d.session.interval = max(d.session.interval, r.m.minSE())
		d.session.ours = true
		again := d.anew()
		again.headers = append(again.headers, c.o.Headers...)
		d.dial(again)
		return true
	}
	h := c.auth.respond(c.request, r)
	if h == nil {
		return false
	}
	tried := c.request.tried + 1
	again := d.anew()
	again.tried = tried
	again.headers = append(append(again.headers, c.o.Headers...), h...)
	d.dial(again)
	return true
}

// anew begins another try of the first INVITE, without what provisional responses
// to the last one said.
func (d *Dialog) anew() *outgoingRequest {
	d.target, d.routes, d.remoteValue, d.remoteTag = d.out.target, d.out.routes, d.out.to, ""
	return d.newRequest("INVITE")
}
