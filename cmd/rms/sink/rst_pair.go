package sink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"

	"github.com/pion/rtp"

	"rms/media/wire/rst"
)

// portPair is where the audio of a stream of generation 2 arrives: R on the even
// port, W on the odd one above it.
type portPair struct {
	ports  [2]int
	conns  [2]*net.UDPConn
	source [2]netip.AddrPort // of the audio; the first that fits has it
	stated [2]int            // ports that the INV named
	seq    [2]uint16
	seen   [2]bool
}

// pairTries bounds the search for a free pair, so that an INV is never slow.
const pairTries = 256

var errNoPair = errors.New("no free pair of ports")

// openPair takes the next free pair of the range.
func (s *rstServer) openPair(st *rstStream, p rst.Packet) (*portPair, error) {
	low, high := s.board.o.RST.Ports[0], s.board.o.RST.Ports[1]
	low += low % 2
	for range min(pairTries, (high-low+1)/2) {
		if s.port < low || s.port+1 > high {
			s.port = low
		}
		port := s.port + s.port%2
		s.port = port + 2
		if port+1 > high {
			continue
		}
		pair := &portPair{ports: [2]int{port, port + 1}, stated: [2]int{p.ReadPort, p.WritePort}}
		if pair.open(s.local.Addr()) {
			s.listen(st, pair)
			return pair, nil
		}
	}
	return nil, fmt.Errorf("%w within %d-%d", errNoPair, low, high)
}

func (p *portPair) open(ip netip.Addr) bool {
	for i, port := range p.ports {
		conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(ip, uint16(port))))
		if err != nil {
			p.close()
			return false
		}
		p.conns[i] = conn
	}
	return true
}

// close ends the goroutines that read the pair.
func (p *portPair) close() {
	for _, c := range p.conns {
		if c != nil {
			_ = c.Close()
		}
	}
}

func (s *rstServer) listen(st *rstStream, pair *portPair) {
	for i, side := range []byte{rst.Read, rst.Write} {
		s.wg.Add(1)
		go func() {
			defer s.wg.Done()
			s.receive(pair.conns[i], st, side, rstMedia)
		}()
	}
}

// media takes a datagram of a port pair.
func (s *rstServer) media(d datagram) {
	st := d.pair
	if s.streams[st.uuid] != st {
		return // it has ended meanwhile
	}
	i := 0
	if d.side == rst.Write {
		i = 1
	}
	if !st.pair.from(i, st.from.Addr(), d.from) {
		s.board.refuse("rst_stranger", d.from.String(), "audio of a stream of another address")
		return
	}
	if len(d.b) == 0 {
		s.board.add("rst_short")
		return
	}
	st.last = d.at
	switch s.board.o.RST.Framing {
	case "data":
		p, err := rst.ParseKnown(d.b, s.known)
		if err != nil {
			s.refuse(d, err)
			return
		}
		if p.Kind != rst.Data || p.ID != st.uuid {
			s.board.refuse("rst_unknown", d.from.String(), "no DATA of the stream whose port it came to")
			return
		}
		s.take(st, d, p)
	case "rtp":
		s.rtp(st, d, i)
	default:
		st.sides[i].payload(barePT[s.board.o.RST.Codec], d.b, d.at, false)
	}
}

// barePT is the payload type of bare payloads, which have none.
var barePT = map[string]uint8{"pcmu": rst.PCMU, "pcma": rst.PCMA, "l16": rst.L16}

// from checks where audio comes from: the host that sent the INV; of its ports the
// one that it named, or the first that sends when an address translator changed it.
func (p *portPair) from(i int, host netip.Addr, source netip.AddrPort) bool {
	if source.Addr() != host {
		return false
	}
	if !p.source[i].IsValid() || int(source.Port()) == p.stated[i] {
		p.source[i] = source
	}
	return p.source[i] == source
}

// rtp takes a packet of framing rtp: static payload types, and linear audio in network
// order as 10 or a dynamic one.
func (s *rstServer) rtp(st *rstStream, d datagram, i int) {
	var p rtp.Packet
	if err := p.Unmarshal(d.b); err != nil || p.Version != 2 {
		s.board.refuse("rst_rtp", d.from.String(), "no RTP on a port pair with framing rtp")
		return
	}
	pair := st.pair
	if lost := p.SequenceNumber - pair.seq[i] - 1; pair.seen[i] && lost < 1000 {
		for range lost {
			s.board.add("rst_rtp_lost")
		}
	}
	pair.seq[i], pair.seen[i] = p.SequenceNumber, true
	pt := p.PayloadType
	network := pt == rst.L16 || pt >= 96
	if network {
		pt = rst.L16
	}
	st.sides[i].payload(pt, p.Payload, d.at, network)
}
