package rst

import "strconv"

// AppendInv appends the INV of a stream: of generation 2 when the ports, where the
// sender's audio comes from, are given, of generation 1 when both are 0.
func AppendInv(dst []byte, id, caller, callee string, readPort, writePort int) []byte {
	dst = append(dst, "INV :"...)
	dst = append(dst, id...)
	dst = append(dst, ':')
	dst = appendParty(dst, caller)
	dst = append(dst, ':')
	dst = appendParty(dst, callee)
	return appendPorts(dst, readPort, writePort)
}

// AppendAck appends the server's answer to an INV, or to a BYE; with both ports 0
// it is that of generation 1.
func AppendAck(dst []byte, id string, readPort, writePort int) []byte {
	dst = append(dst, "ACK :"...)
	dst = append(dst, id...)
	return appendPorts(dst, readPort, writePort)
}

// AppendBye appends the end of a stream.
func AppendBye(dst []byte, id string) []byte {
	dst = append(dst, "BYE :"...)
	return append(dst, id...)
}

// AppendData appends one side's audio. Its length is the true number of bytes.
func AppendData(dst []byte, id string, side byte, pt uint8, payload []byte) []byte {
	return append(AppendDataHeader(dst, id, side, pt, len(payload)), payload...)
}

// AppendDataHeader appends what comes before length bytes of payload. The payload
// type has two digits, so it must be below 100.
func AppendDataHeader(dst []byte, id string, side byte, pt uint8, length int) []byte {
	dst = append(dst, "DATA:"...)
	dst = append(dst, id...)
	dst = append(dst, ':', side, ':', '0'+pt/10%10, '0'+pt%10, ':')
	dst = strconv.AppendInt(dst, int64(length), 10)
	return append(dst, ':')
}

func appendPorts(dst []byte, read, write int) []byte {
	if read == 0 && write == 0 {
		return dst
	}
	dst = append(dst, ':')
	dst = strconv.AppendInt(dst, int64(read), 10)
	dst = append(dst, ':')
	return strconv.AppendInt(dst, int64(write), 10)
}
