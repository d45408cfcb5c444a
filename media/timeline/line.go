package timeline

import (
	"time"

	"rms/media"
)

// Options of a Line.
type Options struct {
	// Rate of the PCM that is given out, in Hz.
	Rate int
	// Delay is how long after the arrival of the fastest packets a received stream
	// is placed: the nominal depth of a jitter buffer. 0: 20 ms.
	Delay time.Duration
	// Ours says that we send the stream: its timestamps are exact, nothing is estimated.
	Ours bool
	// Window is how late a packet may come and still be placed. 0: 1.5 s.
	Window time.Duration
}

// Sink takes what a Line places.
type Sink interface {
	// Place is given mono PCM and its position on the time line, in samples. The
	// position may be before earlier ones, when a hole is filled or a region is
	// placed anew, but never before what Settled said. pcm is valid during the call.
	Place(at int64, pcm []int16)
}

// Stats counts what happened to a Line.
type Stats struct {
	Packets    uint64  // of audio, duplicates and late ones too
	Lost       uint64  // never came within the window
	Late       uint64  // came after it
	Duplicates uint64  // came again
	Unknown    uint64  // of unknown payload types
	Stray      uint64  // of another source or time, not believed
	Dropped    uint64  // too big, or more than a stream of this codec may bring
	Restarts   uint64  // of the stream: a new source, a jump of its timestamps
	SkewPPM    float64 // of the far end's clock: positive when it runs slow
}

// Line places the packets of one stream. It is used by one goroutine at a time.
type Line struct {
	o       Options
	rate    int64
	delay   int64 // ns
	window  int64 // ns
	codings []*coding

	now, old *track // old waits for what may come late
	spare    *track
	doubt    doubt
	anchor   anchor // that came before its packets

	lag      int64 // ns from the fastest packets' arrival to where they are placed
	lagKnown bool  // by the first track: later ones keep it

	clock int64 // ns, the latest arrival
	until int64
	floor int64 // Settled
	end   int64 // position behind the last audio settled
	heard bool  // audio was settled
	gaps  []Gap
	stats Stats
}

// anchor is what Anchor said.
type anchor struct {
	timestamp uint32
	at        int64
	set       bool
}

const (
	defaultDelay  = 20 * time.Millisecond
	defaultWindow = 1500 * time.Millisecond
	mostCodings   = 32
	mostPosition  = int64(1) << 46 // beyond any recording, and small enough to compute with
	mostTime      = int64(1) << 55
)

// New returns a Line that knows no codec yet.
func New(o Options) *Line {
	if o.Rate < 1000 || o.Rate > 384000 {
		o.Rate = 8000
	}
	if o.Delay <= 0 {
		o.Delay = defaultDelay
	}
	if o.Window <= 0 {
		o.Window = defaultWindow
	}
	l := &Line{o: o, rate: int64(o.Rate), delay: int64(o.Delay), window: int64(min(o.Window, 10*time.Second))}
	if o.Ours {
		l.delay = 0
	}
	l.lag = l.delay
	return l
}

// SetCodec says what a payload type means from now on. Other payload types stay
// known.
func (l *Line) SetCodec(pt uint8, c media.Codec) {
	k := newCoding(pt, c)
	for i, known := range l.codings {
		if known.pt != pt {
			continue
		}
		if known.codec.Name != c.Name || known.codec.ClockRate != c.ClockRate || known.channels != k.channels {
			l.codings[i] = k
		}
		return
	}
	if len(l.codings) < mostCodings {
		l.codings = append(l.codings, k)
	}
}

func (l *Line) coding(pt uint8) *coding {
	for _, k := range l.codings {
		if k.pt == pt {
			return k
		}
	}
	return nil
}

// Settled returns the position before which nothing is ever placed again.
func (l *Line) Settled() int64 { return l.floor }

// Stats returns the counts so far.
func (l *Line) Stats() Stats {
	s := l.stats
	if l.now != nil {
		s.SkewPPM = l.now.drift.slope * 1e6
	}
	return s
}

// time is the latest that the line was told of, in ns.
func (l *Line) time() int64 { return max(l.clock, l.ns(l.until)) }

// ns is the time of a position.
func (l *Line) ns(at int64) int64 {
	whole := floorDiv(at, l.rate)
	return whole*int64(time.Second) + (at-whole*l.rate)*int64(time.Second)/l.rate
}

// samples is the position nearest to a time.
func (l *Line) samples(ns int64) int64 {
	second := int64(time.Second)
	whole := floorDiv(ns, second)
	return whole*l.rate + ((ns-whole*second)*l.rate+second/2)/second
}
