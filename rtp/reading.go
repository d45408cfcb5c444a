package rtp

import "time"

// Reading returns the timestamp, in units of the far end's clock, of the sample that
// is heard at the beginning of this tick. It is false in a tick that began no packet:
// nothing came, or what was read before fills it. Like ReadPacket it is for the
// tick's thread, after the reader.
func (s *Session) Reading() (timestamp uint32, ok bool) { return s.jitter.head, s.jitter.told }

// Waited returns how long before the tick a packet that a tap is shown came in, at
// most two seconds. It counts from when the tick should have been: of a tick that is late
// there may be packets that came after that, and have waited for less than nothing. A step
// of the system's clock does not count.
func (s *Session) Waited(p *Packet) time.Duration {
	waited := min(max(s.shard.wall-p.Arrival, 0), int64(2*time.Second))
	return time.Duration(waited - s.shard.late)
}
