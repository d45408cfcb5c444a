package timeline

// store keeps payloads that are not settled yet, one behind the other.
type store struct {
	bytes []byte
	live  int // bytes in use
	limit int
}

// smallStore is what a store keeps when it is empty.
const smallStore = 4096

// put keeps a payload and tells where; false: there is no room.
func (s *store) put(payload []byte) (at int32, ok bool) {
	if len(s.bytes)+len(payload) > s.limit {
		return 0, false
	}
	at = int32(len(s.bytes))
	s.bytes = append(s.bytes, payload...)
	s.live += len(payload)
	return at, true
}

func (s *store) get(h *held) []byte { return s.bytes[h.at:][:h.size] }

func (s *store) drop(h *held) {
	s.live -= int(h.size)
	h.size = 0
}

// empty forgets all, and most of its room when there is much.
func (s *store) empty() {
	s.live = 0
	if cap(s.bytes) > 2*smallStore && len(s.bytes) < cap(s.bytes)/4 {
		s.bytes = make([]byte, 0, cap(s.bytes)/2)
	}
	s.bytes = s.bytes[:0]
}

// tidy closes the gaps between what the track still holds.
func (t *track) tidy(w *work) {
	s := &t.store
	if s.live == 0 {
		s.empty()
		return
	}
	if s.live == len(s.bytes) {
		return
	}
	w.bytes = w.bytes[:0]
	for seq := t.next; seq < t.end; seq++ {
		if h := t.slot(seq); h.size > 0 {
			at := int32(len(w.bytes))
			w.bytes = append(w.bytes, s.get(h)...)
			h.at = at
		}
	}
	s.bytes = append(s.bytes[:0], w.bytes...)
}
