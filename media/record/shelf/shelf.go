// Package shelf is the door to the recordings of a directory for whoever lists, plays,
// draws or removes them: it finds a recording by its id, opens its audio, also while it
// grows, and notes who did what.
//
//	s := shelf.New(shelf.Options{Root: root, Ledger: ledger})
//	rec, err := s.Find(ctx, id)
//	audio, err := s.Open(ctx, rec)
package shelf

import (
	"context"
	"errors"
	"os"
	"sync"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/record/shelf/index"
)

// Options are what a Shelf works with. Root, or Books, must be given; what is missing
// cannot be done.
type Options struct {
	Root   *os.Root
	Ledger *ledger.Ledger // nil: nothing is noted, changed or removed
	// Books, when set, returns both in their stead: of a folder that may be opened later.
	// While it returns a nil root there are no recordings.
	Books func() (*os.Root, *ledger.Ledger)
	// Live finds a recording that is being written by this program; nil: none is.
	Live func(id string) (Live, bool)
	// Deliver sends a recording to where recordings go, once more if need be; nil: there is
	// no such place.
	Deliver func(ctx context.Context, rec *ledger.Sidecar) error

	Now func() time.Time // nil: time.Now
}

// Live is a recording that is being written. What is within Size has been written, but
// the last second or two may still be corrected.
type Live interface {
	// Size is how many bytes a reader may read.
	Size() int64
	// Follow waits until Size is more than size. It returns io.EOF when it never will be:
	// the recording has ended.
	Follow(ctx context.Context, size int64) error
	// File is its name, "" when it is not open yet.
	File() string
}

// Of is Options.Live for the recordings of a store.
func Of(store *record.Store) func(id string) (Live, bool) {
	return func(id string) (Live, bool) {
		r, ok := store.Find(id)
		return r, ok
	}
}

// Shelf is the recordings of one directory. Its methods may be used from any goroutine.
type Shelf struct {
	o     Options
	mu    sync.Mutex
	noted map[string]time.Time // accesses that were noted a short while ago
	files map[string]string    // of recordings, by ID
	index *index.Index

	drawing  chan struct{}      // has room for the one who makes a waveform
	pictures map[string]growing // of who makes a waveform
}

// New returns a shelf.
func New(o Options) *Shelf {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Shelf{o: o, noted: map[string]time.Time{}, files: map[string]string{}, index: index.New(), drawing: make(chan struct{}, 1), pictures: map[string]growing{}}
}

// Errors that callers tell apart.
var (
	ErrNotFound  = errors.New("there is no such recording")
	ErrNoTail    = errors.New("the recording has no tail")
	ErrRunning   = errors.New("the recording is still being made")
	ErrEncrypted = errors.New("the recording is encrypted; this server cannot open it")
	ErrGone      = errors.New("the audio is not here any more")
	ErrReadOnly  = errors.New("the recordings can only be looked at here")
)

func (s *Shelf) root() *os.Root {
	if s.o.Books == nil {
		return s.o.Root
	}
	root, _ := s.o.Books()
	return root
}

func (s *Shelf) books() *ledger.Ledger {
	if s.o.Books == nil {
		return s.o.Ledger
	}
	_, books := s.o.Books()
	return books
}
