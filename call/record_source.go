package call

import (
	"time"

	"rms/media"
	"rms/media/timeline"
	"rms/rtp"
)

// source gives a feed the packets of one direction of an RTP session: what the far end
// sends, after the latch and before the jitter buffer, or what we send. It belongs to
// the clock's thread.
type source struct {
	feed    *feed
	session *rtp.Session
	side    int
	ours    bool
	apart   bool          // placed by arrival alone, not where our jitter buffer read it
	deaf    bool          // the far end is not to send: what it sends nevertheless is not recorded
	delay   time.Duration // of a jitter buffer that holds as little as it may
	untap   func(*tap)
	tap     tap
	codecs  []payload
	usual   uint8 // the payload type of the agreement, of audio
	bits    int   // of a sample of its clock, all channels; 0: it has no audio
	clock   int   // Hz
	packet  timeline.Packet

	reading uint32 // the last that the session told, at readAt
	readAt  time.Duration
	read    bool
	end     uint32        // behind the newest packet
	ahead   time.Duration // what came and is to be heard after this tick
}

// payload is what a payload type means.
type payload struct {
	pt    uint8
	codec media.Codec
}

// reread is how far what a jitter buffer reads may move from one tick to the next before
// it is taken for another stream, or another time line of the same.
const reread = 250 * time.Millisecond

// hear adds the packets that a line receives to the feed, as one side.
func (f *feed) hear(r *rtpLine, side int) {
	s := f.source(r, side)
	r.tapIn(&s.tap)
}

// hearApart is hear for one of several streams that the far end sends at the same time.
// Their jitter buffers may be of different depth, but the fastest packets of all took
// the same time.
func (f *feed) hearApart(r *rtpLine, side int) {
	s := f.source(r, side)
	s.apart = true
	r.tapIn(&s.tap)
}

// say adds the packets that a line sends.
func (f *feed) say(r *rtpLine, side int) {
	s := f.source(r, side)
	s.ours = true
	r.tapOut(&s.tap)
}

func (f *feed) source(r *rtpLine, side int) *source {
	c := r.session.Config()
	s := &source{feed: f, session: r.session, side: side, delay: c.JitterMin, untap: r.untap}
	s.learn(&c)
	s.tap.packet = s.take
	f.sources = append(f.sources, s)
	for _, t := range f.takers {
		s.introduce(t)
	}
	return s
}

// learn notes what payload types mean by an agreement. Those of agreements before stay
// known: packets of theirs may be on the way.
func (s *source) learn(c *rtp.Config) {
	s.deaf = !c.Receive
	s.usual, s.bits, s.clock = c.PayloadType, bitsOf(&c.Codec), c.Codec.ClockRate
	s.know(payload{c.PayloadType, c.Codec})
	if c.CNType != 0 {
		s.know(payload{c.CNType, soundless("CN", c.Codec.ClockRate)}) // RFC 3389
	}
	if c.DTMFType != 0 {
		s.know(payload{c.DTMFType, soundless("telephone-event", c.DTMFRate)}) // RFC 4733
	}
}

// soundless is a codec whose packets hold no audio: there is silence meanwhile, and
// nothing is missing.
func soundless(name string, rate int) media.Codec {
	return media.Codec{Name: name, PT: -1, ClockRate: rate, Rate: rate, Channels: 1}
}

func (s *source) know(p payload) {
	for i := range s.codecs {
		if s.codecs[i].pt == p.pt {
			s.codecs[i] = p
			return
		}
	}
	s.codecs = append(s.codecs, p)
}

// introduce tells a recording of this side.
func (s *source) introduce(t *taker) {
	t.to.Line(s.side, s.ours, s.delay)
	for _, p := range s.codecs {
		t.to.SetCodec(s.side, p.pt, p.codec)
	}
	t.anchored[s.side] = false
	if s.ours {
		s.anchorOurs(t)
	}
}

// anchorOurs says, between ticks, where the next sample that we send is.
func (s *source) anchorOurs(t *taker) {
	t.anchored[s.side] = true
	t.to.Anchor(s.side, s.session.Position(), t.when(s.feed.at))
}

// recode takes another agreement between two ticks.
func (s *source) recode(c *rtp.Config) {
	s.learn(c)
	for _, t := range s.feed.takers {
		for _, p := range s.codecs {
			t.to.SetCodec(s.side, p.pt, p.codec)
		}
		t.anchored[s.side] = false
		if s.ours {
			s.anchorOurs(t)
		}
	}
}

// recode tells the recordings of another agreement of a line, on the clock's thread
// between two ticks. There may be no feed.
func (f *feed) recode(r *rtpLine) {
	if f == nil || f.over {
		return
	}
	for _, s := range f.sources {
		if s.session == r.session {
			c := s.session.Config()
			s.recode(&c)
		}
	}
}

// take hands a packet on. Keys are none of a recording's business, nor is what comes from
// a far end that is not to send: of them only the number is, so that nothing is missed.
func (s *source) take(p *rtp.Packet) {
	q := &s.packet
	*q = timeline.Packet{
		Payload: p.Payload, Timestamp: p.Timestamp, Sequence: p.Sequence, SSRC: p.SSRC,
		PayloadType: p.PayloadType, Marker: p.Marker,
	}
	bits := s.bits
	if p.PayloadType != s.usual {
		bits = bitsOf(s.codec(p.PayloadType))
	}
	if bits == 0 || (s.deaf && !s.ours) {
		q.Payload = nil
	} else if end := p.Timestamp + uint32(len(p.Payload)*8/bits); !s.read || int32(end-s.end) > 0 {
		s.end = end
	}
	at := s.feed.at
	if !s.ours {
		at -= s.session.Waited(p)
	}
	for _, t := range s.feed.takers {
		q.Arrival = t.when(at)
		t.to.Packet(s.side, q)
	}
}

// bitsOf is how long a sample is on the wire, with all channels; 0 of what is no audio.
func bitsOf(c *media.Codec) int {
	if c == nil || c.NewDecoder == nil {
		return 0
	}
	return c.Bits * max(c.Channels, 1)
}

// codec is what a payload type means, nil when it is no audio.
func (s *source) codec(pt uint8) *media.Codec {
	for i := range s.codecs {
		if s.codecs[i].pt == pt {
			return &s.codecs[i].codec
		}
	}
	return nil
}

// anchor tells recordings what the jitter buffer reads in this tick, when they do not
// know it yet or a new stream began.
func (s *source) anchor() {
	if s.ours || s.apart {
		return
	}
	s.ahead -= s.feed.tick
	ts, ok := s.session.Reading()
	if !ok {
		return
	}
	moved := time.Duration(int32(ts-s.reading)) * time.Second / time.Duration(s.clock)
	off := moved - (s.feed.at - s.readAt)
	again := s.read && (off > reread || off < -reread)
	if again {
		s.end = ts
	}
	s.reading, s.readAt, s.read = ts, s.feed.at, true
	s.ahead = time.Duration(int32(s.end-ts))*time.Second/time.Duration(s.clock) - s.feed.tick
	for _, t := range s.feed.takers {
		if again || !t.anchored[s.side] {
			t.anchored[s.side] = true
			t.to.Anchor(s.side, ts, t.when(s.feed.at))
		}
	}
}

func (s *source) leave() { s.untap(&s.tap) }
