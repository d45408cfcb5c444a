package rtp

import (
	"encoding/binary"

	pion "github.com/pion/rtp"
)

// Sizes of the parts of an RTP header, in bytes (RFC 3550 section 5.1).
const (
	headerSize    = 12 // the fixed part
	extensionSize = 4  // profile and length in front of an extension
	maxSources    = 15 // contributing sources, four bytes each
)

const extensionBit = 0x10 // in the first byte

// Packet is one RTP packet, as taps see it. Payload belongs to the session and is
// valid during the call only.
type Packet struct {
	Payload     []byte
	PayloadType uint8
	Marker      bool
	Sequence    uint16
	Timestamp   uint32 // in units of the payload type's clock rate
	SSRC        uint32
	Arrival     int64 // ns since the Unix epoch, the kernel's stamp where there is one
}

// newHeader returns a header that never grows when it is read into again.
func newHeader() pion.Header { return pion.Header{CSRC: make([]uint32, 0, maxSources)} }

// parse reads the packet in b by way of h, which is reused, and points Payload at
// what follows the header, without padding. It returns false for what is not an RTP
// packet; it never allocates, so that a flood of garbage costs no memory.
//
// An extension is measured and hidden from h: nobody reads one here, and a sender
// that gets its elements wrong (RFC 8285) is heard all the same.
func (p *Packet) parse(b []byte, h *pion.Header) bool {
	header, start, end := measure(b)
	if header == 0 {
		return false
	}
	first := b[0]
	b[0] &^= extensionBit
	_, err := h.Unmarshal(b[:header])
	b[0] = first
	if err != nil {
		return false // never: measure looked at all that h wants
	}
	p.Marker, p.PayloadType = h.Marker, h.PayloadType
	p.Sequence, p.Timestamp, p.SSRC = h.SequenceNumber, h.Timestamp, h.SSRC
	p.Payload = b[start:end]
	return true
}

// measure finds where the header without its extension ends, and where the payload
// starts and ends. All are 0 when b is no whole RTP packet.
func measure(b []byte) (header, start, end int) {
	if len(b) < headerSize || b[0]>>6 != 2 {
		return 0, 0, 0
	}
	header = headerSize + 4*int(b[0]&0x0f)
	start, end = header, len(b)
	if b[0]&extensionBit != 0 {
		if start+extensionSize > end {
			return 0, 0, 0
		}
		start += extensionSize + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if start > end {
		return 0, 0, 0
	}
	if b[0]&0x20 != 0 {
		padding := int(b[end-1])
		if padding == 0 || padding > end-start {
			return 0, 0, 0
		}
		end -= padding
	}
	return header, start, end
}

// marshal writes the packet into b, which has room for it.
func (p *Packet) marshal(b []byte) {
	n, _ := pion.Header{
		Version: 2, Marker: p.Marker, PayloadType: p.PayloadType,
		SequenceNumber: p.Sequence, Timestamp: p.Timestamp, SSRC: p.SSRC,
	}.MarshalTo(b) // fails on a short b only
	copy(b[n:], p.Payload)
}

// isRTCP tells RTCP from RTP on one port by the second byte (RFC 5761 section 4:
// packet types 192 to 223 are payload types 64 to 95 with the marker).
func isRTCP(b []byte) bool {
	return len(b) >= 2 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}
