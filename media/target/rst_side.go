package target

import (
	"crypto/rand"
	"encoding/binary"
	"net"
	"net/netip"

	"rms/media"
	"rms/media/wire/rst"
)

// Framings of generation 2; generation 1 has data always.
const (
	framingBare = "bare" // one payload, nothing else
	framingData = "data" // the header of generation 1
	framingRTP  = "rtp"  // a header of RFC 3550
)

// rstHeaders is how long the header of each framing is, in bytes; that of data
// depends on its fields.
var rstHeaders = map[string]int{framingBare: 0, framingData: -1, framingRTP: rtpHeader}

const (
	rtpHeader = 12
	rtpL16    = 96 // dynamic payload type of L16 at 8000 Hz, which has no static one
)

// rtpBlank is where seal writes.
var rtpBlank [rtpHeader]byte

// rstSide is one direction's audio, on its way into a datagram.
type rstSide struct {
	letter byte // rst.Read or rst.Write
	socket *net.UDPConn
	to     netip.AddrPort // invalid: the socket is connected

	buf  []byte // header and the payload so far
	head int    // length of the header
	have int    // samples in buf

	ssrc, timestamp uint32
	sequence        uint16
	marker          bool
}

// newRSTSide starts RTP where nobody can guess it (RFC 3550 section 5.1).
func newRSTSide(letter byte, socket *net.UDPConn, to netip.AddrPort) rstSide {
	var b [10]byte
	_, _ = rand.Read(b[:]) // never fails, says its package
	return rstSide{
		letter: letter, socket: socket, to: to, marker: true,
		ssrc: binary.BigEndian.Uint32(b[:]), timestamp: binary.BigEndian.Uint32(b[4:]), sequence: binary.BigEndian.Uint16(b[8:]),
	}
}

// begin starts a datagram for size bytes of payload.
func (s *rstSide) begin(c *rstConn, size int) {
	s.have, s.buf = 0, s.buf[:0]
	switch c.framing {
	case framingData:
		s.buf = rst.AppendDataHeader(s.buf, c.id, s.letter, c.pt, size)
	case framingRTP:
		s.buf = append(s.buf, rtpBlank[:]...)
	}
	s.head = len(s.buf)
}

// add encodes one channel of interleaved pcm.
func (s *rstSide) add(c *rstConn, pcm []int16, channel int) {
	switch {
	case c.pt == rst.PCMU:
		for i := channel; i < len(pcm); i += c.channels {
			s.buf = append(s.buf, media.LinearToMulaw(pcm[i]))
		}
	case c.pt == rst.PCMA:
		for i := channel; i < len(pcm); i += c.channels {
			s.buf = append(s.buf, media.LinearToAlaw(pcm[i]))
		}
	case c.framing == framingRTP: // network order (RFC 3551 section 4.5.11)
		for i := channel; i < len(pcm); i += c.channels {
			s.buf = append(s.buf, byte(uint16(pcm[i])>>8), byte(pcm[i]))
		}
	default:
		for i := channel; i < len(pcm); i += c.channels {
			s.buf = append(s.buf, byte(pcm[i]), byte(uint16(pcm[i])>>8))
		}
	}
	s.have += len(pcm) / c.channels
}

// short makes the header fit a payload that ends early, at the end of a stream.
func (s *rstSide) short(c *rstConn) {
	if c.framing != framingData {
		return
	}
	payload := s.buf[s.head:]
	s.buf = rst.AppendData(nil, c.id, s.letter, c.pt, payload)
	s.head = len(s.buf) - len(payload)
}

// seal fills in the header of RTP and counts on.
func (s *rstSide) seal(c *rstConn) {
	if c.framing != framingRTP {
		return
	}
	pt := c.pt
	if pt == rst.L16 {
		pt = rtpL16
	}
	if s.marker {
		pt |= 0x80
	}
	h := s.buf[:rtpHeader]
	h[0], h[1] = 0x80, pt
	binary.BigEndian.PutUint16(h[2:], s.sequence)
	binary.BigEndian.PutUint32(h[4:], s.timestamp)
	binary.BigEndian.PutUint32(h[8:], s.ssrc)
	s.sequence++
	s.timestamp += uint32(s.have)
	s.marker = false
}
