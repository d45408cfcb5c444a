package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"sync"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/config"
	"rms/media/record"
	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/record/shelf"
	"rms/media/record/upload"
)

// keeper has the recordings of a server: the store that writes them, the books that
// vouch for them, the shelf that hands them out, the queue that delivers them. A folder
// that nobody chose and that is not there is made with the first recording.
type keeper struct {
	cfg        *config.Config
	log        zerolog.Logger
	store      *record.Store
	shelf      *shelf.Shelf
	queue      *upload.Queue // nil: recordings are delivered nowhere
	recipients []seal.Recipient
	cancel     context.CancelFunc
	wait       sync.WaitGroup

	mu    sync.Mutex
	root  *os.Root // nil until the folder is open
	books *ledger.Ledger
}

// newKeeper opens what record.root names; nil when it is empty. start comes next.
func newKeeper(cfg *config.Config, log zerolog.Logger) (*keeper, error) {
	r := &cfg.Record
	if r.Root == "" {
		return nil, nil //nolint:nilnil // no recordings, and nothing wrong
	}
	k := &keeper{cfg: cfg, log: log}
	var err error
	if err = record.CheckTemplate(r.Name); err != nil {
		return nil, usageError{fmt.Errorf("record.name: %w", err)}
	}
	if k.recipients, err = seal.ParseRecipients(r.Encrypt); err != nil {
		return nil, usageError{fmt.Errorf("record.encrypt: %w", err)}
	}
	mode := record.Second
	if r.Sync == "off" {
		mode = record.Off
	}
	k.store, err = record.Open(record.Options{
		Open: k.open, Sync: mode, MinFree: uint64(r.MinFree), Budget: int64(r.Memory), //nolint:gosec // never negative
		Started: k.started, Stopped: k.stopped,
	})
	if err != nil {
		return nil, fmt.Errorf("%w (record.root)", err)
	}
	if err := k.early(); err != nil {
		k.close(context.Background())
		return nil, err
	}
	k.shelf = shelf.New(shelf.Options{Books: k.opened, Live: shelf.Of(k.store), Deliver: k.deliver})
	return k, nil
}

// early opens the folder at the start when somebody chose it, or it is there.
func (k *keeper) early() error {
	chosen := k.cfg.Origin("record.root") != "default" || k.cfg.Upload.To != ""
	if _, err := os.Stat(k.cfg.Record.Root); err != nil && !chosen {
		return nil // it is made with the first recording
	}
	err := k.store.Ready()
	switch {
	case err == nil:
		return nil
	case !chosen:
		k.log.Warn().Err(err).Msg("no recordings for now: set record.root to another folder, or to nothing")
		return nil
	}
	return usageError{fmt.Errorf("%w (record.root, --record-root)", err)}
}

// options tells calls where recordings go, and what they are like.
func (k *keeper) options(o *call.Options) {
	if k == nil {
		return
	}
	r := &k.cfg.Record
	o.Records, o.RecordSIPREC = k.store, r.SIPREC
	o.Recording = call.RecordOptions{
		Template: r.Name, Format: r.Format, Sides: r.Sides, Fill: r.Fill, Required: r.Required, Open: r.OpenTimeout, Headers: r.Headers, Recipients: k.recipients,
		Root: r.Root, Delete: k.remove, Played: k.played,
	}
}

var errCannotRecord = errors.New("calls must be recorded, and the disk of recordings fails: the log says more")

// ready says why new calls are better placed elsewhere: they must be recorded and cannot
// be. It names no file, because everybody may ask.
func (k *keeper) ready() error {
	if k == nil || !k.cfg.Record.Required {
		return nil
	}
	err := k.store.Healthy()
	if err != nil && !errors.Is(err, record.ErrFull) {
		return errCannotRecord
	}
	return err
}

// remove is call.RecordOptions.Delete.
func (k *keeper) remove(file, who string) error {
	_, books := k.opened()
	if books == nil {
		return fmt.Errorf("delete %q: %w", file, os.ErrNotExist)
	}
	return books.Tombstone(file, who, "rms_record_delete")
}

// played is call.RecordOptions.Played.
func (k *keeper) played(file, who string) {
	root, books := k.opened()
	if books == nil {
		return
	}
	id := ""
	if sc, err := ledger.ReadSidecar(root, file); err == nil {
		id = sc.ID
	}
	if err := books.Access(id, file, who, "play", ""); err != nil {
		k.log.Warn().Err(err).Str("file", file).Msg("the books do not tell that a recording was played")
	}
}

