package rtp

// slotSizes are the sizes of packet slots in bytes: 20 ms of G.711, 60 ms of it,
// and everything else.
var slotSizes = [...]int{192, 512, MaxPacket}

// slotChunk is how many slots are made at once.
const slotChunk = 16

// slot holds the payload of one packet while it waits.
type slot struct {
	data []byte // whole capacity
	n    int
	next *slot
}

// slotPool lends slots to the jitter buffers of one shard, so that a session that
// hears nothing holds none.
type slotPool struct {
	free [len(slotSizes)]*slot
}

func (p *slotPool) get(payload []byte) *slot {
	class := 0
	for class < len(slotSizes)-1 && slotSizes[class] < len(payload) {
		class++
	}
	if p.free[class] == nil {
		p.grow(class)
	}
	s := p.free[class]
	p.free[class] = s.next
	s.next = nil
	s.n = copy(s.data, payload)
	return s
}

func (p *slotPool) grow(class int) {
	size := slotSizes[class]
	room := make([]byte, size*slotChunk)
	slots := make([]slot, slotChunk)
	for i := range slots {
		slots[i].data = room[i*size : (i+1)*size : (i+1)*size]
		p.put(&slots[i])
	}
}

func (p *slotPool) put(s *slot) {
	for class, size := range slotSizes {
		if len(s.data) == size {
			s.next = p.free[class]
			p.free[class] = s
			return
		}
	}
}

func (s *slot) payload() []byte { return s.data[:s.n] }
