package timeline

import "time"

const (
	driftWindow   = int64(5 * time.Second)
	driftLongest  = int64(20 * time.Second) // of a window that few packets fill
	driftPackets  = 50
	driftMemory   = 20 // windows
	driftMost     = 500e-6
	driftSure     = 6 // windows
	driftReal     = 30e-6
	driftDeadZone = int64(2 * time.Millisecond)
	stepMost      = int64(20 * time.Millisecond) // no drift moves the line that far in two windows
	stepLeast     = int64(3 * time.Millisecond)
)

// drift follows the time that the fastest packets are under way, by their arrivals
// and timestamps: a line whose slope is the skew of the two clocks. Each window's
// fastest packet corrects it, the first ones much and later ones less, as a straight
// line through all of them would. What moves faster than clocks can is the network.
type drift struct {
	low   float64 // ns at time since
	since int64
	slope float64 // ns per ns
	seen  int     // windows, of this slope

	windows int // since the line began

	opened  int64 // time, of the window
	last    int64 // arrival before
	silence int64 // longest in or before the window
	packets int
	least   float64 // of the window, behind the line
	leastAt int64
	sum     float64 // of what the packets were behind
}

// start begins a line, or goes on with its slope behind a change of the stream.
func (d *drift) start(low, at int64) {
	*d = drift{low: float64(low), since: at, slope: d.slope, seen: d.seen, opened: at, last: at}
}

// at is the least time under way at a time.
func (d *drift) at(now int64) int64 {
	return int64(d.low + d.slope*float64(now-d.since))
}

// observe takes a packet; closed says that its window is over.
func (d *drift) observe(transit, arrival int64) (closed bool) {
	behind := float64(transit) - d.low - d.slope*float64(arrival-d.since)
	if d.packets == 0 || behind < d.least {
		d.least, d.leastAt = behind, arrival
	}
	d.silence = max(d.silence, arrival-d.last)
	d.last = arrival
	d.packets++
	d.sum += behind
	open := arrival - d.opened
	return open >= driftWindow && (d.packets >= driftPackets || open >= driftLongest)
}

// close ends a window. It returns by how much the network became slower, which is
// not drift.
func (d *drift) close(now int64) (step int64) {
	limit := d.limit()
	d.least -= luck(d.sum/float64(d.packets)-d.least, d.packets)
	behind := int64(d.least)
	switch {
	case behind > limit || behind < -limit:
		step = behind
		d.low += d.least
	default:
		d.correct()
	}
	d.open(now)
	return step
}

// open begins a window.
func (d *drift) open(now int64) {
	d.opened, d.packets, d.silence, d.sum = now, 0, 0, 0
	d.last = max(d.last, now)
}

// limit is how far the fastest packet of a window may be off the line: few packets
// with much jitter tell little, and so does a long silence.
func (d *drift) limit() int64 {
	mean := (d.sum/float64(d.packets) - d.least)
	doubt := int64(24 * mean / float64(d.packets))
	return min(stepLeast+max(doubt, 0), stepMost) + d.silence/5000
}

// correct moves the line towards the fastest packet of the window. The place of a line
// that began anew is learned at once, its slope is not.
func (d *drift) correct() {
	d.seen, d.windows = min(d.seen+1, driftMemory), min(d.windows+1, driftMemory)
	if d.silence > 6*driftWindow {
		d.seen, d.windows = min(d.seen, driftSure), min(d.windows, 4)
	}
	at := d.low + d.slope*float64(d.leastAt-d.since)
	gone := float64(max(d.leastAt-d.since, driftWindow/2))
	if d.windows > 1 {
		k := float64(max(d.seen, 2))
		d.slope += 6 / (k * (k + 1)) * d.least / gone
		d.slope = max(-driftMost, min(d.slope, driftMost))
	}
	k := float64(d.windows)
	d.low = at + 2*(2*k-1)/(k*(k+1))*d.least
	d.since = d.leastAt
}

// deadZone is how far off its place a track may lie: less when the skew is known not to
// be an error of measurement.
func (d *drift) deadZone() int64 {
	if d.seen >= driftSure && (d.slope > driftReal || d.slope < -driftReal) {
		return driftDeadZone / 2
	}
	return driftDeadZone
}

// luck is by how much the fastest of some packets is slower than the path allows,
// on average, when all together are some ns slower than it.
func luck(mean float64, packets int) float64 { return 1.5 * mean / float64(packets) }
