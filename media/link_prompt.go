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

// errResigned ends the goroutine of a link whose sink has caught up.
var errResigned = errors.New("the ring is empty and its sink is prompt")

// attend writes what waits for a prompt sink, on a goroutine that others share. What
// would wait, and the end, go to a goroutine of the link's own.
func (l *Link) attend() {
	own := true
	err := guard(func() error {
		for {
			b, lost, end := l.ring.poll()
			if b == nil && !end {
				own = false
				return nil
			}
			l.held, l.gap = b, lost
			if end || !l.tryHeld() {
				return nil
			}
			l.giveBack()
		}
	})
	switch {
	case err != nil:
		go l.over(err)
	case own:
		l.run()
	}
}

// tryHeld writes the block at hand and the gap before it.
func (l *Link) tryHeld() bool {
	f := &l.held.frame
	if !l.prompt.Prompt() {
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

// lostFrame tells of the gap before f.
func (l *Link) lostFrame(f *Frame) *Frame {
	l.lost = Frame{
		Format: f.Format, Encoding: f.Encoding, PayloadType: f.PayloadType, Lost: true, Samples: l.gap,
	}
	return &l.lost
}

// run gives the link a goroutine of its own.
func (l *Link) run() { go l.drain() }
