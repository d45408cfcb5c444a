package seal

import (
	"crypto/cipher"
	"errors"
	"fmt"
	"io"
	"sync"
)

// Options are what a Writer works with. To and Tail must be given.
type Options struct {
	To []Recipient
	// Sync brings what was written to the file to the disk; nil: nothing does. Flush
	// calls it before it replaces a tail that no longer holds what the file now holds.
	Sync func() error
	// Tail replaces the tail as a whole: a temporary file, synced, then renamed. nil: the
	// tail is to be removed. The bytes are valid during the call only.
	Tail func(tail []byte) error
}

// Writer writes a sealed recording. An error of the disk leaves it as it was: what was
// not taken may be written again. One goroutine at a time uses it. It holds 64 KiB.
type Writer struct {
	file io.WriterAt
	opts Options
	env  *envelope
	aead cipher.AEAD

	buf    []byte // the last chunk, as far as it is known; sealed when pending
	sealed bool   // buf is encrypted and goes to the file before anything else
	last   bool   // it is the last chunk
	chunk  int64  // number of the chunk in buf
	offset int64  // of the file where it begins
	total  int64  // bytes taken
	head   []byte // header and salt, until they are in the file
	dirty  bool   // something was written since Sync
	tailed bool   // a tail exists
	closed bool
}

// ErrClosed is what a Writer says once Close was called.
var ErrClosed = errors.New("the sealed recording is closed")

// NewWriter begins a sealed recording at the start of a file. Nothing is written yet.
func NewWriter(file io.WriterAt, o Options) (*Writer, error) {
	if len(o.To) == 0 {
		return nil, errors.New("there is no key to encrypt the recording for")
	}
	env, err := newEnvelope(o.To)
	if err != nil {
		return nil, err
	}
	head, aead, err := env.begin(nil)
	if err != nil {
		return nil, err
	}
	return &Writer{
		file: file, opts: o, env: env, aead: aead, head: head, offset: int64(len(head)),
		buf: make([]byte, 0, sealedSize),
	}, nil
}

// Write takes the next bytes of the recording. It returns how many it took.
func (w *Writer) Write(p []byte) (int, error) {
	if w.last {
		return 0, ErrClosed
	}
	taken := 0
	for len(p) > 0 {
		if len(w.buf) >= chunkSize {
			if err := w.push(); err != nil {
				return taken, err
			}
		}
		n := min(len(p), chunkSize-len(w.buf))
		w.buf, p = append(w.buf, p[:n]...), p[n:]
		taken += n
		w.total += int64(n)
	}
	return taken, nil
}

// push writes the chunk, which is full or the last, and begins the next one. The chunk
// is sealed once: a second try writes the same bytes to the same place.
func (w *Writer) push() error {
	if err := w.begin(); err != nil {
		return err
	}
	if !w.sealed {
		n := nonce(w.chunk, w.last)
		w.buf, w.sealed = w.aead.Seal(w.buf[:0], n[:], w.buf, nil), true
	}
	w.dirty = true
	if _, err := w.file.WriteAt(w.buf, w.offset); err != nil {
		return fmt.Errorf("write the sealed recording: %w", err)
	}
	w.offset += int64(len(w.buf))
	w.chunk++
	w.buf, w.sealed = w.buf[:0], false
	return nil
}

// begin writes the header.
func (w *Writer) begin() error {
	if w.head == nil {
		return nil
	}
	w.dirty = true
	if _, err := w.file.WriteAt(w.head, 0); err != nil {
		return fmt.Errorf("write the sealed recording: %w", err)
	}
	w.head = nil
	return nil
}

func (w *Writer) sync() error {
	if !w.dirty || w.opts.Sync == nil {
		w.dirty = false
		return nil
	}
	if err := w.opts.Sync(); err != nil {
		return fmt.Errorf("sync the sealed recording: %w", err)
	}
	w.dirty = false
	return nil
}

// plain lends memory for tails.
var plain = sync.Pool{New: func() any { return new([]byte) }}

// Flush saves what was taken, and behind it what may still change, from a crash: the
// latter is given again, as it is by then, to Write or to the next Flush.
func (w *Writer) Flush(unsettled []byte) error {
	if w.last {
		return ErrClosed
	}
	if err := w.begin(); err != nil {
		return err
	}
	if w.sealed { // a chunk that the disk did not take
		if err := w.push(); err != nil {
			return err
		}
	}
	if err := w.sync(); err != nil {
		return err
	}
	loan, _ := plain.Get().(*[]byte)
	defer plain.Put(loan)
	tail, err := w.env.appendTail((*loan)[:0], w.chunk*chunkSize, w.buf, unsettled)
	if err != nil {
		return err
	}
	*loan = tail
	w.tailed = true
	if err := w.opts.Tail(tail); err != nil {
		return fmt.Errorf("write the end of the sealed recording: %w", err)
	}
	return nil
}

// Close writes the last chunk, syncs the file and lets the tail be removed. After an
// error it may be called again. It does not close the file.
func (w *Writer) Close() error {
	if w.closed {
		return nil
	}
	if w.sealed && !w.last {
		if err := w.push(); err != nil {
			return err
		}
	}
	if w.chunk == 0 || len(w.buf) > 0 { // only the first chunk may be empty
		w.last = true
		if err := w.push(); err != nil {
			return err
		}
	}
	if err := w.sync(); err != nil {
		return err
	}
	if w.tailed {
		if err := w.opts.Tail(nil); err != nil {
			return fmt.Errorf("remove the end of the sealed recording: %w", err)
		}
	}
	w.closed = true
	return nil
}

// Written returns how many bytes of the recording were taken.
func (w *Writer) Written() int64 { return w.total }

// Size returns how many bytes of the file are written; without the tail.
func (w *Writer) Size() int64 {
	if w.head != nil {
		return 0
	}
	return w.offset
}
