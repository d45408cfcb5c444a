package record

import (
	"time"

	"rms/media/record/ledger"
	"rms/media/timeline"
)

// notes are what the sidecar will tell. Gaps are kept small: a bad call has many.
type notes struct {
	gaps    []note
	marks   []markNote
	omitted int
	changed bool // since the sidecar was written: what a crash must not lose
	news    bool // what is good to have, too
	broken  bool
}

type note struct {
	at      int64
	length  int64
	packets int32
	side    int8
	reason  uint8
}

type markNote struct {
	at   int64
	text string
}

const (
	maxGaps  = 20000
	maxMarks = 1000
	maxText  = 1000
)

// disk is the reason of gaps that are not the network's.
const disk = "disk"

var reasons = [...]string{timeline.Loss, timeline.Late, timeline.DTX, timeline.Silent, timeline.Jump, disk}

func reasonNumber(reason string) uint8 {
	for i, r := range reasons {
		if r == reason {
			return uint8(i)
		}
	}
	return 0
}

func (n *notes) mark(at int64, text string) {
	if len(n.marks) >= maxMarks {
		n.omitted++
		return
	}
	n.marks = append(n.marks, markNote{at, text[:min(len(text), maxText)]})
	n.changed = true
}

// drop is a stretch in which the queue was full, in samples. Packets that were dropped
// then are missing a little behind it, too: their sound is placed later than they came.
type drop struct {
	from, to int64
	packets  int
	told     [2]bool // a gap was found for the side
}

// dropReachMS is how far behind the time a packet came its sound may lie.
const dropReachMS = 500

func (c *work) drop(b *batch) {
	d := drop{c.samples(b.drop.from), c.samples(b.drop.to), b.lost, [2]bool{}}
	c.drops = append(c.drops, d)
	if len(c.drops) > 64 {
		c.drops = c.drops[1:]
	}
}

// startMost is how long a side may be silent before its first packet without a gap being
// told: each stream begins a moment behind the recording.
const startMost = 250 * time.Millisecond

// gap notes what a line missed; if the queue was full just then, that is why.
func (c *work) gap(side int, g timeline.Gap) {
	reach := int64(c.format.Rate) * dropReachMS / 1000
	for i := range c.drops {
		if d := &c.drops[i]; g.At < d.to+reach && g.At+g.Length > d.from {
			g.Reason = disk
			d.told[side] = true
		}
	}
	if g.Reason == timeline.Silent && g.At <= 0 && c.duration(g.At+g.Length) < startMost {
		return
	}
	if g.Reason == timeline.Silent || g.Reason == timeline.DTX {
		if g.At, g.Length = c.beside(g.At, g.Length); g.Length <= 0 {
			return
		}
	}
	c.add(Gap{Side: side, At: g.At, Length: g.Length, Packets: g.Packets, Reason: g.Reason})
}

// noteDrops forgets stretches that are long settled.
func (c *work) noteDrops() {
	for len(c.drops) > 0 && c.drops[0].to < c.pos-60*int64(c.format.Rate) {
		c.drops = c.drops[1:]
	}
}

// fallen notes that the disk takes nothing from a position on.
func (c *work) fallen(pos int64) {
	if c.notes.broken {
		return
	}
	c.notes.broken = true
	c.r.store.stats.gaps.Add(1)
	c.tell(Gap{Side: -1, At: c.inFile(pos), Reason: disk})
	c.brokenAt = pos
}

// risen notes that it takes what comes from a position on.
func (c *work) risen(pos int64) {
	if !c.notes.broken {
		return
	}
	c.notes.broken = false
	c.add(Gap{Side: -1, At: c.brokenAt, Length: pos - c.brokenAt, Reason: disk})
}

// add keeps a gap, whose place is on the time line, and tells of it.
func (c *work) add(g Gap) {
	if cut := c.origin - g.At; cut > 0 {
		g.At, g.Length = g.At+cut, g.Length-cut
	}
	if g.Length <= 0 {
		return
	}
	n := &c.notes
	n.news = true
	if len(n.gaps) < maxGaps {
		n.gaps = append(n.gaps, note{g.At, g.Length, int32(min(g.Packets, 1<<30)), int8(g.Side), reasonNumber(g.Reason)})
	} else {
		n.omitted++
	}
	g.At = c.inFile(g.At)
	c.tell(g)
}

func (c *work) tell(g Gap) {
	c.r.tell(func(e Events) { e.Gap(c.r, g) })
}

func (r *Recording) tell(f func(Events)) {
	if r.spec.Events == nil {
		return
	}
	r.events.Lock()
	defer r.events.Unlock()
	if !r.told {
		f(r.spec.Events)
	}
}

// tellFallen tells that the queue is full. The pool's clock does, for the workers may all
// wait for the disk.
func (r *Recording) tellFallen() {
	if at := r.fell.Swap(0); at > 0 {
		samples := r.work.samples(time.Duration(at - 1))
		r.tell(func(e Events) { e.Gap(r, Gap{Side: -1, At: samples + r.shift.Load(), Reason: disk}) })
	}
}

// writeNotes puts the notes into a sidecar. Its places are from the file's start.
func (c *work) writeNotes(s *ledger.Sidecar) {
	ms := func(samples int64) float64 { return float64(samples) * 1000 / float64(c.format.Rate) }
	end := c.pos
	for _, g := range c.notes.gaps {
		from, to := max(g.at, c.origin), min(g.at+g.length, end) // Trim moves both ends
		if from < to {
			s.Gaps = append(s.Gaps, ledger.Gap{
				AtMS: ms(c.inFile(from)), LengthMS: ms(to - from), Side: c.label(int(g.side)),
				Reason: reasons[g.reason], Packets: int(g.packets),
			})
		}
	}
	for _, p := range c.pauses {
		from, to := max(p.from, c.origin), min(p.to, end)
		lasts := p.to == none && c.stop == none
		if from < to || lasts {
			s.Pauses = append(s.Pauses, ledger.Pause{AtMS: ms(c.inFile(from)), LengthMS: ms(max(to-from, 0)), Masked: p.masked, Lasts: lasts})
		}
	}
	for _, m := range c.notes.marks {
		s.Marks = append(s.Marks, ledger.Mark{AtMS: ms(max(c.inFile(m.at), 0)), Text: m.text})
	}
	s.Omitted += c.notes.omitted
}

func (c *work) label(side int) string {
	if side < 0 {
		return ""
	}
	if l := c.r.spec.Labels[side]; l != "" {
		return l
	}
	return [...]string{"caller", "callee"}[side]
}
