package rtp

import "encoding/binary"

// headerSize is the fixed part of an RTP header (RFC 3550 section 5.1).
const headerSize = 12

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

// parse reads the header in b and points Payload at what follows it, without
// padding. It returns false for what is not an RTP packet; it never allocates, so
// that a flood of garbage costs no memory.
func (p *Packet) parse(b []byte) bool {
	if len(b) < headerSize || b[0]>>6 != 2 {
		return false
	}
	start := headerSize + 4*int(b[0]&0x0f)
	end := len(b)
	if b[0]&0x10 != 0 {
		if start+4 > end {
			return false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if start > end {
		return false
	}
	if b[0]&0x20 != 0 {
		padding := int(b[end-1])
		if padding == 0 || padding > end-start {
			return false
		}
		end -= padding
	}
	p.Marker = b[1]&0x80 != 0
	p.PayloadType = b[1] & 0x7f
	p.Sequence = binary.BigEndian.Uint16(b[2:])
	p.Timestamp = binary.BigEndian.Uint32(b[4:])
	p.SSRC = binary.BigEndian.Uint32(b[8:])
	p.Payload = b[start:end]
	return true
}

// putHeader writes the fixed header into b, which has room for it.
func (p *Packet) putHeader(b []byte) {
	b[0] = 2 << 6
	b[1] = p.PayloadType
	if p.Marker {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], p.Sequence)
	binary.BigEndian.PutUint32(b[4:], p.Timestamp)
	binary.BigEndian.PutUint32(b[8:], p.SSRC)
}

// isRTCP tells RTCP from RTP on one port by the second byte (RFC 5761 section 4:
// packet types 192 to 223 are payload types 64 to 95 with the marker).
func isRTCP(b []byte) bool {
	return len(b) >= 2 && b[0]>>6 == 2 && b[1] >= 192 && b[1] <= 223
}
