package media

import (
	"fmt"
	"time"
)

// sinkFilter copies the frames of a graph into the ring of a Sink.
type sinkFilter struct {
	link *Link
	o    LinkOptions
	tick time.Duration
}

// Spawn starts a goroutine that writes the audio of from to s. When s fails, the
// error goes to the graph's OnError and what comes later is dropped and counted.
// Dropped audio shows as one Lost frame whose Samples (per channel) say how much.
func (g *Graph) Spawn(from Pin, s Sink, o LinkOptions) (*Link, error) {
	o = o.withDefaults()
	if o.Silence && o.Format.IsZero() {
		return nil, fmt.Errorf("spawn %s: %w: Silence needs a Format", o.Name, ErrFormat)
	}
	l := newLink(g, o.Name, newRing(g.pool, o.Size, o.Full), s)
	f := &sinkFilter{link: l, o: o}
	pin, err := g.Add(f, 0, from)
	if err != nil {
		return nil, fmt.Errorf("spawn %s: %w", o.Name, err)
	}
	l.pin = pin
	g.own(l)
	go l.drain(s)
	return l, nil
}

// Name returns the link's name.
func (f *sinkFilter) Name() string {
	if f.o.Name == "" {
		return "sink"
	}
	return f.o.Name
}

// In returns the format that the sink asked for.
func (f *sinkFilter) In() Format { return f.o.Format }

// Out returns the zero Format: a sink has no output.
func (f *sinkFilter) Out() Format { return Format{} }

// Prepare keeps the tick.
func (f *sinkFilter) Prepare(tick time.Duration) { f.tick = tick }

// Process copies the frame into the ring.
func (f *sinkFilter) Process(in, _ []*Frame) {
	fr := in[0]
	r := f.link.ring
	r.wakes = f.link.graph.wakes
	switch {
	case fr == nil || (fr.PCM == nil && fr.Payload == nil && !fr.Lost):
		if f.o.Silence {
			f.silence()
		}
	case fr.Payload != nil && f.o.Format.IsZero():
		b := r.pool.getBytes(len(fr.Payload))
		if b == nil {
			r.miss(fr.Samples, f.tick)
			return
		}
		b.frame = *fr
		b.frame.PCM, b.frame.Payload = nil, b.bytes[:copy(b.bytes, fr.Payload)]
		b.ticks = int64(f.tick)
		r.push(b)
	case fr.PCM != nil:
		f.pcm(fr)
	}
}

// pcm copies the decoded audio of fr, in several blocks when it is long.
func (f *sinkFilter) pcm(fr *Frame) {
	r := f.link.ring
	channels := max(fr.Format.Channels, 1)
	step := maxBlock - maxBlock%channels
	for rest := fr.PCM; len(rest) > 0; {
		n := min(len(rest), step)
		b := r.pool.getPCM(n)
		if b == nil {
			r.miss(len(rest)/channels, fr.Format.Duration(len(rest)))
			return
		}
		b.frame = *fr
		b.frame.PCM, b.frame.Payload = b.pcm[:copy(b.pcm, rest[:n])], nil
		b.ticks = int64(fr.Format.Duration(n))
		r.push(b)
		rest = rest[n:]
	}
}

// silence queues a tick of zeros.
func (f *sinkFilter) silence() {
	r := f.link.ring
	n := f.o.Format.Samples(f.tick)
	b := r.pool.getPCM(n)
	if b == nil {
		r.miss(n/f.o.Format.Channels, f.tick)
		return
	}
	clear(b.pcm[:n])
	b.frame = Frame{PCM: b.pcm[:n], Format: f.o.Format}
	b.ticks = int64(f.tick)
	r.push(b)
}

// removed tells the sink's goroutine to write what is queued and end.
func (f *sinkFilter) removed() { f.link.ring.close() }

// drain writes the ring to s until it is closed and empty, or s fails.
func (l *Link) drain(s Sink) {
	defer close(l.done)
	err := guard(func() error { return l.write(s) })
	l.giveBack()
	l.ring.stop(true)
	if e := guard(l.shut); err == nil {
		err = e
	}
	if err != nil {
		l.graph.report(l.name, err)
	}
}

func (l *Link) write(s Sink) error {
	var kind Frame // of the last frame, without audio
	for {
		b, lost := l.ring.wait()
		l.held = b
		if b != nil {
			kind = Frame{Format: b.frame.Format, Encoding: b.frame.Encoding, PayloadType: b.frame.PayloadType}
		}
		if err := writeGap(s, kind, lost); err != nil || b == nil {
			return err
		}
		if err := s.Write(&b.frame); err != nil {
			return err
		}
		l.giveBack()
	}
}

// giveBack returns the block that is being written to the pool.
func (l *Link) giveBack() {
	if l.held != nil {
		l.ring.pool.put(l.held)
		l.held = nil
	}
}

// writeGap writes a Lost frame for samples that were dropped.
func writeGap(s Sink, kind Frame, lost int) error {
	if lost == 0 {
		return nil
	}
	kind.Lost, kind.Samples = true, lost
	return s.Write(&kind)
}
