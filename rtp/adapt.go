package rtp

import (
	"encoding/binary"

	"rms/media"
)

// adaptation is what to do with a packet for the sake of the delay.
type adaptation uint8

const (
	playIt adaptation = iota
	leaveOut
	stretch
)

const (
	patience   = 25  // packets in a row with a wrong delay before a quiet one is used
	impatience = 150 // before any packet is used
)

// adapt compares the delay of the next packet with the target. The delay is
// measured from the line, not from the packet's own arrival, so jitter does not
// move it; what moves it is drift, and bursts of late packets.
func (j *jitter) adapt(h *held, delay int64) adaptation {
	packet := int64(h.units) * 1e9 / int64(j.rate)
	target := j.target()
	switch {
	case delay >= target+packet+j.tickTime/2:
		j.off = max(j.off, 0) + 1
	case delay < target-packet/2:
		j.off = min(j.off, 0) - 1
	default:
		j.off = 0
		return playIt
	}
	switch quiet := h.marker || j.quiet(h.slot.payload()); {
	case j.next+1 != j.end && (j.off > impatience || j.off > patience && quiet):
		j.off = 0
		return leaveOut
	case j.off < -patience && quiet:
		j.off = 0
		return stretch
	}
	return playIt
}

// quietLevel is the mean magnitude below which a packet is quiet, about -45 dBFS.
const quietLevel = 180

// quietOf returns a cheap test for silence in payloads of a codec; codecs that
// need decoding are never quiet.
func quietOf(name string) func([]byte) bool {
	switch name {
	case "PCMU":
		return func(b []byte) bool { return quietTable(b, &media.MulawToLinear) }
	case "PCMA":
		return func(b []byte) bool { return quietTable(b, &media.AlawToLinear) }
	case "L16":
		return quietLinear
	}
	return func([]byte) bool { return false }
}

func quietTable(b []byte, table *[256]int16) bool {
	sum, n := 0, 0
	for i := 0; i < len(b); i += 5 {
		v := int(table[b[i]])
		sum += max(v, -v)
		n++
	}
	return sum <= quietLevel*n
}

func quietLinear(b []byte) bool {
	sum, n := 0, 0
	for i := 0; i+1 < len(b); i += 10 {
		v := int(int16(binary.BigEndian.Uint16(b[i:])))
		sum += max(v, -v)
		n++
	}
	return sum <= quietLevel*n
}
