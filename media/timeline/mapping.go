package timeline

// mapping tells where the timestamps of a track lie on the time line. While it does
// not slew, timestamps and positions keep one distance, so samples are copied as
// they are; slewing moves that distance by some samples, slowly.
type mapping struct {
	out, clock int64 // Hz, of positions and of timestamps
	at         int64 // position of timestamp 0

	// From position from on, length samples are made of length-by; by is 0 when
	// nothing slews.
	from, length, by int64
}

// slewLimit is one over the fastest slew: 500 ppm, which nobody hears.
const slewLimit = 2000

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// position returns the first position at or behind a timestamp.
func (m *mapping) position(timestamp int64) int64 { return m.of(timestamp, m.clock) }

// of is position for an index into audio of any rate.
func (m *mapping) of(index, rate int64) int64 {
	v := m.at - floorDiv(-index*m.out, rate)
	if m.by == 0 || v <= m.from {
		return v
	}
	rest := v - m.from
	if rest >= m.length-m.by {
		return v + m.by
	}
	return m.from + rest*m.length/(m.length-m.by)
}

// source returns the index into audio of a rate that sounds at position n, and how
// far behind it (0 to 1 samples).
func (m *mapping) source(n, rate int64) (index int64, fraction float64) {
	x := (n - m.at) * rate
	index = floorDiv(x, m.out)
	fraction = float64(x-index*m.out) / float64(m.out)
	if m.by == 0 || n <= m.from {
		return index, fraction
	}
	gone := min(n-m.from, m.length)
	fraction -= float64(m.by) * float64(gone) / float64(m.length) * float64(rate) / float64(m.out)
	for fraction < 0 {
		step := int64(-fraction) + 1
		index, fraction = index-step, fraction+float64(step)
	}
	if fraction >= 1 {
		step := int64(fraction)
		index, fraction = index+step, fraction-float64(step)
	}
	return index, fraction
}

// exact returns for how many positions from n on the audio of a rate is copied as it
// is, and the distance of the positions from it.
func (m *mapping) exact(n, rate int64) (count, distance int64) {
	switch {
	case rate != m.out:
		return 0, 0
	case m.by == 0:
		return 1 << 40, m.at
	case n < m.from:
		return m.from - n, m.at
	case n >= m.from+m.length:
		return 1 << 40, m.at + m.by
	}
	return 0, 0
}

// unevenMost is for how many positions a step is good: then it is computed anew, so
// that its error does not add up.
const unevenMost = 256

// uneven returns the step from one position to the next in audio of a rate, and for
// how many positions from n on it is the same.
func (m *mapping) uneven(n, rate int64) (count int64, step float64) {
	step = float64(rate) / float64(m.out)
	switch end := m.from + m.length; {
	case m.by == 0 || n >= end:
		return unevenMost, step
	case n < m.from:
		return min(unevenMost, m.from-n), step
	default:
		return min(unevenMost, end-n), step * (1 - float64(m.by)/float64(m.length))
	}
}

// slew moves what comes from position from on by some samples.
func (m *mapping) slew(from, by int64) {
	m.from, m.by, m.length = from, by, max(by, -by)*slewLimit
}

// fold ends a slew that is over at position n.
func (m *mapping) fold(n int64) {
	if m.by != 0 && n >= m.from+m.length {
		m.at, m.by = m.at+m.by, 0
	}
}
