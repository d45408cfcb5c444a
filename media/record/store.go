package record

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rms/media/record/ledger"
)

// Mode says how hard a Store tries to have on the disk what it wrote.
type Mode int

// Modes of Options.Sync.
const (
	Second Mode = iota // a power cut costs at most the last second
	Off                // the operating system decides; a crash of the process still costs at most a second
)

// Options are what a Store works with. Only Root, or Open, must be given.
type Options struct {
	Root     string
	FS       FS // nil: the directory Root
	Sync     Mode
	Workers  int            // goroutines that write; 0: 16
	Interval time.Duration  // between two turns of a recording; 0: 400 ms
	MinFree  uint64         // bytes; with less on the disk no recording starts and running ones end
	Budget   int64          // bytes of audio that may wait for the disk; 0: 256 MiB
	Ledger   *ledger.Ledger // nil: no chain
	Now      func() time.Time

	// Open, instead of Root, FS and Ledger, opens the disk and the books when the first
	// file is made, on a goroutine that may wait. It is called again after an error, which
	// is the error of the recording that needed it.
	Open func() (FS, *ledger.Ledger, error)

	// Started and Stopped, when set, hear of every recording, behind its own Events.
	Started func(r *Recording)
	Stopped func(r *Recording, result Result)

	syncEvery time.Duration // 0: as often as is promised
}

const (
	defaultWorkers  = 16
	defaultInterval = 400 * time.Millisecond
	defaultBudget   = 256 << 20
)

// Store is a directory with recordings. It is safe for concurrent use.
type Store struct {
	o    Options
	fs   FS
	late *lateFS // fs when it is opened late, else nil
	boot string
	pool pool
	mem  budget
	owed debts

	mu     sync.Mutex
	live   map[string]*Recording // by ID
	files  map[string]struct{}   // names that are being written
	closed bool

	stats   counters
	free    atomic.Uint64 // bytes, as of the last look
	trouble atomic.Pointer[trouble]

	stop chan struct{}
	done sync.WaitGroup
}

// Stats counts what a Store did.
type Stats struct {
	Live      int    // recordings that are not stopped
	Started   uint64 // since the store was opened
	Stopped   uint64
	Failed    uint64 // of those stopped: with an error
	Gaps      uint64 // because of the disk
	Waiting   int64  // bytes of audio that wait for the disk
	Syncs     uint64
	SyncTime  time.Duration // that the last sync took
	Written   uint64        // bytes of audio
	Free      uint64        // bytes on the disk, as of the last look; 0 before it is open
	Refused   uint64        // recordings that were not begun for want of room
	Oversized uint64        // packets too large to keep
}

// Errors that callers branch on.
var (
	ErrClosed = errors.New("the store of recordings is closed")
	ErrFull   = errors.New("the disk has less room than record.min_free")
)

// Open opens the store of a directory, which it makes when it is missing. Close stops
// its goroutines.
func Open(o Options) (*Store, error) {
	o.Workers = positive(o.Workers, defaultWorkers)
	o.Interval = positive(o.Interval, defaultInterval)
	o.Budget = positive(o.Budget, defaultBudget)
	o.syncEvery = positive(o.syncEvery, syncEvery)
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Store{
		o: o, fs: o.FS, boot: bootID(),
		live: map[string]*Recording{}, files: map[string]struct{}{}, stop: make(chan struct{}),
	}
	if o.Open != nil {
		s.late = &lateFS{open: o.Open}
		s.fs = s.late
	}
	if s.fs == nil {
		dir, err := OpenDir(o.Root)
		if err != nil {
			return nil, err
		}
		s.fs = dir
	}
	free, err := s.fs.Free()
	if err != nil {
		return nil, fmt.Errorf("ask for the free space of %q: %w", o.Root, err)
	}
	s.free.Store(free)
	s.mem.limit = o.Budget
	s.pool.start(s)
	s.done.Go(s.syncLoop)
	return s, nil
}

func positive[T int | int64 | time.Duration](v, otherwise T) T {
	if v > 0 {
		return v
	}
	return otherwise
}

// Ready opens what Options.Open opens now, not with the first file, and looks how much
// room there is. Repair finds nothing before. It may wait for the disk.
func (s *Store) Ready() error {
	if s.late != nil {
		if _, err := s.late.need(); err != nil {
			return err
		}
	}
	s.look()
	return nil
}

// ledger returns the books that recordings are entered in, nil when there are none.
func (s *Store) ledger() *ledger.Ledger {
	if s.late != nil {
		return s.late.ledger()
	}
	return s.o.Ledger
}

// Start begins a recording. A bad name or form is refused at once; the file is opened
// soon, and Events.Started or Failed tells how that went. It does not wait for the disk.
func (s *Store) Start(spec Spec) (*Recording, error) {
	r, err := newRecording(s, spec)
	if err != nil {
		return nil, err
	}
	if free := s.free.Load(); free < s.o.MinFree {
		s.stats.refused.Add(1)
		return nil, fmt.Errorf("start a recording: %w: %d MiB of %d MiB; remove recordings or lower record.min_free",
			ErrFull, free>>20, s.o.MinFree>>20)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, ErrClosed
	}
	if _, taken := s.live[r.id]; taken {
		return nil, fmt.Errorf("start a recording: the ID %q is in use", r.id)
	}
	s.live[r.id] = r
	s.stats.started.Add(1)
	s.pool.add(r)
	return r, nil
}

// Find returns a recording that is not stopped yet, by its ID or its file.
func (s *Store) Find(id string) (*Recording, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if r, ok := s.live[id]; ok {
		return r, true
	}
	for _, r := range s.live {
		if r.File() == id {
			return r, true
		}
	}
	return nil, false
}

// Live returns the recordings that are not stopped yet, in no order.
func (s *Store) Live() []*Recording {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := make([]*Recording, 0, len(s.live))
	for _, r := range s.live {
		all = append(all, r)
	}
	return all
}

// Close stops what is being recorded, with the reason "shutdown", waits until it is
// closed or ctx ends, and ends the store's goroutines. A disk that stalls keeps those
// goroutines that wait for it, and Close returns without them.
func (s *Store) Close(ctx context.Context) error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return nil
	}
	s.closed = true
	s.mu.Unlock()
	for _, r := range s.Live() {
		r.Stop(r.Position(), "shutdown")
	}
	err := s.drain(ctx)
	close(s.stop)
	ended := make(chan struct{})
	go func() { // ends when the disk answers
		s.done.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		return fmt.Errorf("close the store of recordings: the disk does not answer: %w", ctx.Err())
	}
	return errors.Join(err, s.fs.Close())
}

// drain waits until nothing is live.
func (s *Store) drain(ctx context.Context) error {
	poll := time.NewTicker(5 * time.Millisecond)
	defer poll.Stop()
	for {
		n := len(s.Live())
		if n == 0 {
			return nil
		}
		select {
		case <-poll.C:
		case <-ctx.Done():
			return fmt.Errorf("close the store of recordings: %d are not closed: %w", n, ctx.Err())
		}
	}
}
