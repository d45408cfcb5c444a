package rtp

import (
	crand "crypto/rand"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"strconv"
	"sync"
	"syscall"
	"time"
)

// ErrNoPort says that every port pair of the range is in use or still warm.
var ErrNoPort = errors.New("no free RTP port: widen rtp.ports or lower sip.max_calls")

// expedited is the DSCP of voice, EF, as a TOS byte (RFC 4594 section 4.1).
const expedited = 46 << 2

// cooling is how long a port rests, so that late packets of its last call do not
// reach the next one.
const cooling = 5 * time.Second

// PortsOptions says which ports a pool hands out.
type PortsOptions struct {
	Min, Max int        // the range, both included; pairs start at even ports
	Bind     netip.Addr // the address of the sockets; zero: the one that Get is asked for

	Now func() time.Time // the clock of the cooling time; nil: time.Now
}

// Ports is a pool of port pairs. The pair that rested longest goes out first, in
// an order nobody can guess, and none before it rested for 5 s.
type Ports struct {
	bind netip.Addr
	now  func() time.Time

	mu    sync.Mutex
	free  []freePort // a ring
	head  int
	count int
	inUse int
}

type freePort struct {
	port  uint16
	since time.Time // zero: never used
}

// NewPorts returns a pool of the even ports of o's range. Nothing is bound yet.
func NewPorts(o PortsOptions) *Ports {
	p := &Ports{bind: o.Bind.Unmap(), now: o.Now}
	if p.now == nil {
		p.now = time.Now
	}
	first := max(o.Min, 1)
	first += first & 1
	for port := first; port < min(o.Max, 65535); port += 2 {
		p.free = append(p.free, freePort{port: uint16(port)})
	}
	var seed [32]byte
	_, _ = crand.Read(seed[:]) // never fails
	rand.New(rand.NewChaCha8(seed)).Shuffle(len(p.free), func(i, k int) {
		p.free[i], p.free[k] = p.free[k], p.free[i]
	})
	p.count = len(p.free)
	return p
}

// Get opens the sockets of a pair that is free, on the pool's address or else on
// local. Pairs that another program has bound are passed over.
func (p *Ports) Get(local netip.Addr) (*Pair, error) {
	at := p.address(local)
	for range len(p.free) {
		port, ok := p.take()
		if !ok {
			return nil, ErrNoPort
		}
		pair, err := openPair(netip.AddrPortFrom(at, port))
		if err == nil {
			pair.pool = p
			return pair, nil
		}
		p.put(port)
		if !errors.Is(err, syscall.EADDRINUSE) {
			return nil, fmt.Errorf("open RTP port: %w", err)
		}
	}
	return nil, ErrNoPort
}

// address picks the pool's address unless it is of the other family.
func (p *Ports) address(local netip.Addr) netip.Addr {
	local = local.Unmap()
	if !p.bind.IsValid() || (local.IsValid() && p.bind.IsUnspecified() && p.bind.Is4() != local.Is4()) {
		if !local.IsValid() {
			return netip.IPv4Unspecified()
		}
		return local
	}
	return p.bind
}

func (p *Ports) take() (uint16, bool) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.count == 0 {
		return 0, false
	}
	f := p.free[p.head]
	if !f.since.IsZero() && now.Sub(f.since) < cooling {
		return 0, false
	}
	p.head = (p.head + 1) % len(p.free)
	p.count--
	p.inUse++
	return f.port, true
}

func (p *Ports) put(port uint16) {
	now := p.now()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.free[(p.head+p.count)%len(p.free)] = freePort{port: port, since: now}
	p.count++
	p.inUse--
}

// InUse returns how many pairs are open.
func (p *Ports) InUse() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.inUse
}

// Size returns how many pairs the range has.
func (p *Ports) Size() int { return len(p.free) }

// Port returns the even port, where RTP comes; RTCP comes to the next.
func (p *Pair) Port() int { return int(p.local.Port()) }

// Local returns the address that the RTP socket is bound to.
func (p *Pair) Local() netip.AddrPort { return p.local }

// Close gives the pair back. Its sockets are closed as soon as no packet of its
// session waits in an outbox, and its ports rest before they are used again.
func (p *Pair) Close() {
	if p.shut.CompareAndSwap(false, true) {
		p.release()
	}
}

func (p *Pair) retain() { p.refs.Add(1) }

func (p *Pair) release() {
	if p.refs.Add(-1) != 0 {
		return
	}
	p.closeSockets()
	if p.pool != nil {
		p.pool.put(p.local.Port())
	}
}

// zoneOf returns the index of a link-local address's interface.
func zoneOf(a netip.Addr) uint32 {
	if a.Zone() == "" {
		return 0
	}
	if n, err := strconv.ParseUint(a.Zone(), 10, 32); err == nil {
		return uint32(n)
	}
	in, err := net.InterfaceByName(a.Zone())
	if err != nil {
		return 0
	}
	return uint32(in.Index)
}
