package prompt

import (
	"context"
	"fmt"
	"io"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/wav"
)

// padding is what a payload is filled up to where silence is not one byte
// repeated: a whole number of the longest tick.
const padding = 20 * time.Millisecond

// make reads a whole file and turns it into a prompt. A panic of a decoder or
// encoder is an error of this prompt.
func (c *Cache) make(ctx context.Context, f found, codec media.Codec) (p *filter.Prompt, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("decoding broke down: %v", r)
		}
	}()
	d, err := c.decoder(f, codec.Format())
	if err != nil {
		return nil, err
	}
	defer d.close()
	frames := d.frames()
	if encoded := frames * int64(codec.ClockRate) / int64(codec.Rate) * int64(codec.Bits) / 8; encoded > c.o.Long {
		return nil, fmt.Errorf("%w: %d bytes encoded, the limit is %d", ErrLong, encoded, c.o.Long)
	}
	pcm := make([]int16, 0, int(frames+1)*codec.Channels+codec.Format().Samples(padding))
	for err == nil {
		if err = ctx.Err(); err == nil {
			pcm, err = d.read(pcm)
		}
	}
	if err != io.EOF {
		return nil, err
	}
	return encode(pcm, codec), nil
}

// encode makes the prompt of decoded audio, from the reset state of the encoder.
func encode(pcm []int16, codec media.Codec) *filter.Prompt {
	format := codec.Format()
	p := &filter.Prompt{
		Encoding: codec.Encoding(), PCM: pcm, Format: format, Samples: len(pcm) / format.Channels,
		ByteRate: codec.ClockRate * codec.Channels * codec.Bits / 8,
	}
	padded := pcm
	if rest := len(pcm) % format.Samples(padding); rest > 0 {
		padded = append(pcm, make([]int16, format.Samples(padding)-rest)...)
	}
	size := len(padded) / codec.Channels * codec.ClockRate / codec.Rate * codec.Channels * codec.Bits / 8
	p.Payload = codec.NewEncoder().Encode(make([]byte, 0, size), padded)
	return p
}

// decoder reads a file as audio of one format: channels are mixed, then the rate
// changes.
type decoder struct {
	file  io.Closer
	wav   *wav.Reader
	to    media.Format
	pcm   []int16 // a block as the file has it
	mixed []int16 // the same in the channels of to
	rate  *filter.Resampler
	ended bool
}

// block is how many samples per channel are decoded at once.
const block = 1024

// decoder opens what find found.
func (c *Cache) decoder(f found, to media.Format) (*decoder, error) {
	file, info, err := c.open(f)
	if err != nil {
		return nil, err
	}
	r, err := wav.OpenNamed(file, info.Size(), f.name)
	if err != nil {
		_ = file.Close()
		return nil, err
	}
	from := r.Info().Format
	d := &decoder{file: file, wav: r, to: to, pcm: make([]int16, block*from.Channels)}
	if from.Channels != to.Channels {
		d.mixed = make([]int16, block*to.Channels)
	}
	if from.Rate == to.Rate {
		return d, nil
	}
	if d.rate, err = filter.NewRate(from.Rate, to.Rate, to.Channels); err != nil {
		_ = file.Close()
		return nil, err
	}
	return d, nil
}

// frames is the length after conversion, in samples per channel, rounded up.
func (d *decoder) frames() int64 {
	i := d.wav.Info()
	return (i.Frames*int64(d.to.Rate) + int64(i.Format.Rate) - 1) / int64(i.Format.Rate)
}

// read appends the next block to dst; io.EOF comes after the last.
func (d *decoder) read(dst []int16) ([]int16, error) {
	if d.ended {
		return dst, io.EOF
	}
	n, err := d.wav.ReadSamples(d.pcm)
	if err == io.EOF {
		d.ended = true
		if d.rate != nil {
			return d.rate.Flush(dst), nil
		}
		return dst, io.EOF
	}
	if err != nil {
		return dst, err
	}
	pcm := d.pcm[:n]
	if d.mixed != nil {
		pcm = d.mix(pcm)
	}
	if d.rate != nil {
		return d.rate.Process(dst, pcm), nil
	}
	return append(dst, pcm...), nil
}

// mix changes the channels: to one by the mean of all, else by copies of it.
func (d *decoder) mix(src []int16) []int16 {
	from, to := d.wav.Info().Format.Channels, d.to.Channels
	out := d.mixed[:len(src)/from*to]
	for i := range len(src) / from {
		sum := 0
		for _, s := range src[i*from : (i+1)*from] {
			sum += int(s)
		}
		for k := range to {
			out[i*to+k] = int16(sum / from)
		}
	}
	return out
}

// rewind starts again from the first sample.
func (d *decoder) rewind() error {
	d.ended = false
	return d.wav.Rewind()
}

func (d *decoder) close() { _ = d.file.Close() }
