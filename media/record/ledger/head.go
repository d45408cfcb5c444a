package ledger

import (
	"errors"
	"fmt"
	"strings"
)

// Head names the last line of a chain. Who knows it, from the log, sees later whether the
// chain was cut or written anew.
type Head struct {
	Seq  uint64
	Hash string // SHA-256 of the line, hexadecimal
}

func (h Head) String() string { return fmt.Sprintf("%d:%s", h.Seq, h.Hash) }

// ParseHead reads a head as the log has it: number, colon, hash; or the hash alone.
func ParseHead(text string) (Head, error) {
	var h Head
	number, hash, both := strings.Cut(strings.TrimSpace(text), ":")
	if !both {
		number, hash = "0", number
	}
	if _, err := fmt.Sscanf(number, "%d", &h.Seq); err != nil {
		return h, errors.New("a head is a number, a colon and 64 hexadecimal digits, as in the log; or the digits alone")
	}
	h.Hash = strings.ToLower(hash)
	if !isHash(h.Hash) {
		return h, fmt.Errorf("the head %.80q has not 64 hexadecimal digits behind the colon", text)
	}
	return h, nil
}
