package load

import "encoding/binary"

// transmission is the state of the RTP that a call sends.
type transmission struct {
	sequence uint16
	sent     uint32
	first    int // slot of the first packet
	offset   int
}

// header appends an RTP header and moves the sequence on.
func (t *transmission) header(b []byte, s *stream, timestamp uint32, marker bool) []byte {
	second := s.codec.pt
	if marker {
		second |= 0x80
	}
	b = append(b, 0x80, second)
	b = binary.BigEndian.AppendUint16(b, t.sequence)
	b = binary.BigEndian.AppendUint32(b, timestamp)
	b = binary.BigEndian.AppendUint32(b, 0x726d7300^uint32(s.index)*2654435761)
	t.sequence++
	return b
}
