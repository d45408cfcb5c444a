package call

import (
	"errors"
	"slices"
	"strings"

	"rms/media/filter"
	"rms/media/wire/audiostream"
)

// The names of marks in a playout tell who set them: the far end, else the script.
const markFar = "\x01"

const maxMarkName = 256

// How a mark ended, in the field "state" of its event.
const (
	MarkPlayed   = "played"   // its last sample was sent
	MarkReceived = "received" // the far end's RTCP report covers that packet
	MarkCleared  = "cleared"  // the audio before it was dropped
)

// mark sets a mark behind the audio that waits to be played.
func (s *stream) mark(name string) error {
	switch {
	case s.waiting():
		return errors.New("the stream has no media yet")
	case name == "" || len(name) > maxMarkName || strings.ContainsAny(name, markFar):
		return errors.New("a mark has a name of 1 to 256 bytes")
	}
	s.play()
	if err := s.life.playout.Mark(name); err != nil {
		return err
	}
	s.marks = append(s.marks, name)
	return nil
}

// clearMarks tells of the marks that nobody will reach any more.
func (s *stream) clearMarks() {
	marks := s.marks
	s.marks = nil
	for _, name := range marks {
		s.call.emit(s.markEvent(name, MarkCleared, -1, 0))
	}
}

// markEvent makes the event of a mark; seq below 0: no packet carried it.
func (s *stream) markEvent(name, state string, seq int, played int64) *Event {
	fields := []Field{{"name", s.name}, {"mark", name}, {"state", state}}
	if seq >= 0 {
		fields = append(fields, Field{"seq", int64(seq)})
	}
	if state != MarkReceived {
		fields = append(fields, Field{"played_ms", played})
	}
	return &Event{Name: EventStreamMark, Fields: fields}
}

// marked takes a mark from the playout, on the thread of the clock. It is played
// when the packet with the last sample before it has left.
func (v *streamLife) marked(m filter.MarkEvent) {
	played := m.Played.Milliseconds()
	r := v.leg.rtp
	if m.Cleared || r == nil {
		state := MarkPlayed
		if m.Cleared {
			state = MarkCleared
		}
		v.reached(m.Name, state, -1, played)
		return
	}
	rate := v.playout.Out().Rate
	at := r.session.Position() + uint32(m.Offset*r.session.Config().Codec.ClockRate/rate)
	err := r.session.AfterSent(at, func(seq uint16, sent bool) {
		if !sent {
			v.reached(m.Name, MarkPlayed, -1, played)
			return
		}
		v.reached(m.Name, MarkPlayed, int(seq), played)
		r.session.AfterReceived(seq, func() { v.reached(m.Name, MarkReceived, int(seq), 0) })
	})
	if err != nil {
		v.reached(m.Name, MarkPlayed, -1, played)
	}
}

// reached tells who set a mark what became of it.
func (v *streamLife) reached(name, state string, seq int, played int64) {
	s := v.s
	v.telling.Add(1)
	told := func(error) { v.telling.Add(-1) }
	_ = v.call.box.must(func() {
		text, far := strings.CutPrefix(name, markFar)
		if state != MarkReceived && !far {
			i := slices.Index(s.marks, name)
			if i < 0 {
				told(nil)
				return // the stream ended first
			}
			s.marks = slices.Delete(s.marks, i, i+1)
			s.call.forgetTail(s)
		}
		s.call.emitThen(s.markEvent(text, state, seq, played), nil, told)
		if far && state != MarkReceived {
			how := audiostream.MarkPlayed
			if state == MarkCleared {
				how = audiostream.MarkCleared
			}
			_ = v.out.put(saying{text: audiostream.MarkBody(text, how)})
		}
	})
}
