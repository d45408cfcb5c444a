package timeline

// store keeps payloads that are not settled yet, one behind the other.
type store struct {
	bytes []byte
	live  int // bytes in use
	limit int
	roomy int // times in a row that it was emptied and had held little
}

const (
	storeStep  = 512
	smallStore = 2048 // what a store keeps when it is empty
	patience   = 8    // turns until room that is not needed is given back
)

// put keeps a payload and tells where; false: there is no room.
func (s *store) put(payload []byte) (at int32, ok bool) {
	if len(s.bytes)+len(payload) > s.limit {
		return 0, false
	}
	at = int32(len(s.bytes))
	if need := at + int32(len(payload)); int(need) > cap(s.bytes) {
		s.grow(int(need))
	}
	s.bytes = append(s.bytes, payload...)
	s.live += len(payload)
	return at, true
}

// grow makes room by small steps: thousands of stores hold little each.
func (s *store) grow(need int) {
	s.resize(max(need, cap(s.bytes)*5/4))
}

func (s *store) resize(need int) {
	room := make([]byte, len(s.bytes), (need+storeStep-1)/storeStep*storeStep)
	copy(room, s.bytes)
	s.bytes = room
}

func (s *store) get(h *held) []byte { return s.bytes[h.at:][:h.size] }

func (s *store) drop(h *held) {
	s.live -= int(h.size)
	h.size = 0
}

// relax gives back, in the end, the room that is not needed. used is what was.
func (s *store) relax(used int) {
	if cap(s.bytes) <= smallStore || used*5/4+storeStep > cap(s.bytes) {
		s.roomy = 0
		return
	}
	if s.roomy++; s.roomy > patience {
		s.resize(max(smallStore, used))
		s.roomy = 0
	}
}

// tidy closes the gaps between what the track still holds.
func (t *track) tidy(w *work) {
	s := &t.store
	used := len(s.bytes)
	switch s.live {
	case 0:
		s.bytes = s.bytes[:0]
	case used:
		return
	default:
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
	s.relax(used)
}
