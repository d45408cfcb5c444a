package call

import (
	"context"
	"errors"
	"io"
	"strings"
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
	cache := l.cache
	if strings.HasPrefix(file, recordPrefix) {
		var err error
		if cache, file, err = l.recorded(file); err != nil {
			return nil, err
		}
	}
	p, err := cache.Get(ctx, file, cd)
	if !errors.Is(err, prompt.ErrLong) {
		return &sound{prompt: p, codec: cd}, err
	}
	if loop == 0 {
		loop = filter.Forever
	}
	s, err := cache.Stream(file, cd.Format(), loop)
	if err != nil {
		return nil, err
	}
	begun := &counted{Stream: s, skip: cd.Format().Samples(from)}
	if err := begun.begin(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return &sound{stream: begun, codec: cd}, nil
}

// player makes the filter that plays a prompt in memory; ended is called on the
// clock's thread when all was sent.
func (s *sound) player(p *playing, ended func(string)) (*filter.Player, error) {
	length := s.prompt.Format.Duration(s.prompt.Samples * s.prompt.Format.Channels)
	if s.prompt.Samples == 0 {
		length = s.prompt.Format.Duration(len(s.prompt.PCM))
	}
	loop, from := p.loop, p.from
	if length > 0 {
		passes := int(from / length)
		from %= length
		if loop > 0 { // a codec change leaves the passes that were heard behind
			loop = max(loop-passes, 1)
			if passes >= p.loop {
				from = length
			}
		}
	}
	if loop == 0 {
		loop = filter.Forever
	}
	return filter.NewPlayer(s.prompt, filter.PlayerOptions{
		Loop: loop, From: from, Encoded: true, Decoder: s.codec.NewDecoder(), Ended: ended,
	})
}

// close lets go of what was not played.
func (s *sound) close() {
	if s != nil && s.stream != nil {
		_ = s.stream.Close()
	}
}

// firstAudio is how much of a streamed file is read before it is played, so that it
// follows what was played before without a gap.
const firstAudio = 60 * time.Millisecond

// counted is a stream that knows how much was read, and can begin later.
type counted struct {
	*prompt.Stream
	skip    int     // int16 to leave out
	first   []int16 // what was read before it is played
	samples atomic.Int64
}

// begin reads the first audio. A file that ends in it is no error.
func (c *counted) begin() error {
	var f media.Frame
	for need := c.Format().Samples(firstAudio); len(c.first) < need; {
		f.Reset()
		if err := c.Read(&f); err != nil {
			if errors.Is(err, io.EOF) {
				return nil
			}
			return err
		}
		c.first = append(c.first, f.PCM...)
	}
	return nil
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
