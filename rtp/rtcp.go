package rtp

import (
	"encoding/binary"
	"time"
)

// RTCP packet types (RFC 3550 section 12.1).
const (
	typeSR   = 200
	typeRR   = 201
	typeSDES = 202
	typeBYE  = 203
	typeLast = 223 // of the range that RFC 5761 keeps for RTCP
)

const (
	srSize     = 28
	rrSize     = 8
	blockSize  = 24
	maxCNAME   = 64
	maxReport  = srSize + blockSize + 4 + 4 + 2 + maxCNAME + 4 + byeSize
	byeSize    = 8
	ntpToUnix  = 2208988800 // seconds from 1900 to 1970
	maxRTT     = 30 * time.Second
	shortUnits = 1 << 16 // of a second, in LSR and DLSR
)

// senderInfo is what a sender report says of our stream (RFC 3550 section 6.4.1).
type senderInfo struct {
	ntp            uint64
	timestamp      uint32
	packets, bytes uint32
}

// reportBlock is what a report says of a stream that its sender receives.
type reportBlock struct {
	ssrc     uint32
	fraction uint8
	lost     int64 // cumulative
	highest  uint32
	jitter   uint32
	lsr      uint32 // middle of the NTP time of the last sender report
	dlsr     uint32 // since then, in 1/65536 s
}

// ntp returns the NTP time of wall, in ns since the Unix epoch: seconds in the
// upper half, their fraction in the lower.
func ntp(wall int64) uint64 {
	seconds, ns := uint64(wall/int64(time.Second)+ntpToUnix), uint64(wall%int64(time.Second))
	return seconds<<32 | ns<<32/uint64(time.Second)
}

func appendHeader(b []byte, count int, kind uint8, size int) []byte {
	return append(b, 2<<6|byte(count), kind, byte((size/4-1)>>8), byte(size/4-1))
}

func appendSR(b []byte, ssrc uint32, i senderInfo, blocks int) []byte {
	b = appendHeader(b, blocks, typeSR, srSize+blocks*blockSize)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = binary.BigEndian.AppendUint64(b, i.ntp)
	b = binary.BigEndian.AppendUint32(b, i.timestamp)
	b = binary.BigEndian.AppendUint32(b, i.packets)
	return binary.BigEndian.AppendUint32(b, i.bytes)
}

func appendRR(b []byte, ssrc uint32, blocks int) []byte {
	b = appendHeader(b, blocks, typeRR, rrSize+blocks*blockSize)
	return binary.BigEndian.AppendUint32(b, ssrc)
}

func appendBlock(b []byte, r reportBlock) []byte {
	lost := uint32(min(max(r.lost, -1<<23), 1<<23-1)) & 0xffffff
	b = binary.BigEndian.AppendUint32(b, r.ssrc)
	b = binary.BigEndian.AppendUint32(b, uint32(r.fraction)<<24|lost)
	b = binary.BigEndian.AppendUint32(b, r.highest)
	b = binary.BigEndian.AppendUint32(b, r.jitter)
	b = binary.BigEndian.AppendUint32(b, r.lsr)
	return binary.BigEndian.AppendUint32(b, r.dlsr)
}

// appendSDES appends a description with a CNAME only.
func appendSDES(b []byte, ssrc uint32, cname string) []byte {
	chunk := 4 + 2 + len(cname) + 1 // the list ends with at least one zero
	chunk += -chunk & 3
	b = appendHeader(b, 1, typeSDES, 4+chunk)
	b = binary.BigEndian.AppendUint32(b, ssrc)
	b = append(b, 1, byte(len(cname)))
	b = append(b, cname...)
	for range chunk - 6 - len(cname) {
		b = append(b, 0)
	}
	return b
}

func appendBYE(b []byte, ssrc uint32) []byte {
	b = appendHeader(b, 1, typeBYE, byeSize)
	return binary.BigEndian.AppendUint32(b, ssrc)
}

// validCompound checks a whole datagram before any of it is believed (RFC 3550
// appendix A.2); reduced-size packets (RFC 5506) pass too.
func validCompound(b []byte) bool {
	if len(b) < rrSize {
		return false
	}
	for len(b) > 0 {
		if len(b) < 4 || b[0]>>6 != 2 || b[1] < 192 || b[1] > typeLast {
			return false
		}
		size := packetSize(b)
		if size > len(b) || !validPacket(b[:size]) {
			return false
		}
		b = b[size:]
	}
	return true
}

func packetSize(b []byte) int { return 4 * (int(binary.BigEndian.Uint16(b[2:])) + 1) }

// validPacket checks that what a packet counts fits into it.
func validPacket(b []byte) bool {
	count := int(b[0] & 0x1f)
	switch b[1] {
	case typeSR:
		return len(b) >= srSize+count*blockSize
	case typeRR:
		return len(b) >= rrSize+count*blockSize
	case typeBYE:
		return len(b) >= 4+4*count
	}
	return true
}

func parseBlock(b []byte) reportBlock {
	word := binary.BigEndian.Uint32(b[4:])
	return reportBlock{
		ssrc: binary.BigEndian.Uint32(b), fraction: uint8(word >> 24),
		lost:    int64(int32(word<<8) >> 8),
		highest: binary.BigEndian.Uint32(b[8:]), jitter: binary.BigEndian.Uint32(b[12:]),
		lsr: binary.BigEndian.Uint32(b[16:]), dlsr: binary.BigEndian.Uint32(b[20:]),
	}
}
