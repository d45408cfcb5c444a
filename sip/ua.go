package sip

import (
	"context"
	"fmt"
	"hash/maphash"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Listener is a socket that the UA listens on.
type Listener struct {
	Transport string // "udp" or "tcp"
	Addr      netip.AddrPort
}

// String returns the listener as Options.Listen has it.
func (l Listener) String() string { return l.Transport + "://" + l.Addr.String() }

// UA is a SIP user agent: its sockets, workers and calls.
type UA struct {
	o             Options
	h             Handler
	advertiseHost string
	advertisePort int
	seeds         [2]maphash.Seed
	listeners     []Listener
	udp           []*udpSocket
	tcp           *tcpFront
	workers       []*worker
	admit         *admission
	folds         folded
	count         counters
	traces        tracer
	tracing       atomic.Bool
	draining      atomic.Bool
	closing       atomic.Bool

	noTCPMu    sync.Mutex
	noTCPUntil map[netip.AddrPort]time.Time
	resolving  chan struct{}

	ctx     context.Context //nolint:containedctx // the life of the UA, ended by Close
	cancel  context.CancelFunc
	stopped chan struct{}
	wg      sync.WaitGroup // readers, writers, lookups
	working sync.WaitGroup // workers
}

// Listen opens all listeners and starts to serve. A nil Handler makes a client,
// which refuses calls with 501.
func Listen(o Options, h Handler) (*UA, error) {
	u := &UA{
		o: o.withDefaults(), h: h, seeds: [2]maphash.Seed{maphash.MakeSeed(), maphash.MakeSeed()},
		admit: newAdmission(), noTCPUntil: map[netip.AddrPort]time.Time{},
		resolving: make(chan struct{}, resolveSlots), stopped: make(chan struct{}),
	}
	if err := u.advertise(); err != nil {
		return nil, err
	}
	u.ctx, u.cancel = context.WithCancel(context.Background())
	u.tcp = newTCPFront(u)
	for _, text := range u.o.Listen {
		if err := u.listen(text); err != nil {
			u.closeSockets()
			u.cancel()
			return nil, err
		}
	}
	u.OnTrace(u.o.OnTrace)
	for range u.o.Workers {
		u.workers = append(u.workers, newWorker(u))
	}
	for _, w := range u.workers {
		u.working.Go(w.run)
	}
	for _, s := range u.udp {
		u.wg.Go(s.read)
	}
	u.wg.Go(u.housekeeping)
	u.tcp.start()
	return u, nil
}

// advertise reads Options.Advertise: a host, an IP or either with a port.
func (u *UA) advertise() error {
	a := u.o.Advertise
	if a == "" {
		return nil
	}
	if ip, err := netip.ParseAddr(strings.Trim(a, "[]")); err == nil {
		u.advertiseHost = ip.String()
		return nil
	}
	host, port, ok := hostPort(a)
	if !ok {
		return fmt.Errorf("advertise %q: want an IP or a host name, with or without a port", a)
	}
	u.advertiseHost, u.advertisePort = host, port
	return nil
}

func (u *UA) listen(text string) error {
	p, err := url.Parse(text)
	if err != nil || p.Scheme != "udp" && p.Scheme != "tcp" || p.Path != "" {
		return fmt.Errorf("listen on %q: want udp://IP:PORT or tcp://IP:PORT", text)
	}
	at, err := netip.ParseAddrPort(p.Host)
	if err != nil {
		return fmt.Errorf("listen on %q: want an IP and a port: %w", text, err)
	}
	l := Listener{Transport: p.Scheme}
	if p.Scheme == "tcp" {
		if l.Addr, err = u.tcp.listen(at); err != nil {
			return err
		}
	} else {
		s, err := listenUDP(u, at)
		if err != nil {
			return err
		}
		u.udp = append(u.udp, s)
		l.Addr = s.bound
	}
	u.listeners = append(u.listeners, l)
	return nil
}

// Listeners returns what the UA listens on, with the ports that were chosen.
func (u *UA) Listeners() []Listener { return slices.Clone(u.listeners) }
