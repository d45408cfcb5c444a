package media

import (
	"errors"
	"fmt"
	"time"
)

// sinkFilter copies the frames of a graph into the ring of a Sink.
type sinkFilter struct {
	link *Link
	o    LinkOptions
	tick time.Duration
}

// Spawn starts a goroutine that writes the audio of from to s; a PromptSink has one
// only while it would wait. When s fails, the error goes to the graph's OnError and what
// comes later is dropped and counted. Dropped audio shows as one Lost frame whose
// Samples (per channel) say how much.
func (g *Graph) Spawn(from Pin, s Sink, o LinkOptions) (*Link, error) {
	o = o.withDefaults()
	if o.Silence && o.Format.IsZero() {
		return nil, fmt.Errorf("spawn %s: %w: Silence needs a Format", o.Name, ErrFormat)
	}
	l := newLink(g, o.Name, newRing(g.pool, o.Size, o.Full), s)
	l.sink = s
	if p, ok := s.(PromptSink); ok {
		l.prompt, l.ring.prompt, l.ring.idle = p, l, true
	}
	f := &sinkFilter{link: l, o: o}
	l.tap = f
	pin, err := g.Add(f, 0, from)
	if err != nil {
		return nil, fmt.Errorf("spawn %s: %w", o.Name, err)
	}
	l.pin = pin
	g.own(l)
	if l.prompt == nil {
		l.run()
	}
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
	case fr.PCM != nil && fr.Payload == nil && r.claim():
		f.link.direct = fr // it stays as it is until the next tick
		r.wakes.add(r, false)
	case fr.PCM != nil:
		f.pcm(fr)
	}
}

// Skip counts the audio of ticks that the clock gave up as dropped, so that its loss is
// seen and told.
func (f *sinkFilter) Skip(n int) {
	if format := f.o.Format; !format.IsZero() {
		d := time.Duration(n) * f.tick
		f.link.ring.miss(format.Samples(d)/format.Channels, d)
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

// removed tells the sink's goroutine to write what is queued and end. A prompt sink
// gets one for that.
func (f *sinkFilter) removed() {
	if f.link.ring.close() {
		f.link.run()
	}
}

// drain writes the ring to the sink until it is closed and empty, or the sink fails.
// The goroutine of a prompt sink ends when there is nothing more to do for it.
func (l *Link) drain() {
	err := guard(l.write)
	if errors.Is(err, errResigned) {
		return
	}
	l.over(err)
}

// over ends the link.
func (l *Link) over(err error) {
	defer close(l.done)
	l.giveBack()
	l.ring.stop(true)
	if e := guard(l.shut); err == nil {
		err = e
	}
	if err != nil {
		l.graph.report(l.name, err)
	}
}

func (l *Link) write() error {
	for {
		if l.held == nil && l.gap == 0 && !l.next() {
			return errResigned // others have the link now
		}
		if b := l.held; b != nil {
			l.kind = Frame{Format: b.frame.Format, Encoding: b.frame.Encoding, PayloadType: b.frame.PayloadType}
		}
		if l.gap > 0 {
			err := l.sink.Write(l.lostFrame(&l.kind))
			if l.gap = 0; err != nil {
				return err
			}
		}
		if l.held == nil {
			return nil
		}
		if err := l.sink.Write(&l.held.frame); err != nil {
			return err
		}
		l.giveBack()
	}
}

// next takes the head of the ring, nil when there is no more to come. It waits for
// one, unless the sink is prompt: then it returns false, and the link is for others to
// go on with.
func (l *Link) next() bool {
	if l.prompt == nil || !l.prompt.Prompt() {
		l.held, l.gap = l.ring.wait()
		return true
	}
	b, lost, end, _ := l.ring.poll(true)
	if b == nil && !end {
		return false
	}
	l.held, l.gap = b, lost
	return true
}

// giveBack returns the block that is being written to the pool.
func (l *Link) giveBack() {
	if l.held != nil {
		l.ring.pool.put(l.held)
		l.held = nil
	}
}
