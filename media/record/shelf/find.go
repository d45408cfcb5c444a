package shelf

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"rms/media/record/ledger"
	"rms/media/record/shelf/index"
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
	p, err := s.Page(ctx, index.Query{Filter: ledger.Filter{ID: id}, Limit: 1})
	if err != nil {
		return nil, err
	}
	if len(p.Recordings) == 0 {
		return nil, ErrNotFound
	}
	return p.Recordings[0], nil
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
