package load

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"time"
)

// RFC 3261 section 17.1.1.1.
const (
	timerT1 = int64(500 * time.Millisecond)
	timerT2 = int64(4 * time.Second)
	timerB  = 64 * timerT1
)

// transport carries SIP messages. All its methods are called by one goroutine.
type transport interface {
	// send gives a message to the network; reliable transports may dial first.
	send(to netip.AddrPort, msg []byte) error
	// poll hands over what has arrived, with its arrival in ns of the wall clock.
	poll(take func(msg []byte, from netip.AddrPort, at int64))
	local() netip.AddrPort
	reliable() bool
	close()
}

// mediaEnd opens and starts the RTP of a call.
type mediaEnd interface {
	open() (fd, port int, err error)
	discard(fd int)
	start(s *stream)
}

// agent is the signalling of all calls: one loop, no lock, no goroutine.
type agent struct {
	script
	net      transport
	media    mediaEnd
	rtcpPort int
	calls    []*call
	firstHop netip.AddrPort
	resolved map[string]netip.AddrPort
	lookup   func(hostPort string) (netip.AddrPort, error)

	up, done, placed int
	repeated         int // requests sent again: the network or the server is slow
	reanswered       int // 200s that came again: our ACK was lost or late
	codes            map[int]int
	byPeer           int
	unanswered       int // BYEs without an answer
	noMedia          int // answered without usable SDP
	mediaError       error
	setup            histogram
}

func newAgent(ctx context.Context, p plan, run string, t transport, m mediaEnd, first netip.AddrPort, rtcpPort int) *agent {
	return &agent{
		script: newScript(p, run, t.local()), net: t, media: m, firstHop: first, rtcpPort: rtcpPort,
		calls: make([]*call, p.Calls), resolved: map[string]netip.AddrPort{}, codes: map[int]int{},
		lookup: func(hostPort string) (netip.AddrPort, error) { return resolve(ctx, hostPort, t.local().Addr().Is6()) },
	}
}

// place sends the INVITE of the next call.
func (a *agent) place() {
	c := &call{index: a.placed, fd: -1}
	a.calls[a.placed] = c
	a.placed++
	fd, port, err := a.media.open()
	if err != nil {
		a.mediaError = err
		a.fail(c, 0)
		return
	}
	c.fd, c.port = fd, port
	c.invited = a.invite(c, a.offer(c.index, a.local.Addr(), port, a.rtcpPort, "sendrecv"))
	now := time.Now().UnixNano() // opening the socket is not part of the set-up
	c.phase, c.sentAt = phaseInviting, now
	c.pend(c.invited, a.firstHop, now, a.firstInterval(), min(int64(a.Patience), timerB))
	if err = a.net.send(a.firstHop, c.invited); err != nil {
		a.mediaError = err
		a.fail(c, 0)
	}
}

func (a *agent) firstInterval() int64 {
	if a.net.reliable() {
		return 0
	}
	return timerT1
}

// fail ends a call that was never up: code is its final answer, 0 for none.
func (a *agent) fail(c *call, code int) {
	c.code = code
	a.codes[code]++
	a.finish(c)
}

func (a *agent) finish(c *call) {
	if c.phase == phaseDone {
		return
	}
	if c.stream == nil && c.fd >= 0 {
		a.media.discard(c.fd)
	}
	c.fd = -1
	c.settle()
	c.phase = phaseDone
	c.invited, c.ack = nil, nil
	a.done++
}

// step takes what the network brought and, when due, repeats and gives up.
func (a *agent) step(now int64, timers bool) {
	a.net.poll(a.take)
	if !timers {
		return
	}
	for _, c := range a.calls[:a.placed] {
		if c.phase != phaseDone {
			a.timer(c, now)
		}
	}
}

func (a *agent) timer(c *call, now int64) {
	if c.giveUpAt != 0 && now >= c.giveUpAt {
		a.giveUp(c, now)
		return
	}
	if c.interval != 0 && now >= c.repeatAt {
		_ = a.net.send(c.toHop, c.pending)
		a.repeated++
		c.interval *= 2
		if c.phase != phaseInviting {
			c.interval = min(c.interval, timerT2)
		}
		c.repeatAt = now + c.interval
	}
}

func (a *agent) giveUp(c *call, now int64) {
	switch c.phase {
	case phaseInviting:
		a.fail(c, 408)
	case phaseRinging:
		a.cancel(c, now)
	case phaseCancelling:
		a.fail(c, 408)
	case phaseClosing:
		a.unanswered++
		a.finish(c)
	case phaseUp:
		c.settle() // a 200 to a re-INVITE that was never acknowledged
	}
}

// cancel gives up a call that is not answered yet. Before a provisional answer
// it only notes the wish (RFC 3261 section 9.1).
func (a *agent) cancel(c *call, now int64) {
	if c.phase == phaseInviting {
		c.wanted = true
		return
	}
	msg := a.beside("CANCEL", c, "<"+a.target.text+">")
	c.phase = phaseCancelling
	c.pend(msg, a.firstHop, now, a.firstInterval(), timerB/8)
	_ = a.net.send(a.firstHop, msg)
}

// hangUp ends a call in the way its phase wants.
func (a *agent) hangUp(c *call, now int64) {
	switch c.phase {
	case phaseInviting, phaseRinging:
		a.cancel(c, now)
	case phaseUp:
		c.cseq++
		msg := a.within("BYE", c, c.cseq, nil)
		c.phase = phaseClosing
		a.silence(c, now)
		c.pend(msg, c.hop, now, a.firstInterval(), timerB)
		_ = a.net.send(c.hop, msg)
	}
}

func (a *agent) silence(c *call, now int64) {
	a.up--
	if c.stream != nil {
		c.stream.stopped.Store(now)
	}
}

// resolve finds the address of a host:port; the answer is kept.
func (a *agent) resolve(hostPort string) (netip.AddrPort, error) {
	if known, ok := a.resolved[hostPort]; ok {
		return known, nil
	}
	found, err := a.lookup(hostPort)
	if err == nil {
		a.resolved[hostPort] = found
	}
	return found, err
}

func resolve(ctx context.Context, hostPort string, want6 bool) (netip.AddrPort, error) {
	if literal, err := netip.ParseAddrPort(hostPort); err == nil {
		return netip.AddrPortFrom(literal.Addr().Unmap(), literal.Port()), nil
	}
	host, digits, err := net.SplitHostPort(hostPort)
	if err != nil {
		return netip.AddrPort{}, err
	}
	port, err := strconv.ParseUint(digits, 10, 16)
	if err != nil {
		return netip.AddrPort{}, err
	}
	found, err := net.DefaultResolver.LookupNetIP(ctx, "ip", host)
	if err != nil {
		return netip.AddrPort{}, err
	}
	best := found[0].Unmap()
	for _, ip := range found {
		if ip.Unmap().Is6() == want6 {
			best = ip.Unmap()
			break
		}
	}
	return netip.AddrPortFrom(best, uint16(port)), nil
}
