package media

// wakeList holds the rings whose goroutines have something to do, until the end of a
// clock's phase. Waking them together lets the packets of the phase leave first, and
// is cheaper: one thread that wakes up finds work for many goroutines. A nil list
// wakes at once. It belongs to the thread that ticks.
type wakeList struct{ rings []*ring }

func (w *wakeList) add(r *ring) {
	if w == nil {
		r.signal()
		return
	}
	w.rings = append(w.rings, r)
}

// flush wakes all.
func (w *wakeList) flush() {
	for i, r := range w.rings {
		r.signal()
		w.rings[i] = nil
	}
	w.rings = w.rings[:0]
}
