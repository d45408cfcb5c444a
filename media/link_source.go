package media

import (
	"errors"
	"fmt"
	"io"
	"sync/atomic"
	"time"
)

// sourceFilter plays the ring of a Source into a graph, a tick at a time.
type sourceFilter struct {
	link  *Link
	o     LinkOptions
	ended func(error)
	err   error // why the goroutine ended; read only after ring.take said end

	out     Frame
	pcm     []int16 // storage of out.PCM
	need    int     // int16 of a tick
	have    int     // int16 in pcm
	used    int     // of these, what went out last tick
	cur     *block
	off     int // int16 of cur that were used
	begun   bool
	over    bool
	starved atomic.Uint64
}

// Feed starts a goroutine that reads s and plays it into the graph. ended is
// called, once, on the tick of the last sample, so that what follows it can go on
// without a gap, or on the one after when the end of s is known later: with nil after
// io.EOF, else with the error of s. It must not block. It is not called when the pin
// is removed or the graph closed first.
func (g *Graph) Feed(s Source, o LinkOptions, ended func(error)) (Pin, error) {
	o = o.withDefaults()
	f := &sourceFilter{o: o, ended: ended, pcm: o.First, have: len(o.First)}
	f.o.First = nil
	f.link = newLink(g, o.Name, newRing(g.pool, o.Size, DropNewest), s)
	f.link.source = true
	f.link.starved = f.starved.Load
	if err := f.check(g.TickLength()); err != nil {
		return Pin{}, fmt.Errorf("feed %s: %w", o.Name, err)
	}
	pin, err := g.Add(f, 1)
	if err != nil {
		return Pin{}, fmt.Errorf("feed %s: %w", o.Name, err)
	}
	f.link.pin = pin
	g.own(f.link)
	go f.read(s)
	return pin, nil
}

func (f *sourceFilter) check(tick time.Duration) error {
	if f.o.Format.IsZero() {
		return nil
	}
	if err := f.o.Format.Check(); err != nil {
		return err
	}
	n := f.o.Format.Samples(tick)
	if f.o.Format.Duration(n) != tick {
		return fmt.Errorf("%w: %s has no whole number of samples in a tick of %v: resample it first", ErrFormat, f.o.Format, tick)
	}
	return nil
}

// Name returns the link's name.
func (f *sourceFilter) Name() string {
	if f.o.Name == "" {
		return "source"
	}
	return f.o.Name
}

// In returns the zero Format: a source has no input.
func (f *sourceFilter) In() Format { return Format{} }

// Out returns the format of the source.
func (f *sourceFilter) Out() Format { return f.o.Format }

// Prepare makes room for a tick.
func (f *sourceFilter) Prepare(tick time.Duration) {
	f.need = f.o.Format.Samples(tick)
	pcm := make([]int16, max(f.need, f.have))
	copy(pcm, f.pcm[:f.have])
	f.pcm = pcm
	f.out.Format = f.o.Format
}

// Process delivers one tick, or nothing when the source is late.
func (f *sourceFilter) Process(_, out []*Frame) {
	out[0] = nil
	switch {
	case f.over:
	case f.o.Format.IsZero():
		out[0] = f.payload()
	default:
		out[0] = f.samples()
	}
}

// payload returns the next frame of the source as it is.
func (f *sourceFilter) payload() *Frame {
	if f.cur != nil {
		f.link.ring.pool.put(f.cur)
	}
	var end bool
	f.cur, end = f.link.ring.take()
	if f.cur == nil {
		f.late(end)
		return nil
	}
	f.begun = true
	f.out = f.cur.frame
	return &f.out
}

// samples collects a tick of PCM. A part of a tick waits for the rest, or is
// filled up with zeros when the source has ended.
func (f *sourceFilter) samples() *Frame {
	f.have = copy(f.pcm, f.pcm[min(f.used, f.have):f.have])
	f.used = 0
	end := f.collect()
	if f.have < f.need && (!end || f.have == 0) {
		f.late(end)
		return nil
	}
	if f.have < f.need {
		clear(f.pcm[f.have:f.need])
		f.have = f.need
	}
	f.begun, f.used = true, f.need
	f.out.PCM = f.pcm[:f.need]
	if f.have == f.need && (end || f.drained()) {
		f.end()
	}
	return &f.out
}

