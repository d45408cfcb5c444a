// Package wav reads and writes WAV files as a stream. The reader trusts no size
// in a file: it allocates one buffer, never from what the file claims, and cuts
// every claim to the file. PCM of 8 to 32 bits, float, A-law and mu-law are read
// from RIFF, RF64 and raw files.
//
//	r, err := wav.Open(file, size)
//	pcm := make([]int16, r.Info().Format.Samples(20*time.Millisecond))
//	for {
//		n, err := r.ReadSamples(pcm)
//		...
//	}
package wav

import (
	"fmt"
	"io"
	"time"

	"rms/media"
)

// Info describes an open file.
type Info struct {
	Format   media.Format // of what ReadSamples returns
	Encoding Encoding     // in the file
	Bits     int          // per sample in the file
	Frames   int64        // samples per channel; -1 when not known before the end
}

// Duration is the length of the audio; false when it is not known.
func (i Info) Duration() (time.Duration, bool) {
	if i.Frames < 0 {
		return 0, false
	}
	seconds, rest := i.Frames/int64(i.Format.Rate), i.Frames%int64(i.Format.Rate)
	return time.Duration(seconds)*time.Second + time.Duration(rest)*time.Second/time.Duration(i.Format.Rate), true
}

// Reader reads samples from one file. One goroutine at a time uses it.
type Reader struct {
	in   *input
	head header
	left int64 // bytes of samples not yet read; -1: to the end
}

// Open reads the header of a WAV file: RIFF, RF64 or BW64. size is the length of
// the source in bytes, -1 when it is not known. A source that can seek is not read
// where only a chunk is passed. The caller closes the source.
func Open(r io.Reader, size int64) (*Reader, error) {
	in := newInput(r)
	h, err := readHeader(in, size)
	if err != nil {
		return nil, err
	}
	return &Reader{in: in, head: h, left: h.dataSize}, nil
}

// Info returns the format and the length.
func (r *Reader) Info() Info {
	i := Info{Format: r.head.format, Encoding: r.head.encoding, Bits: r.head.bits, Frames: -1}
	if r.head.dataSize >= 0 {
		i.Frames = r.head.dataSize / int64(r.block())
	}
	return i
}

// block is the bytes of one sample of every channel.
func (r *Reader) block() int { return r.head.width * r.head.format.Channels }

// ReadSamples fills dst with interleaved samples and returns how many: always
// whole groups of one sample per channel, fewer than fit only at the end. At the
// end it returns 0 and io.EOF; half a sample there is dropped. It does not
// allocate.
func (r *Reader) ReadSamples(dst []int16) (int, error) {
	block, channels := r.block(), r.head.format.Channels
	if len(dst) < channels {
		return 0, io.ErrShortBuffer
	}
	want, got := len(dst)/channels, 0
	for got < want {
		n := min(want-got, len(r.in.buf)/block)
		if r.left >= 0 {
			n = int(min(int64(n), r.left/int64(block)))
		}
		b := r.in.peek(n * block)
		n = min(n, len(b)/block)
		if n == 0 {
			break
		}
		r.head.decode(dst[got*channels:(got+n)*channels], b)
		r.in.take(n * block)
		if r.left >= 0 {
			r.left -= int64(n * block)
		}
		got += n
	}
	if got > 0 {
		return got * channels, nil
	}
	if err := r.in.failure(); err != nil {
		return 0, fmt.Errorf("read samples: %w", err)
	}
	return 0, io.EOF
}

// Rewind goes back to the first sample. It is an error when the source cannot seek.
func (r *Reader) Rewind() error {
	if err := r.in.seek(r.head.dataStart); err != nil {
		return fmt.Errorf("rewind: %w", err)
	}
	r.left = r.head.dataSize
	return nil
}
