package target

import (
	"bytes"
	"encoding/binary"
	"testing"
)

func TestWebsocketFrameOfOursIsMaskedAndWhole(t *testing.T) {
	t.Parallel()
	for _, n := range []int{0, 1, 7, 8, 125, 126, 320, 1601, 0xffff, 0x10000} {
		payload := make([]byte, n)
		for i := range payload {
			payload[i] = byte(i * 7)
		}
		b := appendWSBinary(nil, payload, 0xa1b2c3d4)
		if b[0] != 0x82 || b[1]&0x80 == 0 || len(b) < wsFrameLength(b) {
			t.Fatalf("%d bytes: frame begins with % x", n, b[:2])
		}
		if got := wsFrameLength(b); got != len(b) {
			t.Errorf("%d bytes: the header says %d, the frame has %d", n, got, len(b))
		}
		var mask [4]byte
		binary.LittleEndian.PutUint32(mask[:], 0xa1b2c3d4)
		masked := b[len(b)-n:]
		if !bytes.Equal(b[len(b)-n-4:len(b)-n], mask[:]) {
			t.Errorf("%d bytes: the mask is not before the payload", n)
		}
		for i := range masked {
			if masked[i]^mask[i%4] != payload[i] {
				t.Fatalf("%d bytes: byte %d is wrong", n, i)
			}
		}
	}
}
