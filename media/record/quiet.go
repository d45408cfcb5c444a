package record

import (
	"math"
	"time"
)

const (
	defaultThreshold = -45 // dBFS
	// edge is how much silence Trim leaves at both ends.
	edge = 200 * time.Millisecond
)

// quiet follows the level of a recording that ends after silence or is trimmed.
type quiet struct {
	wanted bool
	trims  bool
	energy int64 // threshold: mean square
	heard  bool  // some sound came
	first  int64 // where sound began
	last   int64 // where sound ended
	since  int64 // silence counts from here, at the earliest
}

func (q *quiet) init(o *Spec) {
	q.wanted, q.trims = o.Silence > 0 || o.Trim, o.Trim
	level := math.Pow(10, o.Threshold/20) * 32768
	q.energy = int64(level * level)
	q.first = none
}

// hear looks for sound in windows of 10 ms.
func (q *quiet) hear(c *work, at int64, pcm []int16) {
	if !q.wanted {
		return
	}
	window := max(c.format.Rate/100, 1)
	for len(pcm) > 0 {
		n := min(window, len(pcm))
		var sum int64
		for _, v := range pcm[:n] {
			sum += int64(v) * int64(v)
		}
		if in, _ := c.paused(at); !in && sum > q.energy*int64(n) {
			q.heard = true
			q.first = min(q.first, at)
			q.last = max(q.last, at+int64(n))
		}
		at, pcm = at+int64(n), pcm[n:]
	}
}

// from lets silence count from a position on, as after a pause.
func (q *quiet) from(pos int64) { q.since = max(q.since, pos) }

// over tells where the recording ends because of silence.
func (q *quiet) over(c *work) (int64, bool) {
	d := c.r.spec.Silence
	if d <= 0 {
		return 0, false
	}
	if in, _ := c.paused(c.pos); in {
		return 0, false
	}
	at := max(q.last, q.since, c.origin) + c.samples(d)
	return at, at <= c.pos
}

// trim moves the file's start to the first sound, once that has come. What is before it
// goes: a few samples are copied, for all that is written in one turn is little.
func (q *quiet) trim(c *work) {
	if !q.trims || !q.heard {
		return
	}
	q.trims = false
	from := max(q.first-c.samples(edge), c.origin)
	if from <= c.origin || c.stored < c.pos {
		return
	}
	b := make([]byte, (c.pos-from)*c.frame)
	if _, err := c.file.ReadAt(b, c.offset(from)); err != nil {
		c.fail("read samples", err)
		return
	}
	if _, err := c.file.WriteAt(b, c.offset(c.origin)); err != nil {
		c.fail("write samples", err)
		return
	}
	c.origin = from
	c.r.shift.Store(c.base - from)
	c.cut(c.pos)
}

// end is where a trimmed recording ends.
func (q *quiet) end(c *work, stop int64) int64 {
	if !c.r.spec.Trim {
		return stop
	}
	if !q.heard {
		return c.origin
	}
	return min(stop, q.last+c.samples(edge))
}
