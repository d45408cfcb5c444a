package shelf

import (
	"context"
	"fmt"
	"io"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/waveform"
)

// noteOnce is how long one note stands for further accesses of the same kind: a player
// fetches a file in a hundred pieces.
const noteOnce = 5 * time.Minute

// maxNoted bounds what is remembered of notes.
const maxNoted = 10000

// Note writes into the books that somebody heard, fetched or looked at a recording. An
// access that cannot be noted is not to be granted.
func (s *Shelf) Note(rec *ledger.Sidecar, by, what string) error {
	if s.books() == nil {
		return nil
	}
	key, now := what+"\x00"+rec.ID+"\x00"+by, s.o.Now()
	s.mu.Lock()
	defer s.mu.Unlock()
	if at, ok := s.noted[key]; ok && now.Sub(at) < noteOnce {
		return nil
	}
	if len(s.noted) >= maxNoted {
		clear(s.noted)
	}
	if err := s.books().Access(rec.ID, rec.File, by, what, ""); err != nil {
		return fmt.Errorf("note the access in the books: %w", err)
	}
	s.noted[key] = now
	return nil
}

// Bounds of overviews of recordings that grow.
const (
	fresh      = 2 * time.Second // how long one is good
	maxGrowing = 64
)

// growing is an overview of a recording that grows.
type growing struct {
	overview *waveform.Overview
	good     time.Time // until then
}

// Waveform returns the overview of a recording. It is made once and kept; one of a
// recording that grows is made anew when it is some seconds old. One is made at a time.
func (s *Shelf) Waveform(ctx context.Context, rec *ledger.Sidecar, progress func(done, total int64)) (*waveform.Overview, error) {
	a, err := s.Open(ctx, rec)
	if err != nil {
		return nil, err
	}
	defer func() { _ = a.Close() }()
	if a.Encrypted {
		return nil, ErrEncrypted
	}
	select {
	case s.drawing <- struct{}{}:
		defer func() { <-s.drawing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	whole, err := a.Whole()
	if err != nil {
		return nil, err
	}
	if a.Growing() {
		return s.growing(ctx, rec, whole, progress)
	}
	return waveform.Cached(ctx, s.root(), &waveform.Source{
		Name: rec.File, Size: whole.Size(), Time: a.Time, Pauses: waveform.PausesOf(rec),
		Open: func() (io.ReadCloser, error) { return io.NopCloser(whole), nil },
	}, progress)
}

func (s *Shelf) growing(ctx context.Context, rec *ledger.Sidecar, whole *io.SectionReader, progress func(done, total int64)) (*waveform.Overview, error) {
	began := s.o.Now()
	if g, ok := s.pictures[rec.ID]; ok && began.Before(g.good) {
		return g.overview, nil
	}
	o, err := waveform.Read(ctx, whole, whole.Size(), waveform.ReadOptions{Pauses: waveform.PausesOf(rec), Progress: progress})
	if err != nil {
		return nil, err
	}
	if len(s.pictures) >= maxGrowing {
		clear(s.pictures)
	}
	now := s.o.Now()
	s.pictures[rec.ID] = growing{o, now.Add(max(fresh, 20*now.Sub(began)))}
	return o, nil
}
