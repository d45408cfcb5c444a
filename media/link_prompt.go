package media

import "errors"

// PromptSink is a Sink that can write without waiting, as long as its far end keeps
// up. Its link has no goroutine then: one of the clock's writes for all such links,
// right after each phase.
type PromptSink interface {
	Sink
	// Prompt reports whether TryWrite may do it now. While it is false the link has a
	// goroutine of its own, which calls Write.
	Prompt() bool
	// TryWrite is Write that never waits. False means that it would, and that nothing
	// of f was taken; Write gets the same frame next.
	TryWrite(f *Frame) bool
}

// InstantSink is a PromptSink that may do without a goroutine of any kind: the thread of
// the clock writes to it once the packets of the phase are out, as long as there is time
// before the next one. It is cheaper than to wake a thread, which would find nothing of
// the call in its cache.
type InstantSink interface {
	PromptSink
	// Instant reports whether TryWrite does nothing that could wait for anybody: one
	// system call that cannot block, and no lock that is held across another.
	Instant() bool
}

// errResigned ends the goroutine of a link whose sink has caught up.
var errResigned = errors.New("the ring is empty and its sink is prompt")

// attend writes what waits for a prompt sink, on a goroutine that others share. What
// would wait, and the end, go to a goroutine of the link's own.
func (l *Link) attend() {
	if i, ok := l.prompt.(InstantSink); ok {
		l.swift = i.Instant()
	}
	l.serve(true)
}

// attendNow is attend on the thread of the clock; false: somebody has the ring right
// now, and the link is for others to go on with.
func (l *Link) attendNow() bool { return l.serve(false) }

// serve writes what waits; wait: also for the ring, which is never held for long.
func (l *Link) serve(wait bool) bool {
	own, done := true, true
	err := guard(func() error {
		if l.direct != nil && !l.tryDirect() {
			return nil
		}
		for {
			b, lost, end, ok := l.ring.poll(wait)
			if done = ok; !ok || b == nil && !end {
				own = false
				return nil
			}
			l.held, l.gap = b, lost
			if end || !l.tryHeld(wait) {
				return nil
			}
			l.giveBack()
		}
	})
	switch {
	case err != nil:
		l.direct = nil
		go l.over(err)
	case own:
		l.swift = false
		l.run()
	}
	return done
}

// tryHeld writes the block at hand and the gap before it; ask: whether it may.
func (l *Link) tryHeld(ask bool) bool {
	f := &l.held.frame
	if ask && !l.prompt.Prompt() {
		return false
	}
	if l.gap > 0 {
		if !l.prompt.TryWrite(l.lostFrame(f)) {
			return false
		}
		l.gap = 0
	}
	return l.prompt.TryWrite(f)
}

// tryDirect writes the frame of this tick, which is still where the graph has it.
func (l *Link) tryDirect() bool {
	if !l.prompt.TryWrite(l.direct) {
		l.keep()
		return false
	}
	l.direct = nil
	l.ring.frames.Add(1)
	return true
}

// keep puts the frame of this tick into the ring after all. The thread of the clock
// calls it before the graph's next tick.
func (l *Link) keep() {
	if f := l.direct; f != nil {
		l.direct = nil
		l.tap.pcm(f)
	}
}

// lostFrame tells of the gap before f.
func (l *Link) lostFrame(f *Frame) *Frame {
	l.lost = Frame{
		Format: f.Format, Encoding: f.Encoding, PayloadType: f.PayloadType, Lost: true, Samples: l.gap,
	}
	return &l.lost
}

// run gives the link a goroutine of its own.
func (l *Link) run() { go l.drain() }

// poll is wait that returns at once. With nothing to read, and more to come, nobody
// reads from then on: the next push calls somebody. Without wait it is not ok while
// somebody else has the lock.
func (r *ring) poll(wait bool) (b *block, lost int, end, ok bool) {
	if wait {
		r.mu.Lock()
	} else if !r.try() {
		return nil, 0, false, false
	}
	defer r.mu.Unlock()
	if r.head != nil {
		b = r.pop()
		lost, r.lost = r.lost+b.gap, 0
		return b, lost, false, true
	}
	end = r.closed || r.stopped
	if end && !r.stopped {
		lost, r.lost, r.lastGap = r.lost+r.lastGap, 0, 0
	}
	r.idle, r.waits = !end, false
	return nil, lost, end, true
}

// claim reports whether the thread of the clock may write to the sink itself, past the
// ring: that is empty, and nobody else has the link.
func (r *ring) claim() bool {
	if r.prompt == nil || r.late != nil || r.gap > 0 || r.wakes == nil || r.wakes.writer == nil || !r.try() {
		return false
	}
	yes := r.idle && !r.waits && r.prompt.swift
	if yes {
		r.idle = false
	}
	r.mu.Unlock()
	return yes
}
