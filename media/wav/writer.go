package wav

import (
	"errors"
	"fmt"
	"io"

	"rms/media"
)

// File is where a Writer writes, such as an *os.File that was not opened for
// appending.
type File interface {
	io.Writer
	io.WriterAt
}

// Writer writes one WAV file whose header is right at any time: it never claims
// more than has been written, and at most one second of audio less. Over 4 GiB the
// file becomes RF64. One goroutine at a time uses it.
type Writer struct {
	f        File
	format   media.Format
	encoding Encoding
	width    int // bytes of a sample

	buf    []byte // encoded, not yet written
	data   uint64 // bytes of samples written to f
	synced uint64 // data + buffered at the last sync
	head   []byte
	err    error
}

// NewWriter writes the header of an empty file and returns the writer. The
// encoding is PCM (16 bits), Mulaw or Alaw. The caller closes f after Close.
func NewWriter(f File, format media.Format, e Encoding) (*Writer, error) {
	if err := format.Check(); err != nil {
		return nil, err
	}
	w := &Writer{f: f, format: format, encoding: e, width: e.width(), buf: make([]byte, 0, bufferSize)}
	if !e.written() {
		return nil, fmt.Errorf("%s is not written; only PCM, mu-law and A-law are", e)
	}
	w.head = AppendHeader(w.head[:0], format, e, 0)
	if _, err := f.Write(w.head); err != nil {
		return nil, fmt.Errorf("write header: %w", err)
	}
	return w, nil
}

// WriteSamples appends interleaved samples. After an error the writer only
// returns that error; what was written before stays playable. It does not allocate.
func (w *Writer) WriteSamples(pcm []int16) error {
	for len(pcm) > 0 && w.err == nil {
		n := min(len(pcm), (cap(w.buf)-len(w.buf))/w.width)
		if n == 0 {
			w.flush()
			continue
		}
		w.encode(pcm[:n])
		pcm = pcm[n:]
	}
	if second := uint64(w.format.Rate * w.format.Channels * w.width); w.data+uint64(len(w.buf))-w.synced >= second {
		w.sync()
	}
	return w.err
}

// Samples is how many int16 have been taken so far, all channels together.
func (w *Writer) Samples() int64 { return int64(w.data+uint64(len(w.buf))) / int64(w.width) }

// Close writes what is left and the final sizes. It does not close the file.
func (w *Writer) Close() error {
	if errors.Is(w.err, errClosed) {
		return nil
	}
	w.sync()
	if w.err == nil && w.data%2 == 1 {
		if _, err := w.f.Write([]byte{0}); err != nil {
			w.err = fmt.Errorf("write samples: %w", err)
		}
	}
	err := w.err
	w.err = errClosed
	return err
}

var errClosed = errors.New("the WAV writer is closed")

func (w *Writer) encode(pcm []int16) { w.buf = AppendSamples(w.buf, w.encoding, pcm) }

func (w *Writer) flush() {
	if w.err != nil || len(w.buf) == 0 {
		return
	}
	n, err := w.f.Write(w.buf)
	w.data += uint64(n)
	w.buf = w.buf[:0]
	if err != nil {
		w.err = fmt.Errorf("write samples: %w", err)
	}
}

// sync writes the buffer, then the sizes, so that the header never runs ahead.
func (w *Writer) sync() {
	w.flush()
	if w.err != nil {
		return
	}
	w.synced = w.data
	w.head = AppendHeader(w.head[:0], w.format, w.encoding, w.data)
	if _, err := w.f.WriteAt(w.head, 0); err != nil {
		w.err = fmt.Errorf("write header: %w", err)
	}
}
