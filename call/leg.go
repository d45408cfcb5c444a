package call

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/filter"
)

// leg is the media of a call: what comes from the far end, what goes there, and the
// graph between.
//
//	line.hear --+-- (echo) --> mixer --> line.send
//	            |                  |
//	            +---> streams <----+
//	players, playouts of streams -> mixer
//
// Its fields belong to the call's mailbox; what it changes in the graph goes
// through do.
type leg struct {
	call *Call
	line line
	rtp  *rtpLine // line when the leg has SDP, else nil

	codec media.Codec  // of the audio on the wire
	graph *media.Graph // nil until there is an answer
	ops   ops

	hears, mixer media.Pin

	closing atomic.Bool // the graph leaves its clock: what is done to it runs elsewhere

	echo bool // what is heard feeds the mixer
}

// line is how the audio of a leg travels: RTP as SDP says, or one connection of
// AudioSocket. What it adds to the graph belongs to the clock's thread; the rest is
// called in the mailbox.
type line interface {
	// hear adds the source of the far end's audio.
	hear(l *leg) (media.Pin, error)
	// send adds what takes the audio for the far end.
	send(l *leg, from media.Pin) error
	// plain tells whether send wants PCM always, never a shared payload.
	plain() bool
	// digits sends keys to the far end.
	digits(digits string, duration, gap time.Duration) error
	// tail is how long the far end needs for audio that was just sent.
	tail() time.Duration
	// describe returns the fields of rms:start.
	describe() (codec, remote, direction string)
	// record gives the recordings' feed what is heard and sent, on the clock's thread.
	record(f *feed) error
	// shut says goodbye on the wire and frees the sockets, when the graph has left its
	// clock. It does not wait.
	shut(s *legStats)
}

// legStats is what is left of a leg in rms:end.
type legStats struct {
	packetsIn, packetsOut uint64
	lost                  int64
	jitter                time.Duration
	codec                 string
}

// add counts another leg of the call in.
func (s *legStats) add(o *legStats) {
	s.packetsIn += o.packetsIn
	s.packetsOut += o.packetsOut
	s.lost += o.lost
	if o.codec != "" {
		s.jitter, s.codec = o.jitter, o.codec
	}
}

// live tells whether the audio of the leg runs.
func (l *leg) live() bool { return l != nil && l.graph != nil }

// tickOf returns the tick of a graph for that ptime: 20 ms when the ptime is a
// multiple of it, else 10 ms.
func tickOf(ptime time.Duration) time.Duration {
	if ptime > 0 && ptime%(20*time.Millisecond) == 0 {
		return 20 * time.Millisecond
	}
	return 10 * time.Millisecond
}

// graphOps is the size of a graph's own queue: one operation does all that waits
// in leg.ops, and links bring some of theirs.
const graphOps = 8

// run builds the graph on the leg's line and starts its clock.
func (l *leg) run(cd media.Codec, tick time.Duration) error {
	l.codec = cd
	m := l.call.manager
	g := media.NewGraph(media.GraphOptions{
		Tick: tick, Convert: filter.Convert, Pool: m.pool, Reaper: &m.reaper,
		OnError: l.call.filterFailed, Ops: graphOps,
	})
	l.graph = g
	if err := l.build(); err != nil {
		return fmt.Errorf("build the graph: %w", err)
	}
	m.opts.Clock.Attach(g)
	return nil
}

func (l *leg) build() error {
	var err error
	if l.hears, err = l.line.hear(l); err != nil {
		return err
	}
	if l.mixer, err = l.graph.Add(filter.NewMixer(l.codec.Format()), 1); err != nil {
		return err
	}
	return l.line.send(l, l.mixer)
}

// swap puts other filters in the place of old ones after a change of codec, on the
// thread of the clock.
func (l *leg) swap(what string, changes ...error) {
	if err := errors.Join(changes...); err != nil {
		l.call.filterFailed(what, err)
	}
}

// closeTimeout is how long the links of a leg may take to end, before they are
// left to the reaper.
const closeTimeout = 2 * time.Second

// close stops the audio and gives the sockets back, and then waits for what reads
// files and for what writes to targets. It may wait, so it does not run in the mailbox.
func (l *leg) close(s *legStats) {
	l.closing.Store(true)
	if l.graph != nil {
		l.call.manager.opts.Clock.Detach(l.graph)
		l.flush()
	}
	l.line.shut(s)
	if l.graph == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), closeTimeout)
	defer cancel()
	if err := l.graph.Close(ctx); err != nil {
		l.call.warn().Err(err).Msg("graph closed")
	}
}
