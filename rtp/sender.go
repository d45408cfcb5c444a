package rtp

import (
	"time"

	"rms/media"
)

// sender is the filter that ends a graph's way to the far end. Each tick takes
// one frame of encoded audio, or nil for silence.
type sender struct {
	s    *Session
	tick time.Duration

	clock    uint32 // timestamp of the tick
	units    uint32 // timestamp units of a tick
	sequence uint16
	silent   bool  // nothing was sent in the last tick: the next packet gets the marker
	voiced   bool  // the last audio was sent
	rate     int32 // of the clock, in Hz

	pendingAt uint32 // timestamp of the first sample of pending
	pending   []byte // what is too short for a packet yet
	size      int    // bytes of payload in a packet; 0: one packet per frame
	perByte   int    // bits on the wire per timestamp unit, all channels
	encoding  string // of frames that are sent as they are

	packets, bytes uint32 // since the SSRC began, for sender reports
	lastSent       int64  // mono ns of the last packet; -1: none
}

// Name names the filter in a graph's picture.
func (f *sender) Name() string { return "rtp send" }

// Prepare sets the length of a tick.
func (f *sender) Prepare(tick time.Duration) {
	f.tick = tick
	f.configure()
}

// Placed tells the session its shard.
func (f *sender) Placed(shard int) { f.s.place(shard) }

// Skip advances the timestamp by ticks that the clock gave up.
func (f *sender) Skip(ticks int) {
	f.flush()
	f.shift(uint32(ticks) * f.units)
	f.clock += uint32(ticks) * f.units
	f.silent = true
}

// configure derives sizes from the session's codec and ptime, between ticks.
func (f *sender) configure() {
	c := &f.s.config
	if e := c.Codec.Encoding(); e != f.encoding {
		f.drop() // of the codec before
		f.encoding = e
	}
	f.rescale(int(f.rate), c.Codec.ClockRate)
	f.rate = int32(c.Codec.ClockRate)
	f.units = unitsOf(f.tick, c.Codec.ClockRate)
	f.perByte = c.Codec.Bits * max(c.Codec.Channels, 1)
	f.size = int(unitsOf(c.Ptime, c.Codec.ClockRate)) * f.perByte / 8
	if f.size > MaxPacket-headerSize {
		f.size = MaxPacket - headerSize
	}
	if need := f.size + int(f.units)*f.perByte/8; f.size > 0 && cap(f.pending) < need && c.Ptime != f.tick {
		f.pending = append(make([]byte, 0, need), f.pending...)
	}
}

func unitsOf(d time.Duration, rate int) uint32 {
	return uint32(int64(d) * int64(rate) / int64(time.Second))
}

// Process sends what became due in this tick.
func (f *sender) Process(in, _ []*media.Frame) {
	var frame *media.Frame
	if len(in) > 0 {
		frame = in[0]
	}
	f.step(frame)
	if f.s.marks != nil {
		f.settleTick()
	}
	f.clock += f.units
}

func (f *sender) step(frame *media.Frame) {
	s := f.s
	switch {
	case s.closed.Load() || !s.config.Send || !s.remote[Media].Usable():
		f.pending = f.pending[:0]
		f.silent, f.voiced = true, false
	case s.digitsOut.busy():
		f.flush()
		f.voiced = f.voiced && (frame == nil || len(frame.Payload) == 0)
		f.digit()
	case frame == nil || len(frame.Payload) == 0:
		f.flush()
		f.silent = true
	case frame.Encoding != "" && frame.Encoding != f.encoding:
		s.count.mismatched.Add(1)
		f.flush()
		f.silent, f.voiced = true, false
	default:
		f.audio(frame)
	}
}

// audio cuts the frame into packets of the session's ptime.
func (f *sender) audio(frame *media.Frame) {
	if frame.Marker {
		f.silent = true
	}
	b := frame.Payload
	if f.size == 0 || (len(f.pending) == 0 && len(b) == f.size) {
		f.send(f.clock, b)
		return
	}
	at := f.clock
	if len(f.pending) > 0 {
		n := min(f.size-len(f.pending), len(b))
		f.pending = append(f.pending, b[:n]...)
		b = b[n:]
		if len(f.pending) < f.size {
			return
		}
		at = f.pendingAt + f.unitsIn(f.size)
		f.flush()
	}
	for len(b) >= f.size {
		f.send(at, b[:f.size])
		at += f.unitsIn(f.size)
		b = b[f.size:]
	}
	if len(b) > 0 {
		f.pending = append(f.pending[:0], b...)
		f.pendingAt = at
	}
}

func (f *sender) unitsIn(bytes int) uint32 { return uint32(bytes * 8 / max(f.perByte, 1)) }

// flush sends what waits as a short packet.
func (f *sender) flush() {
	if len(f.pending) == 0 {
		return
	}
	f.send(f.pendingAt, f.pending)
	f.pending = f.pending[:0]
}

// drop forgets what waits.
func (f *sender) drop() {
	if len(f.pending) == 0 {
		return
	}
	f.pending = f.pending[:0]
	f.voiced = false
	if f.s.marks != nil {
		f.settle(f.clock, false)
	}
}

func (f *sender) send(timestamp uint32, payload []byte) {
	p := &f.s.shard.sent
	*p = Packet{PayloadType: f.s.config.PayloadType, Marker: f.silent, Timestamp: timestamp, Payload: payload}
	f.silent = false
	f.voiced = f.put(p)
	if f.s.marks != nil && f.perByte > 0 {
		f.settle(timestamp+f.unitsIn(len(payload)), f.voiced)
	}
}

// digit sends a packet of a key. Audio waits: the next packet begins a talk spurt.
func (f *sender) digit() {
	s := f.s
	timestamp, marker, send := s.digitsOut.tick(f.clock, f.tick, s.config.DTMFRate)
	f.silent = true
	if !send {
		return
	}
	p := &s.shard.sent
	*p = Packet{PayloadType: s.config.DTMFType, Marker: marker, Timestamp: timestamp, Payload: s.digitsOut.payload[:]}
	f.put(p)
}

// put numbers the packet and hands it to the shard's outbox; false: it is too big.
func (f *sender) put(p *Packet) bool {
	s := f.s
	p.Sequence, p.SSRC, p.Arrival = f.sequence, s.ssrc, s.shard.wall
	f.sequence++
	size := headerSize + len(p.Payload)
	if size > MaxPacket {
		s.count.mismatched.Add(1)
		return false
	}
	out := &s.shard.out
	b := out.room(size)
	p.marshal(b)
	out.put(s, Media, b)
	f.packets++
	f.bytes += uint32(len(p.Payload))
	f.lastSent = s.shard.mono
	s.count.packetsOut.Add(1)
	s.count.bytesOut.Add(uint64(len(p.Payload)))
	if s.tapSent != nil {
		s.tapSent(p)
	}
	return true
}
