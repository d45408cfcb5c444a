package media

// wakeList holds the rings whose readers have something to do, until the end of a
// clock's phase. Waking them together lets the packets of the phase leave first, and
// is cheaper: one thread that wakes up finds work for many. A nil list wakes at once.
// It belongs to the thread that ticks.
type wakeList struct {
	rings  []*ring // that goroutines of their own read
	links  []*Link // with prompt sinks
	writer *writer // for those; nil: they are written on this thread
}

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
		w.writer.give(w.links)
	}
	for i, l := range w.links {
		if w.writer == nil {
			l.attend()
		}
		w.links[i] = nil
	}
	w.links = w.links[:0]
}
