package shelf

import (
	"bytes"
	"testing"

	"rms/media/wav"
)

func FuzzReadHead(f *testing.F) {
	f.Add([]byte("RIFF\x26\x00\x00\x00WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x10\x00data\x02\x00\x00\x00ab"))
	f.Add([]byte("RF64\xff\xff\xff\xffWAVEds64\x1c\x00\x00\x00aaaaaaaabbbbbbbbccccccccddddfmt \x10\x00\x00\x00\x07\x00\x02\x00\x40\x1f\x00\x00\x80\x3e\x00\x00\x02\x00\x08\x00fact\x04\x00\x00\x00aaaadata\xff\xff\xff\xffab"))
	f.Fuzz(func(t *testing.T, b []byte) {
		h := readHead(bytes.NewReader(b), int64(len(b)))
		if h == nil {
			return
		}
		for _, size := range []int64{0, 1, int64(len(b)), 1 << 32, 1 << 33} {
			whole := h.whole(size)
			head := h.of(whole - int64(len(h.bytes)))
			if len(head) != len(h.bytes) || (whole-int64(len(head)))%h.block != 0 || whole > max(size, int64(len(head))) {
				t.Fatalf("%d of %d", whole, size)
			}
		}
		h.of(-1)
	})
}

// Over 4 GiB the header of a growing file is RF64, or of unknown size.
func TestTheHeadOfALongFileIsTrue(t *testing.T) {
	t.Parallel()
	room := append([]byte("RIFF\x00\x00\x00\x00WAVEJUNK\x1c\x00\x00\x00"), make([]byte, 28)...)
	room = append(room, "fmt \x10\x00\x00\x00\x01\x00\x02\x00\x40\x1f\x00\x00\x00\x7d\x00\x00\x04\x00\x10\x00data\x00\x00\x00\x00"...)
	h := readHead(bytes.NewReader(room), int64(len(room)))
	for _, frames := range []int64{10, 1 << 29, 1 << 30, 5 << 30} {
		b := h.of(4 * frames)
		r, err := wav.Open(struct{ *bytes.Reader }{bytes.NewReader(b)}, int64(len(b))+4*frames)
		if err != nil || r.Info().Frames != frames {
			t.Errorf("%d frames: %+v, %v", frames, r, err)
		}
		if long := string(b[:4]) == "RF64"; long != (4*frames+int64(len(b)) >= 1<<32) {
			t.Errorf("%d frames: %q", frames, b[:4])
		}
	}
}
