package record

import (
	"math"
	"time"
)

// pause is a stretch of the time line whose sound is not written.
type pause struct {
	from, to int64 // to is none while it lasts
	masked   bool

	began, ended time.Duration // when that was told; ended is never while it lasts
}

// never is the end of a pause that lasts.
const never = time.Duration(math.MaxInt64)

// unread is how much earlier than a tick its packets may have come.
const unread = 20 * time.Millisecond

// cameInPause tells whether a packet came while the recording was paused. Its timestamp
// may place it before the pause or behind it, when the far end's clock stood still or the
// network became slower: it was said in the pause nevertheless.
func (c *work) cameInPause(at time.Duration) bool {
	for i := len(c.pauses) - 1; i >= 0 && at < c.pauses[i].ended; i-- {
		if at > c.pauses[i].began-unread {
			return true
		}
	}
	return false
}

// maxPauses bounds what a script can make a recording remember. Behind it a pause goes on
// to the end, so that nothing is recorded that should not be.
const maxPauses = 5000

func (c *work) pause(o *order) {
	at, masked := o.at, o.ours
	if n := len(c.pauses); n > 0 && c.pauses[n-1].to == none {
		c.pauses[n-1].masked = c.pauses[n-1].masked || masked
		return
	}
	from := max(c.samples(at), c.origin)
	if n := len(c.pauses); n > 0 {
		from = max(from, c.pauses[n-1].to) // it was told to go on later than now
	}
	c.pauses = append(c.pauses, pause{from: from, to: none, masked: masked, began: min(at, o.told), ended: never})
	c.r.state.CompareAndSwap(int32(Running), int32(Paused))
	c.notes.changed = true
	if from < c.pos {
		c.erase(from, c.pos)
	}
}

func (c *work) resume(o *order) {
	n := len(c.pauses)
	if n == 0 || c.pauses[n-1].to != none || n >= maxPauses {
		return
	}
	p := &c.pauses[n-1]
	p.to, p.ended = max(c.samples(o.at), p.from), min(o.at, o.told)
	c.r.state.CompareAndSwap(int32(Paused), int32(Running))
	c.notes.changed = true
	c.quiet.from(p.to)
}

// erase writes the fill over what is in the file already.
func (c *work) erase(from, to int64) {
	if c.seal != nil {
		return // what is not settled is filled when it is written
	}
	step := int64(stageSamples / c.format.Channels)
	to = min(to, c.stored)
	for ; from < to; from += step {
		c.ensureStage()
		end := min(to, from+step)
		out := c.w.stage[:(end-from)*int64(c.format.Channels)]
		c.fillPauses(out, from, end)
		if _, err := c.file.WriteAt(c.encode(out), c.offset(from)); err != nil {
			c.fail("write over a pause", err)
			return
		}
	}
}

// paused tells whether a position is in a pause, and where that changes.
func (c *work) paused(pos int64) (bool, int64) {
	for i := len(c.pauses) - 1; i >= 0; i-- {
		p := c.pauses[i]
		if pos >= p.to {
			if i == len(c.pauses)-1 {
				return false, none
			}
			return false, c.pauses[i+1].from
		}
		if pos >= p.from {
			return true, p.to
		}
	}
	if len(c.pauses) > 0 {
		return false, c.pauses[0].from
	}
	return false, none
}

// beside is what of a stretch without sound does not begin or end in a pause: there nobody
// listened.
func (c *work) beside(at, length int64) (int64, int64) {
	end := at + length
	if in, until := c.paused(at); in {
		at = min(until, end)
	}
	for _, p := range c.pauses {
		if p.from < end && end <= p.to {
			end = max(p.from, at)
		}
	}
	return at, end - at
}

// fillPauses puts the fill into interleaved samples where the recording is paused.
func (c *work) fillPauses(out []int16, from, to int64) {
	if len(c.pauses) == 0 {
		return
	}
	channels := int64(c.format.Channels)
	for at := from; at < to; {
		in, until := c.paused(at)
		until = min(until, to)
		if in {
			c.fill(out[(at-from)*channels:(until-from)*channels], at)
		}
		at = until
	}
}

// toneHz and toneLevel are the soft tone: -30 dBFS.
const (
	toneHz    = 440
	toneLevel = 1036
)

func (c *work) fill(out []int16, at int64) {
	if c.r.spec.Fill == Silence {
		clear(out)
		return
	}
	channels, rate := c.format.Channels, float64(c.format.Rate)
	for i := 0; i < len(out); i += channels {
		phase := float64((at+int64(i/channels))%int64(c.format.Rate)) * toneHz / rate
		v := int16(toneLevel * math.Sin(2*math.Pi*phase))
		for k := range channels {
			out[i+k] = v
		}
	}
}
