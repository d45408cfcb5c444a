package filter

import (
	"fmt"
	"time"

	"rms/media"
)

// Convert returns a filter that turns audio of one format into another: a channel
// mixer, a resampler, or both in the order that resamples fewer channels. It is
// what media.GraphOptions.Convert wants.
func Convert(from, to media.Format) (media.Filter, error) {
	for _, f := range []media.Format{from, to} {
		if err := f.Check(); err != nil {
			return nil, err
		}
	}
	switch {
	case from == to:
		return NewGain(0), nil
	case from.Rate == to.Rate:
		return NewChannels(from.Rate, from.Channels, to.Channels)
	case from.Channels == to.Channels:
		return NewResampler(from.Rate, to.Rate, to.Channels)
	}
	mixRate := from.Rate
	if from.Channels < to.Channels {
		mixRate = to.Rate
	}
	mix, err := NewChannels(mixRate, from.Channels, to.Channels)
	if err != nil {
		return nil, err
	}
	rate, err := NewResampler(from.Rate, to.Rate, min(from.Channels, to.Channels))
	if err != nil {
		return nil, err
	}
	c := &converter{from: from, to: to, first: rate, second: mix}
	if from.Channels > to.Channels {
		c.first, c.second = mix, rate
	}
	return c, nil
}

// converter is a channel mixer and a resampler as one filter.
type converter struct {
	from, to      media.Format
	first, second media.Filter
	between       [1]*media.Frame
}

func (c *converter) Name() string      { return fmt.Sprintf("convert %s > %s", c.from, c.to) }
func (c *converter) In() media.Format  { return c.from }
func (c *converter) Out() media.Format { return c.to }

// Late returns how late both are together.
func (c *converter) Late() (sum time.Duration) {
	for _, f := range []media.Filter{c.first, c.second} {
		if l, ok := f.(media.Late); ok {
			sum += l.Late()
		}
	}
	return sum
}

func (c *converter) Prepare(tick time.Duration) {
	for _, f := range []media.Filter{c.first, c.second} {
		if p, ok := f.(media.Preparer); ok {
			p.Prepare(tick)
		}
	}
}

func (c *converter) Process(in, out []*media.Frame) {
	c.first.Process(in, c.between[:])
	c.second.Process(c.between[:], out)
}
