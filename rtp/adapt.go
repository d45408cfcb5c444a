package rtp

const (
	patience   = 4  // packets in a row with a wrong delay before it is corrected where nobody hears it
	impatience = 40 // before it is corrected wherever it is heard least
)

// adapt compares the delay of the next packet with the target, and returns the pace
// to ask the decoder for (media.Frame.Pace). The delay is measured from the line, not
// from the packet's own arrival, so jitter does not move it; what moves it is drift,
// and bursts of late packets.
func (j *jitter) adapt(units uint32, delay int64) (pace int8) {
	packet, target := j.length(units), j.target()
	switch {
	case delay >= target+packet+j.tickTime/2:
		j.off = max(j.off, 0) + 1
		if pace = urgency(j.off); pace > 0 {
			j.count.shrunk.Add(1)
		}
		return -pace
	case delay < target-packet/2:
		j.off = min(j.off, 0) - 1
		if pace = urgency(-j.off); pace > 0 {
			j.count.stretched.Add(1)
		}
		return pace
	}
	j.off = 0
	return 0
}

// urgency is what to do when n packets in a row had a wrong delay: 0 nothing yet, 1
// correct it where nobody hears it, 2 correct it.
func urgency(n int32) int8 {
	switch {
	case n%patience != 0:
		return 0
	case n >= impatience:
		return 2
	}
	return 1
}
