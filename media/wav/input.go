package wav

import (
	"errors"
	"fmt"
	"io"
)

const (
	// bufferSize is all the memory for input that a Reader takes, in bytes.
	bufferSize = 16 << 10
	// maxDiscard bounds what is read only to be thrown away, in bytes, when the
	// source cannot seek.
	maxDiscard = 16 << 20
)

// input reads ahead in one fixed buffer. Sizes come from the caller and are never
// more than the buffer; what a file claims only moves the position.
type input struct {
	r      io.Reader
	seeker io.Seeker // nil when r cannot seek
	start  int64     // where the seeker stood at the beginning
	buf    []byte
	lo, hi int   // buf[lo:hi] is read and not taken
	pos    int64 // of buf[lo], from the start
	err    error // from r; kept until the buffer is empty
}

func newInput(r io.Reader) *input {
	in := &input{r: r, buf: make([]byte, bufferSize)}
	if s, ok := r.(io.Seeker); ok {
		if at, err := s.Seek(0, io.SeekCurrent); err == nil {
			in.seeker, in.start = s, at
		}
	}
	return in
}

// peek returns at least n bytes, fewer only at the end of the source.
func (in *input) peek(n int) []byte {
	if in.hi-in.lo >= n || in.err != nil {
		return in.buf[in.lo:in.hi]
	}
	copy(in.buf, in.buf[in.lo:in.hi])
	in.lo, in.hi = 0, in.hi-in.lo
	for empty := 0; in.hi < n && in.err == nil; {
		var got int
		got, in.err = in.r.Read(in.buf[in.hi:])
		in.hi += got
		if got > 0 {
			empty = 0
		} else if empty++; empty == 100 && in.err == nil {
			in.err = io.ErrNoProgress
		}
	}
	return in.buf[in.lo:in.hi]
}

// take moves n bytes on; n is at most what peek returned.
func (in *input) take(n int) {
	in.lo += n
	in.pos += int64(n)
}

// skip moves n bytes on, by seeking where that is possible. The end of the source
// is not noticed here but by the next peek.
func (in *input) skip(n int64) error {
	if have := int64(in.hi - in.lo); n <= have {
		in.take(int(n))
		return nil
	}
	if in.seeker != nil {
		return in.seek(in.pos + n)
	}
	if n > maxDiscard {
		return fmt.Errorf("a chunk of %d bytes stands before the audio; the limit is %d for a source that cannot seek", n, maxDiscard)
	}
	for n > 0 {
		have := len(in.peek(1))
		if have == 0 {
			return nil
		}
		step := min(int64(have), n)
		in.take(int(step))
		n -= step
	}
	return nil
}

// seek moves to an absolute position.
func (in *input) seek(pos int64) error {
	if in.seeker == nil {
		return errors.New("the source cannot seek")
	}
	if pos < 0 || in.start+pos < in.start {
		return errors.New("a chunk reaches beyond any file")
	}
	if _, err := in.seeker.Seek(in.start+pos, io.SeekStart); err != nil {
		return err
	}
	in.lo, in.hi, in.pos, in.err = 0, 0, pos, nil
	return nil
}

// failure is the error of the source, nil for a plain end.
func (in *input) failure() error {
	if in.err == nil || errors.Is(in.err, io.EOF) {
		return nil
	}
	return in.err
}
