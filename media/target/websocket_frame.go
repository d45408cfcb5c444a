package target

import "encoding/binary"

// appendWSBinary appends a whole binary message of a client, masked (RFC 6455
// section 5.2). The mask has to be one that nobody can foretell.
func appendWSBinary(dst, payload []byte, mask uint32) []byte {
	dst = appendWSHead(dst, len(payload), mask)
	key := uint64(mask)<<32 | uint64(mask)
	for ; len(payload) >= 8; payload = payload[8:] {
		dst = binary.LittleEndian.AppendUint64(dst, binary.LittleEndian.Uint64(payload)^key)
	}
	for i, b := range payload {
		dst = append(dst, b^byte(key>>(8*i)))
	}
	return dst
}

// appendWSHead appends what comes before n bytes of a masked binary message.
func appendWSHead(dst []byte, n int, mask uint32) []byte {
	dst = append(dst, 0x80|wsBinary)
	switch {
	case n < 126:
		dst = append(dst, 0x80|byte(n))
	case n <= 0xffff:
		dst = append(dst, 0x80|126)
		dst = binary.BigEndian.AppendUint16(dst, uint16(n))
	default:
		dst = append(dst, 0x80|127)
		dst = binary.BigEndian.AppendUint64(dst, uint64(n))
	}
	return binary.LittleEndian.AppendUint32(dst, mask)
}
