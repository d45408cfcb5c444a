package rtp

import "unsafe"

// Asleep reports whether nothing reads the session's RTP socket each tick.
func (s *Session) Asleep() bool { return s.watched[Media].armed }

// RawPacket gives fuzz tests the header parser.
func RawPacket(b []byte) (Packet, bool) {
	var p Packet
	h := newHeader()
	ok := p.parse(b, &h)
	return p, ok
}

// ValidRTCP gives fuzz tests the check of compound packets.
func ValidRTCP(b []byte) bool { return validCompound(b) }

// Held returns how many slots of the session's jitter buffer are in use.
func (s *Session) Held() (n int) {
	if s.jitter.ring == nil {
		return 0
	}
	for _, h := range s.jitter.ring {
		if h.slot != nil {
			n++
		}
	}
	return n
}

// SessionSize is what a session without traffic costs, in bytes.
const SessionSize = unsafe.Sizeof(Session{})
