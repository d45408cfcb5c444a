package rtp

// The outbox is flushed when one of these is full.
const (
	outboxPackets = 1024
	outboxBytes   = 256 << 10
)

// outbox holds the packets that a shard's sessions send in one phase. A packet is
// written into the outbox's own memory, so a session needs no buffer to send.
type outbox struct {
	entries []outgoing
	arena   []byte
	used    int
}

// outgoing is one packet. It keeps its transport open until it was sent.
type outgoing struct {
	session *Session
	data    []byte
	channel Channel
}

// room returns n bytes for a packet that put will send.
func (o *outbox) room(n int) []byte {
	if o.arena == nil {
		o.arena = make([]byte, outboxBytes)
		o.entries = make([]outgoing, 0, outboxPackets)
	}
	if len(o.entries) == outboxPackets || o.used+n > len(o.arena) {
		o.flush()
	}
	return o.arena[o.used : o.used+n : o.used+n]
}

// put queues b, which begins where the last room began.
func (o *outbox) put(s *Session, c Channel, b []byte) {
	o.used += len(b)
	if s.hold != nil {
		s.hold.retain()
	}
	o.entries = append(o.entries, outgoing{session: s, data: b, channel: c})
}

// flush sends everything, in the order in which it was put.
func (o *outbox) flush() {
	for i := range o.entries {
		e := &o.entries[i]
		e.session.transmit(e.channel, e.data)
		if e.session.hold != nil {
			e.session.hold.release()
		}
		e.session = nil
	}
	o.entries = o.entries[:0]
	o.used = 0
}

// drop empties the outbox without sending.
func (o *outbox) drop() {
	for i := range o.entries {
		if s := o.entries[i].session; s.hold != nil {
			s.hold.release()
		}
		o.entries[i].session = nil
	}
	o.entries = o.entries[:0]
	o.used = 0
}
