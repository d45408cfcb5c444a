package rtp

import "time"

const (
	delayBuckets  = 26
	delayBucket   = int64(10 * time.Millisecond)
	delayMemory   = 512                            // packets until the histogram is halved
	delayPercent  = 98                             // of packets that the target delay lets in
	lowWindow     = int64(5 * time.Second)         // of the lowest-delay line
	earlyJump     = -int64(300 * time.Millisecond) // before the line: the timestamps jumped
	timestampJump = int64(500 * time.Millisecond)
	burstGap      = int64(5 * time.Millisecond) // packets closer than this were held up together
)

// lineEvent says what a packet did to the line.
type lineEvent uint8

const (
	lineGoesOn lineEvent = iota
	lineJumped           // its timestamp has nothing to do with the ones before
	linePaused           // nothing came for long, and the timestamps stood still: a new line
)

// delayLine estimates how long packets are under way, from their timestamps and
// arrivals. The fastest packets of the last seconds are the line: it follows the
// drift of the far end's clock. How far the others come behind it is the jitter.
type delayLine struct {
	rate    int64
	started bool

	refTimestamp uint32
	ref          int64 // ns at refTimestamp, on the far end's clock
	lastArrival  int64
	lastTransit  int64

	low, lowBefore int64 // least transit, of this window and of the one before
	windowEnds     int64

	histogram [delayBuckets]uint16
	total     uint16
	target    int64 // ns behind the line that delayPercent of the packets keep
}

func (l *delayLine) reset(rate int) {
	*l = delayLine{rate: int64(rate)}
}

// nominal is the time of a timestamp on the far end's clock, in ns.
func (l *delayLine) nominal(timestamp uint32) int64 {
	return l.ref + int64(int32(timestamp-l.refTimestamp))*int64(time.Second)/l.rate
}

// due is when the fastest packet with this timestamp would have come, in ns.
func (l *delayLine) due(timestamp uint32) int64 {
	return l.nominal(timestamp) + min(l.low, l.lowBefore)
}

// observe takes one packet of audio in the order of arrival. newest: its sequence
// number is the highest yet; others only tell how late packets are.
func (l *delayLine) observe(timestamp uint32, arrival int64, newest bool) lineEvent {
	if !l.started {
		l.restart(timestamp, arrival)
		return lineGoesOn
	}
	at := l.nominal(timestamp)
	transit := arrival - at
	behind := transit - min(l.low, l.lowBefore)
	if !newest {
		if behind >= 0 && behind < timestampJump {
			l.learn(behind)
		}
		return lineGoesOn
	}
	step, gap := transit-l.lastTransit, arrival-l.lastArrival
	switch {
	case behind < earlyJump || (step > timestampJump && gap < step/2):
		l.restart(timestamp, arrival)
		return lineJumped
	case step > timestampJump:
		l.restart(timestamp, arrival)
		return linePaused
	}
	l.lastArrival, l.lastTransit = arrival, transit
	if int32(timestamp-l.refTimestamp) > 0 {
		l.refTimestamp, l.ref = timestamp, at
	}
	l.low = min(l.low, transit)
	if arrival >= l.windowEnds {
		l.lowBefore, l.low = l.low, transit
		l.windowEnds = arrival + lowWindow
	}
	if step >= 0 || gap >= burstGap {
		l.learn(max(behind, 0)) // else it came behind one that was later, and says nothing new
	}
	return lineGoesOn
}

// restart begins a new line at a packet; what was learned about jitter stays.
func (l *delayLine) restart(timestamp uint32, arrival int64) {
	l.started = true
	l.refTimestamp, l.ref = timestamp, arrival
	l.low, l.lowBefore, l.lastTransit = 0, 0, 0
	l.lastArrival = arrival
	l.windowEnds = arrival + lowWindow
}

// behind is how far the newest packet came behind the line.
func (l *delayLine) behind() int64 { return l.lastTransit - min(l.low, l.lowBefore) }

// settle moves the line to the newest packet: the network became slower for good.
func (l *delayLine) settle() { l.low, l.lowBefore = l.lastTransit, l.lastTransit }

// learn counts a packet that came behind the line, and renews the target now and
// then.
func (l *delayLine) learn(behind int64) {
	l.histogram[min(behind/delayBucket, delayBuckets-1)]++
	l.total++
	if l.total >= delayMemory {
		l.total = 0
		for i := range l.histogram {
			l.histogram[i] /= 2
			l.total += l.histogram[i]
		}
	}
	if l.total&7 != 0 && behind <= l.target {
		return
	}
	need := uint32(l.total) * delayPercent
	sum := uint32(0)
	for i, n := range l.histogram {
		if sum += uint32(n) * 100; sum >= need {
			l.target = int64(i+1) * delayBucket
			return
		}
	}
}
