package rtp

import "errors"

// MaxMarks is how many calls of AfterSent, and how many of AfterReceived, may wait.
const MaxMarks = 64

// ErrMarks says that too many calls of AfterSent wait.
var ErrMarks = errors.New("too many marks wait for their packet, at most 64")

// marks are what a session tells about single packets. Only sessions that were asked
// have some.
type marks struct {
	sent     []sentMark
	received []receivedMark
}

// sentMark waits until the sample before a timestamp was sent.
type sentMark struct {
	timestamp uint32
	call      func(sequence uint16, sent bool)
}

// receivedMark waits until the far end reports a packet.
type receivedMark struct {
	sequence uint16
	call     func()
}

// Position returns the timestamp that the first sample of the next frame given to the
// Sender will have. Like the two methods below it is for the tick's thread.
func (s *Session) Position() uint32 { return s.sender.clock }

// AfterSent has f called, on the tick's thread, as soon as the packet with the sample
// before a timestamp is in the outbox: at once when it was before. sent is false, and
// sequence that of the packet before, when the sample goes nowhere: on hold, without
// an address, or because a key was sent in its place. A sample of silence counts as
// sent with the audio before it. The timestamp follows when the clock skips ticks or
// the clock rate changes. Close drops what waits. The error is ErrMarks.
func (s *Session) AfterSent(timestamp uint32, f func(sequence uint16, sent bool)) error {
	m := s.needMarks()
	if len(m.sent) >= MaxMarks {
		return ErrMarks
	}
	m.sent = append(m.sent, sentMark{timestamp, f})
	s.sender.settle(s.sender.reached(), s.sender.voiced)
	return nil
}

// AfterReceived has f called when a report of the far end (RFC 3550 section 6.4.1)
// says that it has heard the stream up to a packet of ours. Of more than MaxMarks that
// wait, the oldest is dropped. Close drops all.
func (s *Session) AfterReceived(sequence uint16, f func()) {
	m := s.needMarks()
	if len(m.received) >= MaxMarks {
		m.received = m.received[:copy(m.received, m.received[1:])]
	}
	m.received = append(m.received, receivedMark{sequence, f})
}

func (s *Session) needMarks() *marks {
	if s.marks == nil {
		s.marks = &marks{}
	}
	return s.marks
}

// reached is the timestamp up to which samples are settled: what comes later is still
// to be given, or waits to fill a packet.
func (f *sender) reached() uint32 {
	if len(f.pending) > 0 {
		return f.pendingAt
	}
	return f.clock
}

// settle calls what waits for samples before a timestamp.
func (f *sender) settle(before uint32, sent bool) {
	m := f.s.marks
	for i := 0; i < len(m.sent); {
		mark := m.sent[i]
		if int32(mark.timestamp-before) > 0 {
			i++
			continue
		}
		m.sent = append(m.sent[:i], m.sent[i+1:]...)
		mark.call(f.sequence-1, sent)
	}
}

// settleTick is settle at the end of a tick, before the clock goes on.
func (f *sender) settleTick() {
	before := f.clock + f.units
	if len(f.pending) > 0 {
		before = f.pendingAt
	}
	f.settle(before, f.voiced)
}

// shift moves the marks that lie ahead by ticks in which nothing was sent.
func (f *sender) shift(units uint32) {
	if f.s.marks == nil {
		return
	}
	for i := range f.s.marks.sent {
		if m := &f.s.marks.sent[i]; int32(m.timestamp-f.clock) > 0 {
			m.timestamp += units
		}
	}
}

// rescale moves the marks that lie ahead to another clock rate.
func (f *sender) rescale(from, to int) {
	if f.s.marks == nil || from == 0 || from == to {
		return
	}
	for i := range f.s.marks.sent {
		m := &f.s.marks.sent[i]
		if ahead := int32(m.timestamp - f.clock); ahead > 0 {
			m.timestamp = f.clock + uint32(int64(ahead)*int64(to)/int64(from))
		}
	}
}

// reported calls what waits for packets up to the highest that a report names.
// Numbers are compared by their distance from the packet that is next, so that waits
// of any length are in order; a number that was not sent yet means nothing.
func (s *Session) reported(highest uint32) {
	m := s.marks
	if m == nil || len(m.received) == 0 {
		return
	}
	last := s.sender.sequence - 1
	behind := last - uint16(highest)
	if behind > 1<<15 {
		return
	}
	for i := 0; i < len(m.received); {
		mark := m.received[i]
		if last-mark.sequence < behind {
			i++
			continue
		}
		m.received = append(m.received[:i], m.received[i+1:]...)
		mark.call()
	}
}

// forgetMarks drops all that waits.
func (s *Session) forgetMarks() {
	if s.marks != nil {
		s.marks.sent, s.marks.received = nil, nil
	}
}
