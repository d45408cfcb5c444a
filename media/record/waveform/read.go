package waveform

import (
	"context"
	"errors"
	"io"
	"time"

	"rms/media/wav"
)

// Span is a stretch of a recording's time line.
type Span struct{ At, Length time.Duration }

// ReadOptions say how a file is read.
type ReadOptions struct {
	Pauses   []Span                  // what is there stands for no sound; in order
	Progress func(done, total int64) // samples of each side; total is -1 when it is not known; nil: nobody is told
}

// reportEvery is how many samples of each side lie between two reports.
const reportEvery = 1 << 18

// Read reads a WAV file and returns its overview. size is how many bytes the source has
// now, -1 when it is not known: a file that grows is read as far as its header says and
// size allows. It takes as much memory for an hour as for a second. The caller closes r.
func Read(ctx context.Context, r io.Reader, size int64, o ReadOptions) (*Overview, error) {
	file, err := wav.Open(r, size)
	if err != nil {
		return nil, err
	}
	info := file.Info()
	channels := info.Format.Channels
	length := max(info.Format.Rate/100, 1)
	s := &scan{
		rate: info.Format.Rate, channels: channels, length: length, sides: make([]Bin, channels), pauses: o.Pauses,
		builder: newBuilder(info.Format.Rate, channels), talkers: newTalkers(channels),
	}
	pcm := make([]int16, length*channels*32)
	for told := int64(0); ; {
		n, err := file.ReadSamples(pcm)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		for rest := pcm[:n]; len(rest) > 0; {
			n := min(length*channels-len(s.part), len(rest))
			s.add(rest[:n])
			rest = rest[n:]
		}
		if done := s.builder.o.Samples; done-told >= reportEvery {
			told = done
			if err := ctx.Err(); err != nil {
				return nil, err
			}
			if o.Progress != nil {
				o.Progress(done, info.Frames)
			}
		}
	}
	if len(s.part) > 0 {
		s.block(s.part)
	}
	whole := s.builder.finish(length)
	whole.Talk = s.talkers.talk
	if o.Progress != nil {
		o.Progress(whole.Samples, whole.Samples)
	}
	return whole, nil
}

// scan turns samples into blocks.
type scan struct {
	rate, channels int
	length         int     // samples of each side in a block
	part           []int16 // a block that has begun
	sides          []Bin
	pauses         []Span
	builder        *builder
	talkers        *talkers
}

// add takes at most what a block still needs.
func (s *scan) add(pcm []int16) {
	switch {
	case len(s.part) == 0 && len(pcm) == s.length*s.channels:
		s.block(pcm)
	default:
		if s.part = append(s.part, pcm...); len(s.part) == s.length*s.channels {
			s.block(s.part)
			s.part = s.part[:0]
		}
	}
}

func (s *scan) block(pcm []int16) {
	n := len(pcm) / s.channels
	for c := range s.sides {
		s.sides[c] = measure(pcm, c, s.channels)
	}
	at := s.builder.o.Samples
	s.builder.block(s.sides, n)
	s.talkers.block(s.sides, time.Duration(n)*time.Second/time.Duration(s.rate), s.paused(at))
}

// paused tells whether a sample lies in a pause. Samples are asked for in order.
func (s *scan) paused(at int64) bool {
	if len(s.pauses) == 0 {
		return false
	}
	now := time.Duration(at/int64(s.rate))*time.Second + time.Duration(at%int64(s.rate))*time.Second/time.Duration(s.rate)
	for len(s.pauses) > 0 && s.pauses[0].At+s.pauses[0].Length <= now {
		s.pauses = s.pauses[1:]
	}
	return len(s.pauses) > 0 && s.pauses[0].At <= now
}

// measure looks at every channels-th sample from the first on.
func measure(pcm []int16, first, channels int) Bin {
	low, high, sum, n := pcm[first], pcm[first], int64(0), 0
	for i := first; i < len(pcm); i += channels {
		v := pcm[i]
		low, high = min(low, v), max(high, v)
		sum += int64(v) * int64(v)
		n++
	}
	return Bin{Low: low, High: high, Power: float32(sum / int64(n))}
}