// open opens the folder and its books, once. It is record.Options.Open.
func (k *keeper) open() (record.FS, *ledger.Ledger, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	dir, err := record.OpenDir(k.cfg.Record.Root)
	if err != nil {
		return nil, nil, err
	}
	root, err := os.OpenRoot(k.cfg.Record.Root)
	if err != nil {
		return nil, nil, errors.Join(err, dir.Close())
	}
	key := k.cfg.Record.Key
	if key == "auto" {
		key = ""
	}
	books, err := ledger.Open(root, ledger.Options{Key: key, Committed: k.committed})
	if err != nil {
		return nil, nil, errors.Join(err, root.Close(), dir.Close())
	}
	for _, note := range books.Notes() {
		k.log.Info().Msg("recordings: " + note)
	}
	k.root, k.books = root, books
	return dir, books, nil
}

// opened returns the folder and its books, nil before they are open. It is
// shelf.Options.Books.
func (k *keeper) opened() (*os.Root, *ledger.Ledger) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.root, k.books
}

// committed writes the head of the chain to the log: whoever keeps the log can tell
// later that the chain was not cut.
func (k *keeper) committed(h ledger.Head) {
	k.log.Info().Uint64("seq", h.Seq).Str("hash", h.Hash).Msg("chain of recordings")
}

// start closes what a crash left open and begins to deliver and to clean up. It comes
// before the first recording.
func (k *keeper) start(events upload.Events, dial dialFunc) error {
	if k == nil {
		return nil
	}
	if err := k.openQueue(events, dial); err != nil {
		return err
	}
	if _, books := k.opened(); books != nil {
		k.repair()
	}
	if r := &k.cfg.Record; r.Keep > 0 || r.MaxSize > 0 {
		ctx, cancel := context.WithCancel(context.Background())
		k.cancel = cancel
		k.wait.Go(func() { k.cleanUp(ctx) })
	}
	return nil
}

// repair closes what a crash left open.
func (k *keeper) repair() {
	from, n := time.Now(), 0
	err := k.store.Repair(func(r record.Repaired) {
		n++
		k.repaired(r)
	})
	if n > 0 {
		k.log.Info().Int("recordings", n).Dur("took", time.Since(from)).Msg("recordings that were left open are seen to")
	}
	if err != nil {
		k.log.Error().Err(err).Msg("recordings that were left open could not all be closed")
		return
	}
	k.forgetLost()
}

func (k *keeper) repaired(r record.Repaired) {
	if r.Err != nil {
		k.log.Error().Err(r.Err).Str("file", r.File).Msg("recording was left open and could not be closed")
		return
	}
	k.log.Warn().Str("file", r.File).Str("recording", r.ID).Int64("duration_ms", r.Sidecar.DurationMS).Dur("gained", r.Gained).
		Msg("recording was left open and is closed now")
	k.add(&r.Sidecar)
}

// cleanEvery is the time between two looks at what is too old or too much.
const cleanEvery = 10 * time.Minute

// cleanUp removes what record.keep and record.max_size let go, until ctx ends.
func (k *keeper) cleanUp(ctx context.Context) {
	tick := time.NewTicker(cleanEvery)
	defer tick.Stop()
	for {
		k.prune(ctx)
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
	}
}

func (k *keeper) prune(ctx context.Context) {
	_, books := k.opened()
	if books == nil {
		return
	}
	done, err := books.Prune(ctx, time.Now(), ledger.Policy{
		Age: k.cfg.Record.Keep, Bytes: int64(k.cfg.Record.MaxSize), Keep: k.waits,
		Gone: func(file, why string) { k.log.Info().Str("file", file).Str("why", why).Msg("recording removed") },
	})
	if err = errors.Join(err, done.Failed); err != nil && ctx.Err() == nil {
		k.log.Error().Err(err).Msg("old recordings could not all be removed")
	}
	if done.Files > 0 || done.Held > 0 {
		k.log.Info().Int("removed", done.Files).Int64("bytes", done.Bytes).Int64("left", done.Left).Int("on_hold", done.Held).Int("kept", done.Kept).
			Msg("recordings cleaned up")
	}
}

// close ends what start and newKeeper began. Recordings were stopped before; what is
// not on the disk when ctx ends is repaired at the next start.
func (k *keeper) close(ctx context.Context) {
	if k == nil {
		return
	}
	if k.cancel != nil {
		k.cancel()
	}
	err := k.store.Close(ctx)
	k.wait.Wait()
	if k.queue != nil {
		err = errors.Join(err, k.queue.Close(ctx))
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.books != nil {
		err = errors.Join(err, k.books.Close(), k.root.Close())
	}
	if err != nil {
		k.log.Warn().Err(err).Msg("recordings closed")
	}
}
