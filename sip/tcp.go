package sip

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"sync"
	"time"
)

// tcpFront owns all TCP connections of a UA and keeps to their limits.
type tcpFront struct {
	u         *UA
	mu        sync.Mutex
	listeners []*net.TCPListener
	conns     map[*tcpConn]struct{}
	dialled   map[netip.AddrPort]*tcpConn
	sources   map[netip.Addr]int // accepted connections by address; 0 is removed
	closed    bool
}

func newTCPFront(u *UA) *tcpFront {
	return &tcpFront{
		u: u, conns: map[*tcpConn]struct{}{},
		dialled: map[netip.AddrPort]*tcpConn{}, sources: map[netip.Addr]int{},
	}
}

func (t *tcpFront) listen(at netip.AddrPort) (netip.AddrPort, error) {
	network := "tcp4"
	if at.Addr().Is6() {
		network = "tcp6"
	}
	l, err := net.ListenTCP(network, net.TCPAddrFromAddrPort(at))
	if err != nil {
		return netip.AddrPort{}, fmt.Errorf("listen on tcp %s: %w", at, err)
	}
	t.listeners = append(t.listeners, l)
	return addrPort(l.Addr()), nil
}

// start begins to accept on all listeners.
func (t *tcpFront) start() {
	for _, l := range t.listeners {
		t.u.wg.Go(func() { t.accept(l) })
	}
}

func (t *tcpFront) accept(l *net.TCPListener) {
	for {
		c, err := l.AcceptTCP()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err != nil { // out of descriptors, or the peer is gone already
			t.u.count.dropped.Add(1)
			t.u.pause(20 * time.Millisecond)
			continue
		}
		conn := &tcpConn{
			u: t.u, c: c, accepted: true,
			local: addrPort(c.LocalAddr()), remote: addrPort(c.RemoteAddr()),
		}
		if !t.admit(conn) {
			t.u.count.refused.Add(1)
			_ = c.Close()
			continue
		}
		t.u.wg.Go(conn.read)
	}
}

// admit registers an accepted connection. Strangers have a limit for each
// address; when all places are taken, the oldest connection that never sent a
// whole message makes room.
func (t *tcpFront) admit(c *tcpConn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	source, o := c.remote.Addr(), t.u.o
	if t.closed {
		return false
	}
	if o.ConnsPerSource > 0 && t.sources[source] >= o.ConnsPerSource && !t.u.trusted(source) {
		t.u.shed("sip.conns_per_source", source)
		return false
	}
	if o.MaxConns > 0 && len(t.conns) >= o.MaxConns {
		t.u.shed("sip.max_conns", source)
		silent := t.oldestSilent()
		if silent == nil {
			return false
		}
		t.removeLocked(silent)
		_ = silent.c.Close()
	}
	c.since = time.Now()
	t.conns[c] = struct{}{}
	t.sources[source]++
	return true
}

func (t *tcpFront) oldestSilent() *tcpConn {
	var old *tcpConn
	for c := range t.conns {
		if c.accepted && !c.spoke.Load() && (old == nil || c.since.Before(old.since)) {
			old = c
		}
	}
	return old
}

func (t *tcpFront) remove(c *tcpConn) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.removeLocked(c)
}

func (t *tcpFront) removeLocked(c *tcpConn) {
	if _, ok := t.conns[c]; !ok {
		return
	}
	delete(t.conns, c)
	if t.dialled[c.remote] == c {
		delete(t.dialled, c.remote)
	}
	if c.accepted {
		if t.sources[c.remote.Addr()]--; t.sources[c.remote.Addr()] <= 0 {
			delete(t.sources, c.remote.Addr())
		}
	}
}

// dial returns the connection to a peer, a new one when there is none. What is
// written to it waits until it is there.
func (t *tcpFront) dial(to netip.AddrPort, from netip.Addr) (*tcpConn, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if c := t.dialled[to]; c != nil && !c.isClosed() {
		return c, nil
	}
	if t.closed {
		return nil, ErrClosed
	}
	if o := t.u.o; o.MaxConns > 0 && len(t.conns) >= 2*o.MaxConns {
		return nil, errors.New("too many connections: raise sip.max_conns")
	}
	c := &tcpConn{
		u: t.u, remote: to, local: netip.AddrPortFrom(from, 0),
		since: time.Now(), writing: true,
	}
	t.conns[c] = struct{}{}
	t.dialled[to] = c
	t.u.wg.Go(c.connect)
	return c, nil
}

func (t *tcpFront) count() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.conns)
}

// close stops listening; connections stay until drop.
func (t *tcpFront) close() {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.closed = true
	for _, l := range t.listeners {
		_ = l.Close()
	}
}

func (t *tcpFront) drop() {
	t.mu.Lock()
	conns := make([]*tcpConn, 0, len(t.conns))
	for c := range t.conns {
		conns = append(conns, c)
	}
	t.mu.Unlock()
	for _, c := range conns {
		c.shut(ErrClosed)
	}
}
