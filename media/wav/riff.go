package wav

import (
	"encoding/binary"
	"errors"
	"fmt"
)

// maxChunks bounds the chunks that are looked at before the data chunk.
const maxChunks = 1000

// unknownSize is what a writer that could not seek leaves in a size field.
const unknownSize = 0xFFFFFFFF

// header is what stands before the samples.
type header struct {
	layout
	dataStart int64
	dataSize  int64 // bytes of samples that are there; -1: to the end of the source
}

// chunkWalk holds what is learnt on the way to the data chunk.
type chunkWalk struct {
	in       *input
	size     int64 // of the source, -1 when not known
	riffSize uint32
	long     bool   // RF64 or BW64: 32 bit sizes may stand for those in ds64
	ds64Data uint64 // size of data from ds64
	haveDs64 bool
	haveFmt  bool
	head     header
}

// readHeader reads up to the first sample. Nothing is allocated from a size, and
// a size larger than the source is cut to it.
func readHeader(in *input, size int64) (header, error) {
	w := &chunkWalk{in: in, size: size}
	if err := w.magic(); err != nil {
		return header{}, err
	}
	for range maxChunks {
		b := in.peek(8)
		if len(b) < 8 {
			return header{}, w.missing()
		}
		id, n := string(b[:4]), binary.LittleEndian.Uint32(b[4:])
		in.take(8)
		if id == "data" {
			return w.data(n)
		}
		if err := w.chunk(id, n); err != nil {
			return header{}, err
		}
	}
	return header{}, fmt.Errorf("no data chunk among the first %d chunks", maxChunks)
}

// magic reads the first twelve bytes.
func (w *chunkWalk) magic() error {
	b := w.in.peek(12)
	if len(b) < 12 || string(b[8:12]) != "WAVE" {
		return notWAVE(b, w.in.failure())
	}
	switch string(b[:4]) {
	case "RIFF":
	case "RF64", "BW64":
		w.long = true
	default:
		return notWAVE(b, w.in.failure())
	}
	w.riffSize = binary.LittleEndian.Uint32(b[4:])
	w.in.take(12)
	return nil
}

// missing says which chunk the source ended without.
func (w *chunkWalk) missing() error {
	switch {
	case w.in.failure() != nil:
		return w.in.failure()
	case w.haveFmt:
		return errors.New("no data chunk")
	}
	return errors.New("no fmt chunk and no data chunk")
}

// chunk reads or passes one chunk before the data chunk.
func (w *chunkWalk) chunk(id string, n uint32) error {
	if left := w.size - w.in.pos; w.size >= 0 && int64(n) > left {
		return fmt.Errorf("chunk %q claims %d bytes of the %d that are left", id, n, left)
	}
	switch {
	case id == "fmt " && !w.haveFmt:
		body := w.in.peek(int(min(n, 40)))
		if err := w.in.failure(); err != nil && len(body) < int(min(n, 40)) {
			return err
		}
		l, err := parseFmt(body[:min(len(body), int(n))])
		if err != nil {
			return err
		}
		w.head.layout, w.haveFmt = l, true
	case id == "ds64" && n >= 16:
		if body := w.in.peek(16); len(body) >= 16 {
			w.ds64Data, w.haveDs64 = binary.LittleEndian.Uint64(body[8:]), true
		}
	}
	if err := w.in.skip(int64(n)); err != nil {
		return err
	}
	if n&1 == 1 {
		w.pad()
	}
	return nil
}

// pad passes the byte that follows an odd chunk. Some writers leave it out: then
// the next name begins right there.
func (w *chunkWalk) pad() {
	b := w.in.peek(5)
	if len(b) == 0 || len(b) >= 4 && known(b[:4]) && !(len(b) >= 5 && known(b[1:5])) {
		return
	}
	w.in.take(1)
}

func known(id []byte) bool {
	switch string(id) {
	case "fmt ", "data", "fact", "LIST", "ds64":
		return true
	}
	return false
}

// data finds how many bytes of samples follow. 0 and 0xFFFFFFFF are what a writer
// that never came back leaves behind: then the samples go to the end. An honest
// 0 is one whose RIFF size is right too.
func (w *chunkWalk) data(n uint32) (header, error) {
	if !w.haveFmt {
		return header{}, errNoFmt
	}
	h := w.head
	h.dataStart, h.dataSize = w.in.pos, -1
	left := w.size - w.in.pos
	switch {
	case w.long && w.haveDs64 && n == unknownSize:
		if w.ds64Data > 0 && w.ds64Data < 1<<62 {
			h.dataSize = int64(w.ds64Data)
		}
	case n == 0 && w.size >= 0 && int64(w.riffSize)+8 == w.size:
		h.dataSize = 0
	case n != 0 && n != unknownSize:
		h.dataSize = int64(n)
	}
	if w.size >= 0 && (h.dataSize < 0 || h.dataSize > left) {
		h.dataSize = max(left, 0)
	}
	return h, nil
}

// notWAVE says what the file is instead.
func notWAVE(b []byte, err error) error {
	if err != nil {
		return err
	}
	if len(b) < 12 {
		return fmt.Errorf("not a WAV file: it has only %d bytes", len(b))
	}
	is := fmt.Sprintf("it begins with %q", b[:4])
	switch string(b[:4]) {
	case "RIFX":
		is = "it is big-endian RIFX; convert it to RIFF"
	case "riff":
		is = "it is Wave64; convert it to RIFF or RF64"
	case "OggS":
		is = "it is Ogg"
	case "fLaC":
		is = "it is FLAC"
	case "FORM":
		is = "it is AIFF"
	case ".snd":
		is = "it is a Sun/NeXT .au file"
	case "RIFF", "RF64", "BW64":
		is = fmt.Sprintf("RIFF holds %q, not \"WAVE\"", b[8:12])
	}
	if string(b[:3]) == "ID3" || b[0] == 0xff && b[1]&0xe0 == 0xe0 {
		is = "it is MP3"
	}
	return errors.New("not a WAV file: " + is)
}
