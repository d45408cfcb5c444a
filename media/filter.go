package media

import (
	"io"
	"time"
)

// Filter does one step of the work on audio, once a tick. in[i] is nil where the
// input has no audio this tick; the filter sets each out[i] to a frame of its own,
// to one of its inputs (pass through), or to nil for no audio. Process never
// blocks and never allocates; it may keep neither in nor out, and does not write to in.
type Filter interface {
	Process(in, out []*Frame)
}

// Preparer is a Filter that wants to know the length of a tick. Prepare is called
// when the filter is added to a graph and when the graph's tick changes, between
// ticks. It may allocate.
type Preparer interface {
	Prepare(tick time.Duration)
}

// Placed is a Filter that wants to know its clock shard. Placed is called on the
// shard's goroutine before the filter's first tick there.
type Placed interface {
	Placed(shard int)
}

// Skipper is a Filter that must know when its clock fell behind and gave up some
// ticks: it advances its RTP timestamp, and its next packet gets the marker.
type Skipper interface {
	Skip(ticks int)
}

// Formatted is a Filter with fixed formats, which the graph checks when it is
// built. The zero Format means any for In, and the same as the input for Out.
type Formatted interface {
	In() Format
	Out() Format
}

// Late is a converter whose output is some time behind its input.
type Late interface {
	Late() time.Duration
}

// Aligner is a Filter whose inputs must stay in step. Align is called between ticks,
// each time the graph was built, with how late the converter on each input is; 0 for
// none. It may allocate; it may not keep late.
type Aligner interface {
	Align(late []time.Duration)
}

// Listened is a Filter that may leave work out while nobody reads its outputs. Heard is
// called between ticks, each time the graph was built.
type Listened interface {
	Heard(yes bool)
}

// Named is a Filter with a name for the graph's picture and its errors. Filters
// without one go by their type.
type Named interface {
	Name() string
}

// Source is where audio comes from that may block: a file, a socket. Its Read runs
// in the goroutine of a link. It fills f, whose slices have storage from the last
// call; io.EOF ends the source after its last frame was delivered.
type Source interface {
	Read(f *Frame) error
	io.Closer
}

// Sink is where audio goes that may block: a file, a socket. Its Write runs in the
// goroutine of a link; f is only valid during the call. A Lost frame stands for
// Samples that a full ring dropped there. Close may be called while Write blocks,
// and makes it return.
type Sink interface {
	Write(f *Frame) error
	io.Closer
}
