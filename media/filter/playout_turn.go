package filter

import (
	"time"

	"rms/media"
)

const (
	playFade = 5 * time.Millisecond // of what begins or ends in the middle of a sound
	// playQuiet is the first sample that needs no fade: -42 dBFS.
	playQuiet = 256
	// claimTries is how often a tick tries to get ahead of writers that drop.
	claimTries = 16
	// trimTime is how long a live queue must have been too long before it is cut.
	trimTime = 2 * time.Second
)

// playoutTurn is what the tick of a Playout knows.
type playoutTurn struct {
	front   *playBlock // of the chain; nil without one
	start   int64      // position of front's first sample
	next    int64      // where head was left
	heard   int64      // samples played
	playing bool
	seam    bool // the next sample does not follow the last
	cleared uint32
	waited  int64 // samples of silence since something waits

	past []int16 // what was played last, as long as a fade
	tail []int16 // what fades out, already faded
	tick time.Duration
	pcm  []int16
	out  media.Frame

	low   int64         // the least that waited since
	since time.Duration // this long
}

// Prepare makes room for a tick.
func (p *Playout) Prepare(tick time.Duration) {
	t := &p.turn
	t.tick = tick
	t.pcm = room(t.pcm, p.o.Format.Samples(tick))
	if n := max(p.o.Format.Samples(playFade), 2); cap(t.tail) < n {
		t.tail, t.past = make([]int16, 0, n), make([]int16, n)
	}
	t.out = media.Frame{PCM: t.pcm, Format: p.o.Format}
}

// Process plays one tick.
func (p *Playout) Process(_, out []*media.Frame) {
	t := &p.turn
	was := t.playing
	at, n, queued := p.claim()
	sound := n > 0 || len(t.tail) > 0
	if sound {
		p.fill(at, n)
	}
	if t.playing && n < len(t.pcm) {
		sound = p.runDry(n, sound)
	}
	p.report(at, t.next, t.heard)
	t.heard += int64(n)
	if was && !t.playing && p.o.OnEmpty != nil {
		p.o.OnEmpty()
	}
	if !t.playing && queued > 0 {
		t.waited += int64(len(t.pcm))
	}
	p.tidy()
	out[0] = nil
	if sound {
		out[0] = &t.out
	}
}

// claim takes the samples that this tick plays: n from a position on. queued is what
// waited before.
func (p *Playout) claim() (at int64, n int, queued int64) {
	t := &p.turn
	for range claimTries {
		head, written := p.head.Load(), p.written.Load()
		if t.front == nil && written > t.next {
			t.front, t.start = p.store.first, p.store.begin
		}
		p.follow(head, written)
		at, queued = head, written-head
		t.playing = t.playing || queued > 0 && (queued >= p.prebuffer || t.waited >= p.prebuffer)
		if n = 0; t.playing {
			n = int(min(queued, int64(len(t.pcm))))
		}
		if n == 0 || p.head.CompareAndSwap(head, head+int64(n)) {
			t.next = head + int64(n)
			return at, n, queued
		}
	}
	return t.next, 0, queued
}

// follow notices that head was moved: what would have come next fades out, and after
// Clear the queue begins anew.
func (p *Playout) follow(head, written int64) {
	t := &p.turn
	if head == t.next {
		return
	}
	cleared := p.cleared.Load()
	if t.playing && !t.seam {
		t.fadeOut(t.next, written)
		t.seam = true
	}
	if cleared != t.cleared {
		t.cleared = cleared
		t.playing, t.waited = false, 0
	}
	t.next = head
	t.since = 0
}
