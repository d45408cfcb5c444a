// Package clip decodes short pieces of audio that are in memory as a whole, as
// voice bots send them inside a message: raw PCM, G.711, WAV, MP3, Ogg Vorbis and
// Ogg Opus.
//
//	pcm, format, err := clip.Decode("mp3", 0, data, 60*48000)
//
// The bytes come from outside and may be hostile. A limit on the samples holds
// while they are decoded, so that a small file that stands for hours of silence
// ends at the limit, and no decoder's mistake goes further than an error.
//
// What is decoded:
//
//   - MP3 is MPEG 1 and 2, layer III, 16 to 48 kHz, with
//     github.com/hajimehoshi/go-mp3. MPEG 2.5 (8 to 12 kHz), layers I and II and
//     free format are refused. The silence that an encoder puts around the audio is
//     cut off when a LAME tag tells how long it is.
//   - Ogg Opus is one stream of one or two channels, decoded at 48 kHz with
//     github.com/pion/opus: SILK, CELT and hybrid, all bandwidths, all frame sizes
//     from 2.5 to 120 ms, mono and stereo. On speech at 6 to 256 kbit/s it differs
//     from libopus by 35 to 48 dB below the signal for SILK and hybrid and by more
//     than 75 dB, which is the rounding, for CELT. Tones whose pitch changes faster
//     than a voice's can come out louder from SILK than libopus makes them; ffmpeg's
//     own decoder does the same. More channels are refused.
//   - Ogg Vorbis is decoded with package vorbis, up to 8 channels; it differs from
//     libvorbis by the rounding to 16 bits. Speex, FLAC and others in Ogg are refused.
//
// A file that was cut off, or is damaged somewhere after its beginning, plays as far
// as it can be decoded.
package clip

import (
	"encoding/binary"
	"errors"
	"fmt"

	"rms/media"
)

// Errors that a caller may tell apart.
var (
	// ErrTooLong says that a piece of audio is longer than the limit.
	ErrTooLong = errors.New("audio is too long")
	// ErrKind says that there is no decoder for such audio.
	ErrKind = errors.New("unknown kind of audio")
)

// Rates of audio that are taken, in Hz.
const (
	minRate = 4000
	maxRate = 192000
)

// Decode returns the audio in data as PCM of one channel, the mean of what channels
// it has, at its own sample rate. The kind is raw (s16 little-endian), pcmu, pcma,
// wav, mp3 or ogg. The rate in Hz is needed for raw; pcmu and pcma take 8000 for 0,
// the others say it themselves. It is an error when more than limit samples come
// out. An empty result without an error cannot happen except for raw, pcmu and pcma
// without a byte.
func Decode(kind string, rate int, data []byte, limit int) ([]int16, media.Format, error) {
	c := &collector{limit: limit, rate: rate}
	var err error
	switch kind {
	case "raw":
		err = c.raw(data)
	case "pcmu":
		err = c.companded(data, &media.MulawToLinear)
	case "pcma":
		err = c.companded(data, &media.AlawToLinear)
	case "wav":
		err = c.guard(data, (*collector).wav)
	case "mp3":
		err = c.guard(data, (*collector).mp3)
	case "ogg":
		err = c.guard(data, (*collector).ogg)
	default:
		return nil, media.Format{}, fmt.Errorf("decode %q: %w", kind, ErrKind)
	}
	if err == nil && (c.rate < minRate || c.rate > maxRate) {
		err = fmt.Errorf("sample rate of %d Hz: allowed are %d to %d", c.rate, minRate, maxRate)
	}
	if err != nil {
		return nil, media.Format{}, fmt.Errorf("decode %s: %w", kind, err)
	}
	return c.pcm, media.Format{Rate: c.rate, Channels: 1}, nil
}

// collector takes what a decoder makes.
type collector struct {
	pcm   []int16
	rate  int
	limit int
}

// room is asked before n samples are added.
func (c *collector) room(n int) error {
	if n > c.limit-len(c.pcm) {
		return fmt.Errorf("%w: more than %d samples", ErrTooLong, c.limit)
	}
	return nil
}

// add mixes interleaved PCM to one channel.
func (c *collector) add(pcm []int16, channels int) error {
	n := len(pcm) / channels
	if err := c.room(n); err != nil {
		return err
	}
	if channels == 1 {
		c.pcm = append(c.pcm, pcm...)
		return nil
	}
	for i := range n {
		sum := 0
		for _, v := range pcm[i*channels : (i+1)*channels] {
			sum += int(v)
		}
		c.pcm = append(c.pcm, int16(sum/channels))
	}
	return nil
}

// guard runs a decoder on damaged data, which may find a case that it did not
// think of.
func (c *collector) guard(data []byte, decode func(*collector, []byte) error) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("damaged data: %v", p)
		}
	}()
	if err := decode(c, data); err != nil {
		return err
	}
	if len(c.pcm) == 0 {
		return errors.New("no audio in it")
	}
	return nil
}

// raw takes s16 little-endian; half a sample at the end is dropped.
func (c *collector) raw(data []byte) error {
	n := len(data) / 2
	if err := c.room(n); err != nil {
		return err
	}
	c.pcm = make([]int16, n)
	for i := range c.pcm {
		c.pcm[i] = int16(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return nil
}

// companded takes G.711.
func (c *collector) companded(data []byte, table *[256]int16) error {
	if c.rate == 0 {
		c.rate = 8000
	}
	if err := c.room(len(data)); err != nil {
		return err
	}
	c.pcm = make([]int16, len(data))
	for i, b := range data {
		c.pcm[i] = table[b]
	}
	return nil
}
