package filter

import (
	"sync/atomic"

	"rms/media"
)

// Void swallows audio and counts the ticks that had some.
type Void struct{ frames atomic.Uint64 }

// NewVoid returns a void.
func NewVoid() *Void { return &Void{} }

// Name returns "void".
func (f *Void) Name() string { return "void" }

// Frames returns how many ticks had audio; any goroutine may ask.
func (f *Void) Frames() uint64 { return f.frames.Load() }

// Process drops the frames.
func (f *Void) Process(in, out []*media.Frame) {
	for _, fr := range in {
		if fr != nil {
			f.frames.Add(1)
		}
	}
	for i := range out {
		out[i] = nil
	}
}
