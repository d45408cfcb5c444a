package timeline

import (
	"time"

	"rms/media"
)

// Packet is one RTP packet as it came, or as we sent it. Arrival is its time on the
// recording's time line, negative when it came before the recording began.
type Packet struct {
	Payload     []byte
	Timestamp   uint32
	Sequence    uint16
	SSRC        uint32
	PayloadType uint8
	Marker      bool
	Arrival     time.Duration
}

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

// Gap is a stretch without audio.
type Gap struct {
	At, Length int64 // in samples of Options.Rate
	Packets    int   // that are missing
	Reason     string
}

// Reasons of a Gap.
const (
	Loss   = "loss"   // packets never came
	Late   = "late"   // packets came when their place was settled
	DTX    = "dtx"    // the far end sent no audio for a moment, or comfort noise
	Silent = "silent" // nothing came for long: hold, mute
	Jump   = "jump"   // the stream began anew: its timestamps or its source changed
)

// Stats counts what happened to a Line.
type Stats struct {
	Packets    uint64  // of audio, duplicates and late ones too
	Lost       uint64  // never came within the window
	Late       uint64  // came after it
	Duplicates uint64  // came again
	Unknown    uint64  // of unknown payload types
	Stray      uint64  // of another source or time, not believed
	Restarts   uint64  // of the stream: a new source, a jump of its timestamps
	SkewPPM    float64 // of the far end's clock: positive when it runs slow
}

// Line places the packets of one stream. It is used by one goroutine at a time.
type Line struct {
	o Options
}

// New returns a Line that knows no codec yet.
func New(o Options) *Line { return &Line{o: o} }

// SetCodec says what a payload type means from now on. Other payload types stay
// known.
func (l *Line) SetCodec(pt uint8, c media.Codec) { _, _ = pt, c }

// Anchor says that the sample with this timestamp is at this position of the time
// line: a jitter buffer read it there. Only the first one after a start or restart of
// the stream counts.
func (l *Line) Anchor(timestamp uint32, at int64) { _, _ = timestamp, at }

// Write takes a packet, in the order of arrival. It keeps nothing of p.
func (l *Line) Write(p *Packet) { _ = p }

// Take gives out what begins before the position until, which is the time line's now.
// What comes late is given out by a later Take, at its older position.
func (l *Line) Take(until int64, s Sink) { _, _ = until, s }

// Finish gives out everything, and waits for nothing more. The line is used up.
func (l *Line) Finish(until int64, s Sink) { _, _ = until, s }

// Settled returns the position before which nothing is ever placed again.
func (l *Line) Settled() int64 { return 0 }

// Gaps yields the gaps that became final since the last call, in order.
func (l *Line) Gaps(yield func(Gap)) { _ = yield }

// Stats returns the counts so far.
func (l *Line) Stats() Stats { return Stats{} }
