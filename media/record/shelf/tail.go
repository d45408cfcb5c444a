package shelf

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"time"

	"rms/media/record/ledger"
)

// Tail is what lies beside an encrypted recording that is being made, or that a crash
// left so: its last seconds, sealed like the rest.
type Tail struct {
	Text []byte
	Time time.Time // when it was written
}

// maxTail is more than any tail has: one chunk, what late packets may change, and keys.
const maxTail = 4 << 20

// Tail reads the tail of a recording: ErrNoTail when there is none, as after a proper
// end. Whoever wants to join the two reads the tail before the audio: what comes before
// the tail was in the file when the tail was written.
func (s *Shelf) Tail(rec *ledger.Sidecar) (*Tail, error) {
	if !plain(rec.File) || !strings.HasSuffix(rec.File, ".age") {
		return nil, ErrNoTail
	}
	name := rec.File + ledger.TailSuffix
	info, err := s.root().Lstat(name)
	if errors.Is(err, fs.ErrNotExist) || err == nil && !info.Mode().IsRegular() {
		return nil, ErrNoTail
	}
	var f *os.File
	if err == nil {
		f, err = s.root().OpenFile(name, readFlags, 0)
	}
	if errors.Is(err, fs.ErrNotExist) { // the recording has just ended
		return nil, ErrNoTail
	}
	if err != nil {
		return nil, fmt.Errorf("open the tail of %q: %w", rec.ID, err)
	}
	defer func() { _ = f.Close() }()
	if info, err = f.Stat(); err == nil && !info.Mode().IsRegular() {
		return nil, ErrNoTail
	}
	t := &Tail{}
	if err == nil {
		t.Time = info.ModTime()
		t.Text, err = io.ReadAll(io.LimitReader(f, maxTail+1))
	}
	if err == nil && len(t.Text) > maxTail {
		err = fmt.Errorf("it has more than %d bytes", maxTail)
	}
	if err != nil {
		return nil, fmt.Errorf("read the tail of %q: %w", rec.ID, err)
	}
	return t, nil
}
