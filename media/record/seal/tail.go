package seal

import (
	"bytes"
	"errors"
	"fmt"
	"strconv"
)

// TailSuffix is what the name of a tail has behind that of its recording.
const TailSuffix = ".tail"

// A tail begins, inside its encryption, with a line of fixed length that says from
// which byte of the recording on it holds the rest.
const (
	tailLine   = "rms-tail %020d\n"
	tailPrefix = 30
)

// appendTail makes a tail of the bytes from a position on, given in two parts. Behind a
// result that did not fit its memory grows once.
func (e *envelope) appendTail(dst []byte, from int64, parts ...[]byte) ([]byte, error) {
	dst, aead, err := e.begin(dst)
	if err != nil {
		return nil, err
	}
	start := len(dst)
	dst = fmt.Appendf(dst, tailLine, from)
	left := tailPrefix
	for _, p := range parts {
		left += len(p)
	}
	for chunk := int64(0); ; chunk++ { // dst[start:] is the chunk that is being filled
		for len(parts) > 0 && len(dst)-start < chunkSize {
			n := min(len(parts[0]), chunkSize-(len(dst)-start))
			dst = append(dst, parts[0][:n]...)
			if parts[0] = parts[0][n:]; len(parts[0]) == 0 {
				parts = parts[1:]
			}
		}
		left -= len(dst) - start
		n := nonce(chunk, left == 0)
		dst = append(dst[:start], aead.Seal(dst[start:start], n[:], dst[start:], nil)...)
		if start = len(dst); left == 0 {
			return dst, nil
		}
	}
}

// errTail is a tail that does not belong to the recording, or was damaged.
var errTail = errors.New("the file with the end of the recording is damaged or of another recording")

// openTail returns what a tail holds, and from which byte of the recording on.
func (e *envelope) openTail(tail []byte) (int64, []byte, error) {
	rest, ok := bytes.CutPrefix(tail, e.header)
	if !ok || len(rest) < saltSize {
		return 0, nil, errTail
	}
	aead, err := e.cipher(rest[:saltSize])
	if err != nil {
		return 0, nil, err
	}
	var text []byte
	rest = rest[saltSize:]
	for chunk := int64(0); ; chunk++ {
		n := nonce(chunk, len(rest) <= sealedSize)
		text, err = aead.Open(text, n[:], rest[:min(len(rest), sealedSize)], nil)
		if err != nil {
			return 0, nil, errTail
		}
		if len(rest) <= sealedSize {
			break
		}
		rest = rest[sealedSize:]
	}
	if len(text) < tailPrefix || !bytes.HasPrefix(text, []byte("rms-tail ")) {
		return 0, nil, errTail
	}
	from, err := strconv.ParseInt(string(text[len("rms-tail "):tailPrefix-1]), 10, 64)
	if err != nil || from < 0 {
		return 0, nil, errTail
	}
	return from, text[tailPrefix:], nil
}
