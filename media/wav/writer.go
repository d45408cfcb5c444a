package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"

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

// headerSize is the length of the header in bytes: RIFF, room for ds64, fmt with
// extension size, fact, data.
const headerSize = 12 + 36 + 26 + 12 + 8

// NewWriter writes the header of an empty file and returns the writer. The
// encoding is PCM (16 bits), Mulaw or Alaw. The caller closes f after Close.
func NewWriter(f File, format media.Format, e Encoding) (*Writer, error) {
	if err := format.Check(); err != nil {
		return nil, err
	}
	w := &Writer{f: f, format: format, encoding: e, width: 1, buf: make([]byte, 0, bufferSize), head: make([]byte, headerSize)}
	switch e {
	case PCM:
		w.width = 2
	case Mulaw, Alaw:
	default:
		return nil, fmt.Errorf("%s is not written; only PCM, mu-law and A-law are", e)
	}
	w.fillHeader()
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

func (w *Writer) encode(pcm []int16) {
	switch w.encoding {
	case Mulaw:
		for _, s := range pcm {
			w.buf = append(w.buf, media.LinearToMulaw(s))
		}
	case Alaw:
		for _, s := range pcm {
			w.buf = append(w.buf, media.LinearToAlaw(s))
		}
	default:
		for _, s := range pcm {
			w.buf = append(w.buf, byte(s), byte(uint16(s)>>8))
		}
	}
}

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
	w.fillHeader()
	if _, err := w.f.WriteAt(w.head, 0); err != nil {
		w.err = fmt.Errorf("write header: %w", err)
	}
}

// fillHeader builds the whole header for the present length, so that one write
// replaces it.
func (w *Writer) fillHeader() {
	block := w.format.Channels * w.width
	riff, frames := headerSize-8+w.data+w.data%2, w.data/uint64(block)
	h, le := w.head[:0], binary.LittleEndian
	var ds64 [3]uint64 // a JUNK chunk keeps the room for it
	size := uint32(w.data)
	if riff < math.MaxUint32 {
		h = append(h, "RIFF"...)
		h = le.AppendUint32(h, uint32(riff))
		h = append(h, "WAVEJUNK"...)
	} else {
		h = append(h, "RF64\xff\xff\xff\xffWAVEds64"...)
		ds64 = [3]uint64{riff, w.data, frames}
		size = unknownSize
	}
	h = le.AppendUint32(h, 28)
	for _, v := range ds64 {
		h = le.AppendUint64(h, v)
	}
	h = append(h, "\x00\x00\x00\x00fmt \x12\x00\x00\x00"...)
	h = le.AppendUint16(h, w.encoding.tag())
	h = le.AppendUint16(h, uint16(w.format.Channels))
	h = le.AppendUint32(h, uint32(w.format.Rate))
	h = le.AppendUint32(h, uint32(w.format.Rate*block))
	h = le.AppendUint16(h, uint16(block))
	h = le.AppendUint16(h, uint16(8*w.width))
	h = append(h, "\x00\x00fact\x04\x00\x00\x00"...)
	h = le.AppendUint32(h, uint32(min(frames, math.MaxUint32)))
	h = append(h, "data"...)
	w.head = le.AppendUint32(h, size)
}
