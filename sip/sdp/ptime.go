package sdp

import (
	"strconv"
	"strings"
	"time"
)

// Packet lengths that we send, and what fits a datagram of an Ethernet path.
const (
	ptimeStep    = 10 * time.Millisecond
	ptimeDefault = 20 * time.Millisecond
	ptimeMax     = 60 * time.Millisecond
	payloadMax   = 1400 // bytes
)

// milliseconds reads a value of ptime or maxptime; 0 for none or garbage. A number
// that does not fit counts as very long.
func milliseconds(value string) time.Duration {
	whole, _, _ := strings.Cut(value, ".")
	n, err := strconv.ParseUint(whole, 10, 31)
	if err != nil {
		return 0
	}
	return time.Duration(n) * time.Millisecond
}

// ptime is how long our packets shall be: what the far end asks for, else what we
// like, in steps of 10 ms, within 10-60 ms, its maxptime and one datagram.
func ptime(c Codec, wanted, limit, liked time.Duration) time.Duration {
	if wanted <= 0 {
		wanted = liked
	}
	if wanted <= 0 {
		wanted = ptimeDefault
	}
	if limit > 0 {
		wanted = min(wanted, limit)
	}
	wanted = min(wanted, ptimeMax)
	if strings.EqualFold(c.Name, "L16") && c.ClockRate > 0 {
		bytesPerSecond := 2 * c.ClockRate * max(c.Channels, 1)
		wanted = min(wanted, time.Duration(payloadMax)*time.Second/time.Duration(bytesPerSecond))
	}
	return max(wanted.Truncate(ptimeStep), ptimeStep)
}
