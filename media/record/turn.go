package record

import (
	"time"

	"rms/media/timeline"
)

// turn takes what waits and writes it. Only one goroutine does it at a time; who finds
// it busy leaves word.
func (r *Recording) turn(w *worker) {
	for {
		if !r.turns.TryLock() {
			r.again.Store(true)
			return
		}
		r.again.Store(false)
		if r.State() != Stopped {
			r.work.w = w
			r.work.turn()
			r.work.w = nil
		}
		r.turns.Unlock()
		if !r.again.Load() {
			return
		}
	}
}

func (c *work) turn() {
	r := c.r
	if !c.opened && !c.open() {
		c.end()
		return
	}
	now := r.Position()
	b := r.q.take(now)
	c.obey(&b, now)
	b.release(&r.store.mem)
	until := c.samples(now - margin)
	if c.stop != none {
		until = c.stop
		for side := range c.lanes {
			c.lanes[side].pcm.flush()
		}
	}
	c.advance(until)
	c.noteGaps()
	c.again()
	c.limits()
	c.head()
	c.firm()
	c.refresh()
	if c.stop != none {
		r.state.Store(int32(Stopping))
		c.finish()
	}
}

// obey goes through what was taken. What is told for a place on the time line holds
// first; the rest in the order in which it was put.
func (c *work) obey(b *batch, now time.Duration) {
	if b.lost > 0 {
		c.drop(b)
	}
	for k := range b.orders {
		c.placed(&b.orders[k])
	}
	var i item
	var n uint64
	orders := b.orders
	for block := b.head; block != nil; block = block.next {
		for rest := block.data()[:block.n]; len(rest) > 0; n++ {
			for len(orders) > 0 && orders[0].after <= n {
				c.order(&orders[0])
				orders = orders[1:]
			}
			rest = i.parse(rest)
			c.catchUp(min(i.at, now))
			c.take(&i)
		}
	}
	for k := range orders {
		c.order(&orders[k])
	}
}

// stride is how much sound, in parts of a second, a line may be given before it is taken
// from: what thousands of lines keep is small.
const stride = 12

// catchUp places what came before, when a stride has gone by.
func (c *work) catchUp(at time.Duration) {
	if until := min(c.samples(at-margin), c.bound()); until-c.stageTo >= int64(c.format.Rate)/stride {
		c.reach(until)
	}
}

func (c *work) take(i *item) {
	l := &c.lanes[i.side]
	if !c.r.spec.Sides.Has(l.side) {
		return
	}
	switch i.kind {
	case packetItem:
		l.start()
		if !l.ours && c.cameInPause(i.at) {
			i.payload = nil // its number only, so that nothing is missed
		}
		l.packet(&timeline.Packet{
			Payload: i.payload, Timestamp: i.timestamp, Sequence: i.sequence, SSRC: i.ssrc,
			PayloadType: i.pt, Marker: i.marker, Arrival: i.at,
		})
	case pcmItem:
		l.pcm.take(c, i)
	case anchorItem:
		l.start().Anchor(i.timestamp, c.samples(i.at))
	}
}

func (c *work) order(o *order) {
	l := &c.lanes[o.side]
	switch o.kind {
	case lineOrder:
		l.renew(o.ours, o.at, c.samples(c.r.Position()))
	case codecOrder:
		l.setCodec(o.pt, o.codec)
	}
}

// placed obeys an order that is for a place on the time line, or for none.
func (c *work) placed(o *order) {
	switch o.kind {
	case pauseOrder:
		c.pause(o)
	case resumeOrder:
		c.resume(o)
	case markOrder:
		c.notes.mark(c.samples(o.at), o.text)
	case noteOrder:
		o.change(&c.r.spec.Sidecar)
		c.notes.changed = true
	case stopOrder:
		if c.stop == none {
			c.stopAt(c.samples(o.at), o.text)
		}
	}
}

func (c *work) stopAt(pos int64, reason string) {
	c.stop, c.reason = max(pos, c.origin), reason
	if c.seal != nil { // what is encrypted stays
		c.stop = max(c.stop, c.pos)
	}
}

// advance places and writes what is before a position.
func (c *work) advance(until int64) {
	c.reach(min(until, c.bound()))
	c.flush()
}

// bound is the position behind which nothing is recorded.
func (c *work) bound() int64 { return min(c.stop, c.most()) }

// reach places what is before a position. A stage that is full is written.
func (c *work) reach(until int64) {
	step := int64(stageSamples / c.format.Channels)
	for c.stageTo < until {
		if c.stageTo >= c.pos+step {
			c.flush()
		}
		c.stretch(min(until, c.pos+step))
		for side := range c.lanes {
			if l := &c.lanes[side]; c.r.spec.Sides.Has(side) {
				l.give(c.stageTo)
			}
		}
	}
}

// stretch makes the stage longer, with silence.
func (c *work) stretch(to int64) {
	c.ensureStage()
	from, n := int(c.stageTo-c.pos)*c.format.Channels, int(to-c.pos)*c.format.Channels
	c.w.stage = c.w.stage[:n]
	clear(c.w.stage[from:])
	c.stageTo = to
}

// flush writes the stage.
func (c *work) flush() {
	if c.stageTo == c.pos {
		return
	}
	if c.kept != nil {
		c.kept.write(c)
	} else {
		c.fillPauses(c.w.stage, c.pos, c.stageTo)
		c.write(c.pos, c.w.stage)
	}
	c.pos = c.stageTo
	c.quiet.trim(c)
}

// limits stops the recording when it is long enough, or quiet for long.
func (c *work) limits() {
	switch {
	case c.stop != none:
	case c.pos >= c.most():
		reason := "max"
		if b := c.r.spec.MaxBytes; b > 0 && (c.pos-c.origin+1)*c.frame > b {
			reason = "size"
		}
		c.stopAt(c.most(), reason)
	case c.r.store.tooFull():
		c.stopAt(c.pos, "disk")
	default:
		if at, over := c.quiet.over(c); over {
			c.stopAt(at, "silence")
		}
	}
}

// most is the position that the recording ends at by its limits.
func (c *work) most() int64 {
	most := int64(none)
	if d := c.r.spec.Max; d > 0 {
		most = c.origin + c.samples(d)
	}
	if b := c.r.spec.MaxBytes; b > 0 {
		most = min(most, c.origin+b/c.frame)
	}
	return most
}

func (s *Store) tooFull() bool { return s.free.Load() < s.o.MinFree }

// retryAfter is how long a turn leaves a disk alone that failed.
const retryAfter = time.Second
