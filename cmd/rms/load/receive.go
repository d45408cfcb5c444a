package load

import (
	"net/netip"
	"slices"
	"time"
)

// take handles one message from the network.
func (a *agent) take(raw []byte, from netip.AddrPort, at int64) {
	m, err := parseMessage(raw)
	if err != nil {
		return
	}
	now := time.Now().UnixNano()
	if at == 0 {
		at = now
	}
	index := a.index(m.callID)
	var c *call
	if index >= 0 && index < a.placed {
		c = a.calls[index]
	}
	switch {
	case m.code == 0:
		a.request(c, &m, from, now)
	case c == nil:
	case m.method == "INVITE":
		a.inviteAnswer(c, &m, from, at, now)
	case m.method == "BYE" && m.code >= 200 && c.phase == phaseClosing:
		a.finish(c)
	case m.method == "CANCEL" && m.code >= 200 && c.phase == phaseCancelling:
		c.interval = 0 // the INVITE's own final answer follows
	}
}

func (a *agent) inviteAnswer(c *call, m *message, from netip.AddrPort, at, now int64) {
	switch {
	case m.code < 200:
		a.provisional(c, m, now)
	case m.code < 300:
		a.answered(c, m, from, at, now)
	default:
		_ = a.net.send(a.firstHop, a.beside("ACK", c, m.to))
		if c.phase == phaseInviting || c.phase == phaseRinging || c.phase == phaseCancelling {
			a.fail(c, m.code)
		}
	}
}

func (a *agent) provisional(c *call, m *message, now int64) {
	if c.phase != phaseInviting {
		return
	}
	c.phase = phaseRinging
	c.settle()
	c.giveUpAt = c.sentAt + int64(a.Patience)
	if c.wanted {
		a.cancel(c, now)
	}
}

// answered takes a 2xx: the first makes the dialog, a repeated one gets the same
// ACK, one of another branch of a fork is acknowledged and hung up.
func (a *agent) answered(c *call, m *message, from netip.AddrPort, at, now int64) {
	if c.phase == phaseUp || c.phase == phaseClosing {
		if tagOf(m.to) == tagOf(c.to) {
			a.reanswered++
			_ = a.net.send(c.hop, c.ack)
			return
		}
		a.refuseFork(c, m, from)
		return
	}
	if c.phase == phaseNew || c.phase == phaseDone {
		return
	}
	cancelled := c.phase == phaseCancelling || c.wanted
	a.enterDialog(c, m, from)
	c.settle()
	c.invited = nil
	c.phase, c.code = phaseUp, m.code
	a.up++
	a.codes[m.code]++
	a.setup.add(at - c.sentAt)
	c.ack = a.within("ACK", c, 1, nil)
	_ = a.net.send(c.hop, c.ack)
	a.startMedia(c, m, at)
	if cancelled {
		a.hangUp(c, now)
	}
}

// enterDialog learns remote target, To tag and route set (RFC 3261 section 12.1.2).
func (a *agent) enterDialog(c *call, m *message, from netip.AddrPort) {
	c.to = m.to
	c.routes = slices.Clone(m.routes)
	slices.Reverse(c.routes)
	remote, err := addressURI(m.contact)
	if err != nil {
		remote = a.target
	}
	c.remote = remote
	c.hop = from
	hop := remote
	if len(c.routes) > 0 {
		if hop, err = addressURI(c.routes[0]); err != nil {
			return
		}
	}
	if err == nil {
		if found, lookup := a.resolve(hop.hostPort()); lookup == nil {
			c.hop = found
		}
	}
}

func (a *agent) refuseFork(c *call, m *message, from netip.AddrPort) {
	other := &call{index: c.index, serial: c.serial + 100, cseq: c.cseq + 100}
	a.enterDialog(other, m, from)
	_ = a.net.send(other.hop, a.within("ACK", other, 1, nil))
	_ = a.net.send(other.hop, a.within("BYE", other, 2, nil))
}

func (a *agent) startMedia(c *call, m *message, at int64) {
	sdp, err := parseAnswer(m.body)
	if err != nil {
		a.noMedia++
		return
	}
	s := &stream{index: c.index, fd: c.fd, port: c.port, codec: a.codec, began: at}
	s.ptime = either(sdp.ptime, a.Ptime)
	if s.ptime%(5*time.Millisecond) != 0 || s.ptime > 60*time.Millisecond || s.ptime < 10*time.Millisecond {
		s.ptime = a.Ptime
	}
	s.allow(a.codec.pt)
	s.remote.Store(newSockaddr(sdp.remote))
	c.stream = s
	a.media.start(s)
}

// request answers what the far end asks of us.
func (a *agent) request(c *call, m *message, from netip.AddrPort, now int64) {
	if m.method == "ACK" {
		if c != nil && c.phase == phaseUp {
			c.settle()
		}
		return
	}
	if c == nil || c.phase < phaseUp || (tagOf(m.to) != "" && tagOf(m.to) != a.tag(c.index)) {
		a.stranger(m, from)
		return
	}
	switch m.method {
	case "BYE":
		a.answer(m, from, 200, "OK", nil)
		if c.phase == phaseUp {
			c.byPeer = true
			a.byPeer++
			a.silence(c, now)
			a.finish(c)
		} else if c.phase == phaseClosing {
			a.finish(c) // both hung up at once
		}
	case "INVITE", "UPDATE":
		a.reoffer(c, m, from, now)
	case "OPTIONS", "INFO", "NOTIFY", "CANCEL":
		a.answer(m, from, 200, "OK", nil)
	default:
		a.answer(m, from, 405, "Method Not Allowed", nil)
	}
}

func (a *agent) stranger(m *message, from netip.AddrPort) {
	switch {
	case m.method == "OPTIONS":
		a.answer(m, from, 200, "OK", nil)
	case m.method == "INVITE" && tagOf(m.to) == "":
		a.answer(m, from, 480, "Temporarily Unavailable", nil)
	default:
		a.answer(m, from, 481, "Call/Transaction Does Not Exist", nil)
	}
}

func (a *agent) answer(m *message, to netip.AddrPort, code int, reason string, sdp []byte) []byte {
	value := m.to
	if tagOf(value) == "" {
		value += ";tag=" + a.run
	}
	msg := a.reply(m, code, reason, value, sdp)
	_ = a.net.send(to, msg)
	return msg
}

// reoffer answers a re-INVITE or UPDATE and follows a new media address.
func (a *agent) reoffer(c *call, m *message, from netip.AddrPort, now int64) {
	if c.phase != phaseUp {
		a.answer(m, from, 481, "Call/Transaction Does Not Exist", nil)
		return
	}
	sdp, err := parseAnswer(m.body)
	if err == nil && c.stream != nil {
		c.stream.remote.Store(newSockaddr(sdp.remote))
	}
	if remote, err := addressURI(m.contact); err == nil {
		c.remote = remote
	}
	var body []byte
	if len(m.body) > 0 || m.method == "INVITE" {
		body = a.offer(c.index, a.local.Addr(), c.port, a.rtcpPort, either(sdp.reply, "sendrecv"))
	}
	msg := a.answer(m, from, 200, "OK", body)
	if m.method == "INVITE" {
		c.pend(msg, from, now, a.firstInterval(), timerB)
	}
}
