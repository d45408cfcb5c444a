//go:build !linux || rtp_portable

package rtp

import (
	"fmt"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"
)

// ringSlots is how many datagrams wait between a reader and its shard; the oldest
// is dropped when there are more.
const ringSlots = 64

// Pair is the two sockets of a session, RTP on an even port and RTCP on the next.
// A goroutine for each reads into a bounded ring, which the shard empties.
type Pair struct {
	pool  *Ports
	local netip.AddrPort
	conns [2]*net.UDPConn
	rings [2]ring
	done  sync.WaitGroup
	refs  atomic.Int32 // the owner, the session, and packets in an outbox
	shut  atomic.Bool
}

type ring struct {
	mu    sync.Mutex
	slots []waiting // grows to ringSlots
	head  int
	count int
}

type waiting struct {
	data    []byte
	from    netip.AddrPort
	arrival int64
}

func openPair(local netip.AddrPort) (*Pair, error) {
	p := &Pair{local: local}
	p.refs.Store(1)
	for c := range p.conns {
		at := netip.AddrPortFrom(local.Addr(), local.Port()+uint16(c))
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
		if err != nil {
			p.closeSockets()
			return nil, fmt.Errorf("bind %v: %w", at, err)
		}
		p.conns[c] = conn
	}
	for c := range p.conns {
		p.done.Add(1)
		go p.read(Channel(c))
	}
	return p, nil
}

func (p *Pair) read(c Channel) {
	defer p.done.Done()
	b := make([]byte, MaxPacket+1)
	for {
		n, from, err := p.conns[c].ReadFromUDPAddrPort(b)
		if err != nil {
			if p.shut.Load() {
				return
			}
			continue
		}
		from = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
		p.rings[c].put(b[:n], from, time.Now().UnixNano())
	}
}

func (r *ring) put(data []byte, from netip.AddrPort, arrival int64) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.slots == nil {
		r.slots = make([]waiting, ringSlots)
	}
	if r.count == ringSlots {
		r.head = (r.head + 1) % ringSlots
		r.count--
	}
	w := &r.slots[(r.head+r.count)%ringSlots]
	w.data = append(w.data[:0], data...)
	w.from, w.arrival = from, arrival
	r.count++
}

// Receive takes what waits in a ring.
func (p *Pair) Receive(c Channel, b *Batch) int {
	r := &p.rings[c]
	r.mu.Lock()
	defer r.mu.Unlock()
	n := 0
	for r.count > 0 && b.Add(r.slots[r.head].from, r.slots[r.head].arrival, r.slots[r.head].data) {
		r.head = (r.head + 1) % ringSlots
		r.count--
		n++
	}
	return n
}

// Send sends one datagram.
func (p *Pair) Send(c Channel, to *Addr, b []byte) error {
	_, err := p.conns[c].WriteToUDPAddrPort(b, to.AddrPort)
	return err
}

func (p *Pair) closeSockets() {
	p.shut.Store(true)
	for _, conn := range p.conns {
		if conn != nil {
			_ = conn.Close()
		}
	}
	p.done.Wait()
}

// batchSys is empty: there is no system call for a batch.
type batchSys struct{}

func (*batchSys) init(*Batch) {}

func familyOf(a netip.Addr) uint16 {
	if a.Is4() {
		return 2
	}
	return 10
}
