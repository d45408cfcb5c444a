package call

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"rms/call/prompt"
	"rms/media"
	"rms/media/filter"
)

// fetchTimeout bounds how long one prompt may take to be opened and decoded.
const fetchTimeout = 30 * time.Second

// streamRing is how much of a streamed file is read ahead, so that a slow disk is
// not heard.
const streamRing = 500 * time.Millisecond

// sound is something to play that is ready: a prompt in memory, or a file that is
// too long for that and is read while it plays.
type sound struct {
	prompt *filter.Prompt
	stream *counted
	codec  media.Codec
}

// fetch finds what a play named. It runs in a goroutine of the loader.
func (l *loader) fetch(file string, cd media.Codec, loop int, from time.Duration) (*sound, error) {
	ctx, cancel := context.WithTimeout(context.Background(), fetchTimeout)
	defer cancel()
	p, err := l.cache.Get(ctx, file, cd)
	if !errors.Is(err, prompt.ErrLong) {
		return &sound{prompt: p, codec: cd}, err
	}
	if loop == 0 {
		loop = filter.Forever
	}
	s, err := l.cache.Stream(file, cd.Format(), loop)
	if err != nil {
		return nil, err
	}
	return &sound{stream: &counted{Stream: s, skip: cd.Format().Samples(from)}, codec: cd}, nil
}

// open makes the play's part of the graph. What it returns adds that part, between
// two ticks; ended is called on the clock's thread when all was sent.
func (s *sound) open(p *playing, ended func(string, time.Duration)) (func(*media.Graph) (media.Pin, error), error) {
	if s.stream != nil {
		p.stream = s.stream
		return s.feed(ended), nil
	}
	loop := p.loop
	if loop == 0 {
		loop = filter.Forever
	}
	var player *filter.Player
	player, err := filter.NewPlayer(s.prompt, filter.PlayerOptions{
		Loop: loop, From: p.from, Encoded: true, Decoder: s.codec.NewDecoder(),
		Ended: func(reason string) { ended(reason, player.Played()) },
	})
	if err != nil {
		return nil, err
	}
	p.player = player
	return func(g *media.Graph) (media.Pin, error) { return g.Add(player, 1) }, nil
}

func (s *sound) feed(ended func(string, time.Duration)) func(*media.Graph) (media.Pin, error) {
	stream := s.stream
	s.stream = nil // the link owns it now
	return func(g *media.Graph) (media.Pin, error) {
		pin, err := g.Feed(stream, media.LinkOptions{Size: streamRing, Name: "file", Format: stream.Format()}, func(err error) {
			reason := ReasonDone
			if err != nil {
				reason = ReasonError
			}
			ended(reason, stream.played())
		})
		if err == nil {
			stream.link.Store(g.Link(pin))
		}
		return pin, err
	}
}

// close lets go of what was not played.
func (s *sound) close() {
	if s.stream != nil {
		_ = s.stream.Close()
	}
}

// counted is a stream that knows how much was read, and can begin later.
type counted struct {
	*prompt.Stream
	skip    int // int16 to leave out
	samples atomic.Int64
	link    atomic.Pointer[media.Link]
}

// played returns how much was sent: what was read and does not wait in the ring.
func (c *counted) played() time.Duration {
	d := c.Format().Duration(int(c.samples.Load()))
	if l := c.link.Load(); l != nil {
		d -= l.Stats().Queued
	}
	return max(d, 0)
}

// Read fills f with the next audio.
func (c *counted) Read(f *media.Frame) error {
	for {
		if err := c.Stream.Read(f); err != nil {
			return err
		}
		if c.skip < len(f.PCM) {
			break
		}
		c.skip -= len(f.PCM)
	}
	f.PCM = f.PCM[:copy(f.PCM, f.PCM[c.skip:])]
	c.skip = 0
	c.samples.Add(int64(len(f.PCM)))
	return nil
}
