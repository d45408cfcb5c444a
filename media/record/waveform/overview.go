// Package waveform draws recordings: a lane for each side with its pauses, gaps and
// marks, and who spoke how much. A file is read once; an overview of some thousand bins
// is all that is kept of it, however long it is, and pictures of every size and form are
// drawn from that.
//
//	o, err := waveform.Read(ctx, file, size, waveform.ReadOptions{})
//	err = o.SVG(w, waveform.Picture{Title: "a call"})
package waveform

import (
	"math"
	"time"
)

// maxBins bounds the bins of a side. When they are full each two become one, so that
// there are never fewer than half as many once a file is longer than maxBins blocks.
const maxBins = 4096

// Bin is what a stretch of one side holds.
type Bin struct {
	Low, High int16   // the lowest and the highest sample
	Power     float32 // mean of the squared samples
}

func (b *Bin) join(c Bin) {
	b.Low, b.High = min(b.Low, c.Low), max(b.High, c.High)
	b.Power = (b.Power + c.Power) / 2
}

// Overview is what pictures are drawn from.
type Overview struct {
	Rate    int     // samples a second
	Samples int64   // of each side
	Step    int64   // samples in a bin
	Sides   [][]Bin // of each side, all of one length
	Talk    Talk
}

// Duration is the length of the recording.
func (o *Overview) Duration() time.Duration {
	if o.Rate <= 0 {
		return 0
	}
	rate := int64(o.Rate)
	return time.Duration(o.Samples/rate)*time.Second + time.Duration(o.Samples%rate)*time.Second/time.Duration(rate)
}

// Peak is the largest sample of all sides, from 0 to 32768.
func (o *Overview) Peak() int {
	peak := 0
	for _, side := range o.Sides {
		for _, b := range side {
			peak = max(peak, int(b.High), -int(b.Low))
		}
	}
	return peak
}

// Columns gives the bins of one side as so many columns, each with the extremes of what
// falls into it.
func (o *Overview) Columns(side, n int) []Bin {
	bins := o.Sides[side]
	if n <= 0 || len(bins) == 0 || o.Step <= 0 {
		return nil
	}
	whole := float64(o.Samples) / float64(o.Step) // the last bin may be a short one
	out := make([]Bin, n)
	for i := range out {
		from := int(float64(i) * whole / float64(n))
		to := int(math.Ceil(float64(i+1) * whole / float64(n)))
		out[i] = span(bins, from, to)
	}
	return out
}

// span joins bins, at least one.
func span(bins []Bin, from, to int) Bin {
	from = min(max(from, 0), len(bins)-1)
	to = min(max(to, from+1), len(bins))
	whole := bins[from]
	sum := float64(whole.Power)
	for _, b := range bins[from+1 : to] {
		whole.Low, whole.High = min(whole.Low, b.Low), max(whole.High, b.High)
		sum += float64(b.Power)
	}
	whole.Power = float32(sum / float64(to-from))
	return whole
}

// builder makes an overview of blocks of 10 ms.
type builder struct {
	o      *Overview
	merge  int   // blocks in a bin
	filled int   // blocks in the last bin
	last   []Bin // of each side, not yet in the overview
}

func newBuilder(rate, channels int) *builder {
	o := &Overview{Rate: rate, Sides: make([][]Bin, channels)}
	return &builder{o: o, merge: 1, last: make([]Bin, channels)}
}

// block is what all sides hold in the next n samples.
func (b *builder) block(sides []Bin, n int) {
	b.o.Samples += int64(n)
	for c, s := range sides {
		if b.filled == 0 {
			b.last[c] = s
			continue
		}
		l := &b.last[c]
		l.Low, l.High = min(l.Low, s.Low), max(l.High, s.High)
		l.Power += (s.Power - l.Power) / float32(b.filled+1)
	}
	if b.filled++; b.filled == b.merge {
		b.push()
	}
}

// push moves the last bin into the overview, and halves that when it is full.
func (b *builder) push() {
	for c := range b.o.Sides {
		b.o.Sides[c] = append(b.o.Sides[c], b.last[c])
	}
	b.filled = 0
	if len(b.o.Sides[0]) < maxBins {
		return
	}
	for c, bins := range b.o.Sides {
		for i := range maxBins / 2 {
			bins[i] = bins[2*i]
			bins[i].join(bins[2*i+1])
		}
		b.o.Sides[c] = bins[:maxBins/2]
	}
	b.merge *= 2
}

// finish returns the overview.
func (b *builder) finish(blockLength int) *Overview {
	if b.filled > 0 {
		b.push()
	}
	b.o.Step = int64(b.merge) * int64(blockLength)
	return b.o
}
