package seal

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"math"
)

// A sealed recording cannot be patched, so that the WAV file in it says that its sizes
// are not known. maxHead bounds what stands before its sound.
const (
	unknown = math.MaxUint32
	maxHead = 64 << 10
)

// Export writes an opened recording with the sizes that it really has, as RF64 over 4
// GiB. What is no WAV file of unknown size is copied as it is.
func Export(dst io.Writer, r *Reader) error {
	if _, err := r.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read the recording: %w", err)
	}
	start, err := io.ReadAll(io.LimitReader(r, maxHead))
	if err != nil {
		return err
	}
	pad := trueSizes(start, r.Size())
	for _, from := range []io.Reader{bytes.NewReader(start), r, bytes.NewReader(make([]byte, pad))} {
		if _, err := io.Copy(dst, from); err != nil {
			return fmt.Errorf("export the recording: %w", err)
		}
	}
	return nil
}

// trueSizes corrects the header of a WAV file of size bytes, of which head is the start,
// and returns how many bytes it lacks at its end.
func trueSizes(head []byte, size int64) int {
	le := binary.LittleEndian
	if len(head) < 12 || string(head[:4]) != "RIFF" && string(head[:4]) != "RF64" || string(head[8:12]) != "WAVE" {
		return 0
	}
	var room, fact []byte // bodies of chunks
	block := int64(1)
	for at := int64(12); at+8 <= int64(len(head)); {
		name, n := string(head[at:at+4]), int64(le.Uint32(head[at+4:]))
		body := at + 8
		if name == "data" {
			if n != unknown {
				return 0
			}
			return patch(head, size, body, block, room, fact)
		}
		if body+n > int64(len(head)) {
			return 0
		}
		switch {
		case name == "fmt " && n >= 16:
			block = max(1, int64(le.Uint16(head[body+12:])))
		case name == "fact" && n >= 4:
			fact = head[body : body+4]
		case at == 12 && n >= 28 && (name == "JUNK" || name == "ds64"):
			room = head[at : body+28]
		}
		at = body + n + n&1
	}
	return 0
}

// patch writes the sizes. data is where the sound begins; room where sizes of 64 bits go.
func patch(head []byte, size, data, block int64, room, fact []byte) int {
	le := binary.LittleEndian
	n := size - data
	pad := n & 1
	riff, frames := size+pad-8, n/block
	if fact != nil {
		le.PutUint32(fact, uint32(min(frames, unknown)))
	}
	if riff < unknown {
		copy(head, "RIFF")
		le.PutUint32(head[4:], uint32(riff))
		le.PutUint32(head[data-4:], uint32(n))
		if room != nil {
			copy(room, "JUNK")
			clear(room[8:36])
		}
		return int(pad)
	}
	if room == nil {
		return 0 // readers take unknown sizes for "to the end"
	}
	copy(head, "RF64\xff\xff\xff\xff")
	copy(room, "ds64")
	for i, v := range []int64{riff, n, frames} {
		le.PutUint64(room[8+8*i:], uint64(v))
	}
	return int(pad)
}
