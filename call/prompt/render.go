package prompt

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/wav"
)

// padding is the unit that payloads are filled up to with silence: the longest
// tick.
const padding = 20 * time.Millisecond

// make reads a whole file and turns it into a prompt. A panic of a decoder or
// encoder is an error of this prompt.
func (c *Cache) make(ctx context.Context, f found, codec media.Codec) (p *filter.Prompt, err error) {
	defer func() {
		if r := recover(); r != nil {
			p, err = nil, fmt.Errorf("decoding broke down: %v", r)
		}
	}()
	if f.place == synthesised {
		pcm, err := synthesise(f.name, codec.Format())
		if err != nil {
			return nil, err
		}
		return encode(pcm, codec), nil
	}
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

// encode makes the prompt of decoded audio. A codec without state gets the payload,
// which any call may send at any time. One with state (G.722) gets the PCM only and
// is encoded by each call: a payload that began from another state than the far
// end's decoder has would be heard as a bang.
func encode(pcm []int16, codec media.Codec) *filter.Prompt {
	format := codec.Format()
	p := &filter.Prompt{
		Encoding: codec.Encoding(), PCM: pcm, Format: format, Samples: len(pcm) / format.Channels,
		ByteRate: codec.ClockRate * codec.Channels * codec.Bits / 8,
	}
	if len(pcm) == 0 || !stateless(codec) {
		return p
	}
	tick := format.Samples(padding)
	if rest := len(pcm) % tick; rest > 0 {
		pcm = append(pcm, make([]int16, tick-rest)...)
	}
	p.Payload = codec.NewEncoder().Encode(make([]byte, 0, len(pcm)/format.Channels*p.ByteRate/format.Rate), pcm)
	return p
}

// stateless reports whether a codec encodes a block the same whatever it encoded
// before.
func stateless(codec media.Codec) bool {
	loud, quiet := make([]int16, 320), make([]int16, 320)
	for i := range loud {
		loud[i] = int16(i * 7919) // as good as noise
		quiet[i] = loud[i] >> 6
	}
	e := codec.NewEncoder()
	first := e.Encode(nil, quiet)
	e.Encode(nil, loud)
	return bytes.Equal(first, e.Encode(nil, quiet))
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