// drained reports whether the source has ended and nothing is left of it.
func (f *sourceFilter) drained() (end bool) {
	if f.cur == nil {
		f.cur, end = f.link.ring.take()
	}
	return end && f.cur == nil
}

// collect fills pcm from the ring and reports whether the source has ended.
func (f *sourceFilter) collect() (end bool) {
	for f.have < f.need {
		if f.cur == nil {
			if f.cur, end = f.link.ring.take(); f.cur == nil {
				return end
			}
		}
		n := copy(f.pcm[f.have:f.need], f.cur.frame.PCM[f.off:])
		f.have += n
		f.off += n
		if f.off == len(f.cur.frame.PCM) {
			f.link.ring.pool.put(f.cur)
			f.cur, f.off = nil, 0
		}
	}
	return false
}

// late ends the source, or counts a tick that it missed.
func (f *sourceFilter) late(end bool) {
	if !end {
		if f.begun {
			f.starved.Add(1)
		}
		return
	}
	f.end()
}

func (f *sourceFilter) end() {
	f.over = true
	if f.ended != nil {
		f.ended(f.err)
	}
}

// removed sends the source's goroutine home.
func (f *sourceFilter) removed() {
	if f.cur != nil {
		f.link.ring.pool.put(f.cur)
		f.cur = nil
	}
	f.over = true
	f.link.ring.stop(false)
}

// read runs the source until it ends, fails or is not wanted any more.
func (f *sourceFilter) read(s Source) {
	defer close(f.link.done)
	err := guard(func() error { return f.copy(s) })
	if !errors.Is(err, io.EOF) {
		f.err = err
	}
	f.link.ring.close()
	if err := guard(f.link.shut); err != nil {
		f.link.graph.report(f.Name(), fmt.Errorf("close source: %w", err))
	}
}

func (f *sourceFilter) copy(s Source) error {
	var fr Frame
	for {
		fr.Reset()
		err := s.Read(&fr)
		if e := f.checkFrame(&fr); e != nil {
			return e
		}
		if !f.offer(&fr) || err != nil {
			return err
		}
	}
}

// checkFrame refuses frames that are not what the options promised.
func (f *sourceFilter) checkFrame(fr *Frame) error {
	if len(fr.PCM) > 0 && !fr.Format.IsZero() && fr.Format != f.o.Format {
		return fmt.Errorf("source %s: %w: read %s, promised %s", f.o.Name, ErrFormat, fr.Format, f.o.Format)
	}
	if len(fr.Payload) > maxBlock {
		return fmt.Errorf("source %s: a frame of %d bytes, at most %d fit", f.o.Name, len(fr.Payload), maxBlock)
	}
	return nil
}

// offer copies fr into the ring; false means that nobody wants it.
func (f *sourceFilter) offer(fr *Frame) bool {
	r := f.link.ring
	if f.o.Format.IsZero() {
		if len(fr.Payload) == 0 {
			return !r.gone()
		}
		b := r.lend(func() *block { return r.pool.getBytes(len(fr.Payload)) })
		if b == nil {
			return false
		}
		b.frame = *fr
		b.frame.PCM, b.frame.Payload = nil, b.bytes[:copy(b.bytes, fr.Payload)]
		b.ticks = f.link.graph.tick.Load()
		return r.offer(b)
	}
	for rest := fr.PCM; len(rest) > 0; {
		n := min(len(rest), maxBlock)
		b := r.lend(func() *block { return r.pool.getPCM(n) })
		if b == nil {
			return false
		}
		b.frame = Frame{PCM: b.pcm[:copy(b.pcm, rest[:n])], Format: f.o.Format}
		b.ticks = int64(f.o.Format.Duration(n))
		if !r.offer(b) {
			return false
		}
		rest = rest[n:]
	}
	return !r.gone()
}
