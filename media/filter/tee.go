package filter

import "rms/media"

// Tee gives its input to all its outputs. A pin may have several readers without
// it; a tee is for filters that are to be put in later on one way only.
type Tee struct{}

// NewTee returns a tee; Graph.Add says how many outputs it has.
func NewTee() Tee { return Tee{} }

// Name returns "tee".
func (Tee) Name() string { return "tee" }

// Process passes the frame.
func (Tee) Process(in, out []*media.Frame) {
	for i := range out {
		out[i] = in[0]
	}
}
