package filter

import "sync/atomic"

// playMarks carries marks from those who set them to the tick. Their numbers count
// up; the place is the number modulo the size.
type playMarks struct {
	ring   [MaxMarks]playMark
	tail   atomic.Uint32 // number of the next mark; moved by who holds the Playout's lock
	head   atomic.Uint32 // number of the first that waits; moved by the tick
	before atomic.Uint32 // marks with a lower number were cleared
	last   int64         // samples heard at the mark that was reached last; the tick's
}

type playMark struct {
	name string
	at   int64 // position of the sample behind it
}

func (m *playMarks) waiting() int { return int(m.tail.Load() - m.head.Load()) }

// add appends a mark; false when too many wait.
func (m *playMarks) add(name string, at int64) bool {
	tail := m.tail.Load()
	if tail-m.head.Load() >= MaxMarks {
		return false
	}
	m.ring[tail%MaxMarks] = playMark{name: name, at: at}
	m.tail.Store(tail + 1)
	return true
}

// clear takes all marks away that wait now.
func (m *playMarks) clear() { m.before.Store(m.tail.Load()) }

// report tells of the marks that a tick reached: it plays the samples from one
// position to another, and heard samples were played before it.
func (p *Playout) report(from, to, heard int64) {
	m := &p.marks
	for i := m.head.Load(); i != m.tail.Load(); i++ {
		mark := m.ring[i%MaxMarks]
		cleared := int32(m.before.Load()-i) > 0
		if !cleared && mark.at > to {
			return
		}
		offset := int64(0)
		if !cleared {
			offset = max(mark.at-from, 0)
		}
		m.ring[i%MaxMarks].name = ""
		m.head.Store(i + 1)
		played := heard + offset - m.last
		m.last += played
		if p.o.OnMark != nil {
			p.o.OnMark(MarkEvent{Name: mark.name, Offset: int(offset), Cleared: cleared, Played: p.duration(played)})
		}
	}
}
