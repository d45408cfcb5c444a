package shelf

import (
	"encoding/binary"
	"io"
	"math"
)

// mostHead is how much of a file is looked at for its header; ours have 94 bytes.
const mostHead = 4096

// unknown is a size that is not known before the end; readers then take all there is.
const unknown = math.MaxUint32

// head is the header of a WAV file, of which the sizes can be written anew.
type head struct {
	bytes  []byte // up to the first sample
	data   int64  // size of the samples as the header says; -1: to the end of the file
	ds64   int    // where the body of ds64, or of the room for it, is; 0: nowhere
	fact   int    // where the number of samples is; 0: nowhere
	block  int64  // bytes of a sample of every channel
	tagged bool   // it is RF64
}

// readHead reads a header; nil when there is none that can be changed.
func readHead(r io.ReaderAt, size int64) *head {
	b := make([]byte, min(max(size, 0), mostHead))
	n, _ := r.ReadAt(b, 0)
	b = b[:n]
	le := binary.LittleEndian
	if len(b) < 12 || string(b[8:12]) != "WAVE" || string(b[:4]) != "RIFF" && string(b[:4]) != "RF64" {
		return nil
	}
	h := &head{tagged: string(b[:4]) == "RF64"}
	for at := 12; at+8 <= len(b); {
		id, size := string(b[at:at+4]), int64(le.Uint32(b[at+4:]))
		body := at + 8
		if id == "data" {
			h.bytes = b[:body:body]
			h.data = h.size(size)
			if h.block <= 0 {
				return nil
			}
			return h
		}
		if size > int64(len(b)-body) {
			return nil
		}
		switch {
		case id == "fmt " && size >= 16:
			h.block = int64(le.Uint16(b[body+12:]))
		case (id == "ds64" || id == "JUNK") && size >= 28 && at == 12:
			h.ds64 = body
		case id == "fact" && size >= 4:
			h.fact = body
		}
		at = body + int(size+size%2)
	}
	return nil
}

// size is what the chunk data has.
func (h *head) size(said int64) int64 {
	if said != unknown {
		return said
	}
	if h.tagged && h.ds64 > 0 && h.ds64+16 <= len(h.bytes) {
		if n := binary.LittleEndian.Uint64(h.bytes[h.ds64+8:]); n > 0 && n < 1<<62 {
			return int64(n)
		}
	}
	return -1
}

// whole is how many bytes of a file of a size hold the header and whole samples.
func (h *head) whole(size int64) int64 {
	data := max(size-int64(len(h.bytes)), 0)
	return int64(len(h.bytes)) + data - data%h.block
}

// of is the header of a file with so many bytes of samples; -1: nobody knows how many.
func (h *head) of(data int64) []byte {
	b := append([]byte(nil), h.bytes...)
	le := binary.LittleEndian
	samples := data / h.block
	riff := int64(len(b)) - 8 + data
	long := riff >= unknown
	switch {
	case data >= 0 && long && h.ds64 > 0:
		copy(b, "RF64")
		copy(b[12:], "ds64")
		le.PutUint64(b[h.ds64:], uint64(riff))
		le.PutUint64(b[h.ds64+8:], uint64(data))
		le.PutUint64(b[h.ds64+16:], uint64(samples))
		riff, data = unknown, unknown
	default:
		copy(b, "RIFF")
		if h.ds64 > 0 {
			copy(b[12:], "JUNK")
			clear(b[h.ds64 : h.ds64+24])
		}
		if data < 0 || long {
			riff, data, samples = unknown, unknown, 0
		}
	}
	le.PutUint32(b[4:], uint32(riff))        //nolint:gosec // bounded above
	le.PutUint32(b[len(b)-4:], uint32(data)) //nolint:gosec // the same
	if h.fact > 0 {
		le.PutUint32(b[h.fact:], uint32(min(samples, unknown))) //nolint:gosec // the same
	}
	return b
}
