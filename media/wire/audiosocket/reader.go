package audiosocket

import (
	"errors"
	"io"
	"os"
	"time"
)

// Sizes of a Reader's buffer: what it begins with, and what it returns to once the
// messages are small again.
const (
	smallBuffer = 512
	largeBuffer = 8 << 10
)

// Reader reads messages, however they are cut into segments. Its memory grows with
// what has come, never with what a length promises. It is for one goroutine.
type Reader struct {
	r     io.Reader
	dead  interface{ SetReadDeadline(t time.Time) error } // nil: r cannot
	stall time.Duration
	limit time.Time               // reads end here whatever came; zero: never
	check func(head []byte) error // judges a message before it is complete; nil: no

	buf        []byte
	start, end int // of what was read and not returned, in buf
	idle       int // Reads in a row that brought nothing
	armed      bool
}

// NewReader returns a reader of messages. When r has SetReadDeadline, a message that
// began to come must be complete within stall, and the deadline belongs to the Reader;
// 0 is no limit.
func NewReader(r io.Reader, stall time.Duration) *Reader {
	rd := &Reader{r: r, stall: stall}
	if d, ok := r.(interface{ SetReadDeadline(t time.Time) error }); ok {
		rd.dead = d
	}
	return rd
}

// Next returns the next message. At the end it returns io.EOF between messages and
// io.ErrUnexpectedEOF inside one; ErrStalled when the rest of a message does not come.
func (r *Reader) Next() (Message, error) {
	for {
		if r.check != nil && r.end > r.start {
			if err := r.check(r.buf[r.start:r.end]); err != nil {
				return Message{}, err
			}
		}
		if m, ok := r.take(); ok {
			return m, r.disarm()
		}
		if err := r.arm(); err != nil {
			return Message{}, err
		}
		if err := r.fill(); err != nil {
			return Message{}, err
		}
	}
}

// take returns the first message of the buffer when it is whole.
func (r *Reader) take() (Message, bool) {
	b := r.buf[r.start:r.end]
	if len(b) < headerSize {
		return Message{}, false
	}
	n := headerSize + int(b[1])<<8 + int(b[2])
	if len(b) < n {
		return Message{}, false
	}
	r.start += n
	return Message{Kind: Kind(b[0]), Payload: b[headerSize:n:n]}, true
}

// arm sets the time when the message must be complete that has begun.
func (r *Reader) arm() error {
	if r.armed || r.dead == nil {
		return nil
	}
	until := r.limit
	if r.stall > 0 && r.end > r.start {
		if t := time.Now().Add(r.stall); until.IsZero() || t.Before(until) {
			until = t
		}
		r.armed = true
	}
	if until.IsZero() {
		return nil
	}
	return r.dead.SetReadDeadline(until)
}

func (r *Reader) disarm() error {
	if !r.armed && r.limit.IsZero() {
		return nil
	}
	r.armed = false
	return r.dead.SetReadDeadline(time.Time{})
}

// fill reads once, behind what is there.
func (r *Reader) fill() error {
	r.room()
	n, err := r.r.Read(r.buf[r.end:])
	r.end += n
	switch {
	case n > 0:
		r.idle = 0
		return nil // an error comes again
	case err == nil:
		if r.idle++; r.idle > 100 {
			return io.ErrNoProgress
		}
		return nil
	case errors.Is(err, os.ErrDeadlineExceeded) && r.armed:
		return ErrStalled
	case errors.Is(err, io.EOF) && r.end > r.start:
		return io.ErrUnexpectedEOF
	}
	return err
}

// room makes space to read into: at the front of the buffer if that is free, else in
// one of twice the size.
func (r *Reader) room() {
	kept := r.buf[r.start:r.end]
	switch {
	case r.buf == nil, len(kept) == 0 && len(r.buf) > largeBuffer:
		r.buf = make([]byte, smallBuffer)
	case len(kept) == len(r.buf):
		r.buf = make([]byte, min(2*len(r.buf), headerSize+MaxPayload))
		copy(r.buf, kept)
	case r.start > 0:
		copy(r.buf, kept)
	default:
		return
	}
	r.start, r.end = 0, len(kept)
}
