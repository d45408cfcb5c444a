package audiosocket

import (
	"encoding/hex"
	"fmt"
)

// idText is the length of a UUID in text: 8-4-4-4-12 digits.
const idText = 36

// ParseID reads a UUID in text, 36 characters of either case, as it is sent: 16 bytes
// in the order of the text.
func ParseID(text string) (id [16]byte, err error) {
	if len(text) != idText {
		return id, fmt.Errorf("uuid %q: %d characters, want %d", clip(text), len(text), idText)
	}
	var digits [32]byte
	n := 0
	for i := range idText {
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (text[i] == '-') {
			return id, fmt.Errorf("uuid %q: want digits grouped 8-4-4-4-12", text)
		}
		if !dash {
			digits[n] = text[i]
			n++
		}
	}
	if _, err = hex.Decode(id[:], digits[:]); err != nil {
		return [16]byte{}, fmt.Errorf("uuid %q: %w", text, err)
	}
	return id, nil
}

// clip keeps an error message short, whatever came.
func clip(text string) string { return text[:min(len(text), 2*idText)] }

// FormatID returns a UUID in text, in lower case.
func FormatID(id [16]byte) string {
	var b [idText]byte
	hex.Encode(b[0:8], id[0:4])
	hex.Encode(b[9:13], id[4:6])
	hex.Encode(b[14:18], id[6:8])
	hex.Encode(b[19:23], id[8:10])
	hex.Encode(b[24:36], id[10:16])
	b[8], b[13], b[18], b[23] = '-', '-', '-', '-'
	return string(b[:])
}
