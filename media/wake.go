package media

import "time"

// wakeList holds the rings whose readers have something to do, until the end of a
// clock's phase. Waking them together lets the packets of the phase leave first, and
// is cheaper: one thread that wakes up finds work for many. A nil list wakes at once.
// It belongs to the thread that ticks.
type wakeList struct {
	rings  []*ring // that goroutines of their own read
	links  []*Link // with prompt sinks
	swift  []*Link // those of them that are written on this thread
	writer *writer // for the others; nil: all are written on this thread
	now    func() time.Duration
	until  time.Duration // when this thread has to be done, by now
}

// swiftTurn is how many links are written between two looks at the clock.
const swiftTurn = 8

// add has r read. waits: a goroutine of its link does, when it is told.
func (w *wakeList) add(r *ring, waits bool) {
	switch {
	case w == nil && waits:
		r.signal()
	case w == nil:
		r.prompt.run() // no clock ticks the graph
	case waits:
		w.rings = append(w.rings, r)
	default:
		w.links = append(w.links, r.prompt)
	}
}

// flush wakes all.
func (w *wakeList) flush() {
	for i, r := range w.rings {
		r.signal()
		w.rings[i] = nil
	}
	w.rings = w.rings[:0]
	if len(w.links) == 0 {
		return
	}
	if w.writer != nil {
		w.share()
	} else {
		for _, l := range w.links {
			l.attend()
		}
	}
	clear(w.links)
	w.links = w.links[:0]
}

// share writes what takes no time at all, and leaves the rest to the writer, as well as
// what there is no time left for.
func (w *wakeList) share() {
	slow := 0
	for _, l := range w.links {
		if l.swift {
			w.swift = append(w.swift, l)
			continue
		}
		w.links[slow] = l
		slow++
	}
	if slow > 0 {
		w.writer.give(w.links[:slow])
	}
	for i, l := range w.swift {
		if i%swiftTurn == 0 && w.now() >= w.until {
			for _, late := range w.swift[i:] {
				late.keep()
			}
			w.writer.give(w.swift[i:])
			break
		}
		if !l.attendNow() {
			w.writer.give(w.swift[i : i+1])
		}
	}
	clear(w.swift)
	w.swift = w.swift[:0]
}
