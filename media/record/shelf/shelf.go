// Package shelf is the door to the recordings of a directory for whoever lists, plays,
// draws or removes them: it finds a recording by its id, opens its audio, also while it
// grows, and notes who did what.
//
//	s := shelf.New(shelf.Options{Root: root, Ledger: ledger})
//	rec, err := s.Find(ctx, id)
//	audio, err := s.Open(rec)
package shelf

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"
	"time"

	"rms/media/record/ledger"
)

// Options are what a Shelf works with. Root must be given; what is missing cannot be
// done.
type Options struct {
	Root  *os.Root
	Books Books // nil: nothing is noted, changed or removed
	// Live finds a recording that is being written by this program; nil: none is.
	Live func(id string) (Live, bool)
	// Retry delivers a recording again; nil: there is no delivery.
	Retry func(ctx context.Context, id string) error

	Now func() time.Time // nil: time.Now
}

// Live is a recording that is being written. What is within Size has been written, but
// the last second or two may still be corrected.
type Live interface {
	io.ReaderAt
	// Size is how many bytes a reader may read.
	Size() int64
	// Follow waits until Size is more than size, and returns false when it never will be:
	// the recording has ended.
	Follow(ctx context.Context, size int64) (bool, error)
	// Now brings a sidecar up to date.
	Now(s *ledger.Sidecar)
}

// Books are the parts of a ledger that a shelf needs.
type Books interface {
	Hold(id, by, why string) error
	Release(id, by, why string) error
	Remove(id, by, why string) error
	Audit(id, by, what string) error
}

// Shelf is the recordings of one directory. Its methods may be used from any goroutine.
type Shelf struct {
	o       Options
	mu      sync.Mutex
	noted   map[string]time.Time // accesses that were noted a short while ago
	drawing sync.Mutex           // one waveform at a time is made
}

// New returns a shelf.
func New(o Options) *Shelf {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Shelf{o: o, noted: map[string]time.Time{}}
}

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("there is no such recording")
	ErrRunning   = errors.New("the recording is still being made")
	ErrHeld      = errors.New("the recording is on legal hold")
	ErrEncrypted = errors.New("the recording is encrypted; this server cannot open it")
	ErrGone      = errors.New("the audio is not here any more")
	ErrReadOnly  = errors.New("the recordings can only be looked at here")
)
