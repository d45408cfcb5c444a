package shelf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"rms/media/record/ledger"
)

// maxFiles bounds the names that are remembered.
const maxFiles = 10000

// maxID is how long an ID may be.
const maxID = 128

// ValidID tells whether a text can be the ID of a recording. It never names a file, so
// that this is only to tell nonsense early.
func ValidID(id string) bool {
	if id == "" || len(id) > maxID {
		return false
	}
	for i := range len(id) {
		c := id[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		case i > 0 && (c == '-' || c == '_' || c == '.' || c == ':' || c == '@'):
		default:
			return false
		}
	}
	return true
}

// Find returns what is known of a recording.
func (s *Shelf) Find(ctx context.Context, id string) (*ledger.Sidecar, error) {
	if !ValidID(id) || s.root() == nil {
		return nil, ErrNotFound
	}
	if l := s.liveOf(id); l != nil && l.File() != "" {
		if rec, err := ledger.ReadSidecar(s.root(), l.File()); err == nil && rec.ID == id {
			return s.now(rec), nil
		}
	}
	s.mu.Lock()
	file, known := s.files[id]
	s.mu.Unlock()
	if known {
		if rec, err := ledger.ReadSidecar(s.root(), file); err == nil && rec.ID == id {
			return s.now(rec), nil
		}
	}
	rec, err := s.search(ctx, id)
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.files) >= maxFiles {
		clear(s.files)
	}
	s.files[id] = rec.File
	return s.now(rec), nil
}

// search asks the chain, then looks at all sidecars.
func (s *Shelf) search(ctx context.Context, id string) (*ledger.Sidecar, error) {
	if s.books() != nil {
		rec, err := s.books().Find(id)
		if err == nil && rec.ID == id {
			return rec, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("find the recording %q: %w", id, err)
		}
	}
	var found *ledger.Sidecar
	err := s.List(ctx, ledger.Filter{ID: id}, func(rec *ledger.Sidecar) bool {
		if found == nil || rec.Started.After(found.Started) {
			found = rec
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if found == nil {
		return nil, ErrNotFound
	}
	return found, nil
}

// List gives yield the recordings that a filter picks, in no order. Sidecars that cannot
// be read are passed over: Verify names them.
func (s *Shelf) List(ctx context.Context, f ledger.Filter, yield func(*ledger.Sidecar) bool) error {
	root := s.root()
	if root == nil {
		return nil // nothing was ever recorded
	}
	err := ledger.List(root, f, func(rec *ledger.Sidecar, err error) bool {
		if ctx.Err() != nil {
			return false
		}
		return err != nil || yield(s.now(rec))
	})
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}

// now brings the sidecar of a recording that is being made, here or by another program,
// up to date.
func (s *Shelf) now(rec *ledger.Sidecar) *ledger.Sidecar {
	if rec.State != ledger.Recording {
		return rec
	}
	if !plain(rec.File) {
		return rec
	}
	f, err := s.root().OpenFile(rec.File, readFlags, 0)
	if err != nil {
		return rec
	}
	defer func() { _ = f.Close() }()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return rec
	}
	rec.Bytes = info.Size()
	if l := s.liveOf(rec.ID); l != nil && !strings.HasSuffix(rec.File, ".age") {
		rec.Bytes = min(rec.Bytes, l.Size())
	}
	if h := readHead(f, rec.Bytes); h != nil && rec.Rate > 0 {
		rec.Samples = max(rec.Bytes-int64(len(h.bytes)), 0) / h.block
		rec.DurationMS = rec.Samples * 1000 / int64(rec.Rate)
	}
	return rec
}
