package record

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"rms/media/record/ledger"
	"rms/media/record/seal"
)

// tailOf notes the hash of what lies beside an encrypted recording that was not closed
// properly: the chain vouches for its last seconds as for the rest. One that was closed
// has none.
func (s *Store) tailOf(sc *ledger.Sidecar) error {
	sc.Tail = ""
	if !strings.HasSuffix(sc.File, sealedEnd) {
		return nil
	}
	f, err := s.fs.Open(sc.File + seal.TailSuffix)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("open the tail: %w", err)
	}
	_, sum, err := hashOf(f)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("read the tail: %w", err)
	}
	sc.Tail = sum
	return nil
}
