package load

import (
	"encoding/binary"
	"sync/atomic"
	"time"
)

const (
	rtpHeader  = 12
	lateAfter  = int64(20 * time.Millisecond)
	maxMedia   = int64(10 * time.Second) // a larger step of the timestamp is a new start
	maxDropout = 3000                    // RFC 3550 appendix A.1
)

// stream is the RTP of one call. After it is given to the poller, the poller
// alone reads and counts; the sender alone touches out.
type stream struct {
	index   int
	fd      int
	port    int
	codec   codec
	pts     [2]uint64 // audio payload types that are counted, a bit each
	ptime   time.Duration
	began   int64 // when the call was answered, ns of the wall clock
	remote  atomic.Pointer[sockaddr]
	stopped atomic.Int64  // when the call ended, ns; 0: it is up
	users   atomic.Int32  // threads that still hold the socket
	pulsed  *atomic.Int64 // send time of the last pulse; nil: the call sends a tone

	in  reception
	out transmission
}

// reception follows the sequence of one SSRC.
type reception struct {
	started   bool
	ssrc      uint32
	first     int64 // extended sequence numbers
	top       int64
	seen      uint64 // bit i: top-i has come
	unique    int64
	lastAt    int64
	lastTS    uint32
	media     int64 // ns of audio since the start, by timestamps
	startAt   int64
	origin    int64 // least delay so far: the deadline line
	inWindow  uint64
	overflow  uint32 // packets that our own socket buffer refused
	keepalive int64
	heard     bool
}

func (s *stream) counts(pt uint8) bool { return s.pts[pt>>6&1]&(1<<(pt&63)) != 0 }

func (s *stream) allow(pt uint8) { s.pts[pt>>6&1] |= 1 << (pt & 63) }

// meter sums up all streams of one poller, which owns it.
type meter struct {
	windowFrom, windowTo atomic.Int64 // ns of the wall clock; 0: not yet
	steady, outside      histogram    // deviation of inter-arrival from ptime
	first                histogram    // answer to first packet
	totals               totals
}

type totals struct {
	Received, Lost, Duplicates, Reordered, Restarts uint64
	Late, LateOutside, Other, Bad, Overflow         uint64
	InWindow                                        uint64
	Expected                                        float64
	Heard, WithPackets                              int
}

func (m *meter) inside(at int64) bool {
	from, to := m.windowFrom.Load(), m.windowTo.Load()
	return from != 0 && at >= from && (to == 0 || at < to)
}

// packet counts one datagram: its first bytes and its arrival by the kernel.
func (s *stream) packet(b []byte, at int64, m *meter) {
	if len(b) < rtpHeader || b[0]>>6 != 2 {
		m.totals.Bad++
		return
	}
	if !s.counts(b[1] & 0x7f) {
		m.totals.Other++
		return
	}
	r := &s.in
	m.totals.Received++
	if m.inside(at) {
		r.inWindow++
	}
	sequence := binary.BigEndian.Uint16(b[2:])
	timestamp := binary.BigEndian.Uint32(b[4:])
	ssrc := binary.BigEndian.Uint32(b[8:])
	if !r.heard {
		r.heard = soundIn(b[rtpHeader:])
	}
	if !r.started || ssrc != r.ssrc {
		s.restart(ssrc, sequence, timestamp, at, m)
		return
	}
	step := int64(int16(sequence - uint16(r.top)))
	switch {
	case step > maxDropout || step < -maxDropout:
		s.restart(ssrc, sequence, timestamp, at, m)
	case step > 0:
		r.seen = shift(r.seen, step) | 1
		r.top += step
		r.unique++
		s.space(timestamp, at, m)
	default:
		r.old(-step, &m.totals)
	}
}

func shift(bits uint64, n int64) uint64 {
	if n >= 64 {
		return 0
	}
	return bits << n
}

func (r *reception) old(back int64, t *totals) {
	if back >= 64 || r.seen&(1<<back) != 0 {
		t.Duplicates++
		return
	}
	r.seen |= 1 << back
	r.unique++
	t.Reordered++
}

// restart begins a new SSRC or a sequence that does not follow the last one.
func (s *stream) restart(ssrc uint32, sequence uint16, timestamp uint32, at int64, m *meter) {
	r := &s.in
	if r.started {
		m.totals.Restarts++
		r.settle(&m.totals)
	} else {
		m.totals.WithPackets++
		m.first.add(at - s.began)
	}
	r.started, r.ssrc = true, ssrc
	r.first, r.top, r.seen, r.unique = int64(sequence), int64(sequence), 1, 1
	r.rebase(timestamp, at)
}

func (r *reception) rebase(timestamp uint32, at int64) {
	r.lastAt, r.lastTS = at, timestamp
	r.startAt, r.media, r.origin = at, 0, 0
}

// settle adds what is missing of the sequence so far.
func (r *reception) settle(t *totals) {
	if lost := r.top - r.first + 1 - r.unique; r.started && lost > 0 {
		t.Lost += uint64(lost)
	}
}

// space measures a packet that came in order: the gap to the last one against
// the audio between them, and its delay against the least delay seen so far.
func (s *stream) space(timestamp uint32, at int64, m *meter) {
	r := &s.in
	media := int64(int32(timestamp-r.lastTS)) * int64(time.Second) / int64(s.codec.clockRate)
	if media <= 0 || media > maxMedia {
		m.totals.Restarts++
		r.rebase(timestamp, at)
		return
	}
	deviation := at - r.lastAt - media
	r.media += media
	r.lastAt, r.lastTS = at, timestamp
	delay := at - r.startAt - r.media
	r.origin = min(r.origin, delay)
	late := delay-r.origin > lateAfter
	if m.inside(at) {
		m.steady.add(max(deviation, -deviation))
		m.totals.Late += one(late)
		return
	}
	m.outside.add(max(deviation, -deviation))
	m.totals.LateOutside += one(late)
}

func one(b bool) uint64 {
	if b {
		return 1
	}
	return 0
}

// soundIn says whether a payload is more than the few values of silence.
func soundIn(payload []byte) bool {
	var set [4]uint64
	kinds := 0
	for _, b := range payload {
		if set[b>>6]&(1<<(b&63)) == 0 {
			set[b>>6] |= 1 << (b & 63)
			kinds++
		}
	}
	return kinds >= 8
}

// finish adds a stream to the totals once, when its call or the run is over.
func (s *stream) finish(m *meter) {
	from, to := m.windowFrom.Load(), m.windowTo.Load()
	if ended := s.stopped.Load(); ended != 0 && ended < to {
		to = ended
	}
	from = max(from, s.began)
	if from != 0 && to > from && m.windowFrom.Load() != 0 {
		m.totals.Expected += float64(to-from) / float64(s.ptime)
	}
	m.totals.InWindow += s.in.inWindow
	m.totals.Overflow += uint64(s.in.overflow)
	if s.in.heard {
		m.totals.Heard++
	}
	s.in.settle(&m.totals)
}
