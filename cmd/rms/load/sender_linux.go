package load

import (
	"sync/atomic"
	"time"
)

const (
	sendStep    = 5 * time.Millisecond // packets leave in phases of this
	sendCatchUp = 3                    // steps made up after a stall, then the rest is skipped
)

// sender paces the RTP of two-way calls on one thread with absolute deadlines.
type sender struct {
	inbox
	streams []*stream
	audio   []byte // one second of encoded tone, sent round and round
	pulses  pulses // what probed calls send instead
	late    histogram
	skipped uint64
	sent    uint64
	pulsed  uint64
	quit    atomic.Bool
	done    <-chan struct{}
}

func newSender(c codec) *sender { return &sender{audio: toneOf(c), pulses: newPulses(c)} }

func (s *sender) start() { s.done = startThread(0, s.run) }

func (s *sender) stop() {
	s.quit.Store(true)
	<-s.done
}

func (s *sender) run() {
	packet := make([]byte, 0, 2048)
	next := monotonic()
	for step := 0; !s.quit.Load(); step++ {
		next += int64(sendStep)
		sleepUntil(next)
		late := monotonic() - next
		if behind := late / int64(sendStep); behind > sendCatchUp {
			s.skipped += uint64(behind)
			next += behind * int64(sendStep)
			step += int(behind)
		}
		s.late.add(late)
		s.streams = append(s.streams, s.take()...)
		s.turn(step, packet)
	}
	for _, st := range append(s.streams, s.take()...) {
		st.release()
	}
}

func (s *sender) turn(step int, packet []byte) {
	ended := false
	for _, st := range s.streams {
		every := int(st.ptime / sendStep)
		if (step+st.index)%every != 0 {
			continue
		}
		ended = ended || st.stopped.Load() != 0
		to := st.remote.Load()
		if to == nil || st.stopped.Load() != 0 {
			continue
		}
		if sendTo(st.fd, s.next(st, packet, (step+st.index)/every), to) != nil {
			continue
		}
		s.sent++
	}
	if ended {
		s.drop()
	}
}

// next writes the packet that is due in a slot of the stream's time: header and a slice of
// the tone. What was skipped is missing on the time line too, as of a microphone.
func (s *sender) next(st *stream, packet []byte, slot int) []byte {
	size := st.codec.payloadSize(st.ptime)
	samples := uint32(st.codec.samples(st.ptime))
	if st.out.sent == 0 {
		st.out.first = slot
	}
	b := st.out.header(packet[:0], st, uint32(slot-st.out.first)*samples, st.out.sent == 0)
	st.out.sent++
	audio := s.audio
	if st.pulsed != nil {
		audio = s.pulses.audio
	}
	if st.out.offset+size > len(audio) {
		st.out.offset = 0
	}
	if st.pulsed != nil && s.pulses.begins(st.out.offset, st.out.offset+size) {
		st.pulsed.Store(time.Now().UnixNano())
		s.pulsed++
	}
	b = append(b, audio[st.out.offset:st.out.offset+size]...)
	st.out.offset += size
	return b
}

func (s *sender) drop() {
	kept := s.streams[:0]
	for _, st := range s.streams {
		if st.stopped.Load() != 0 {
			st.release()
			continue
		}
		kept = append(kept, st)
	}
	clear(s.streams[len(kept):])
	s.streams = kept
}
