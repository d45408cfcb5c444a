package shelf

import (
	"context"
	"errors"
	"fmt"

	"rms/media/record/ledger"
	"rms/media/record/waveform"
)

// ErrNoDelivery says that recordings go nowhere.
var ErrNoDelivery = errors.New("recordings are delivered nowhere: set upload.to")

// finished returns what may be changed: a recording that has ended.
func (s *Shelf) finished(ctx context.Context, id string) (*ledger.Sidecar, error) {
	rec, err := s.Find(ctx, id)
	switch {
	case err != nil:
		return nil, err
	case s.books() == nil:
		return nil, ErrReadOnly
	case s.liveOf(id) != nil || rec.State == ledger.Recording:
		return nil, ErrRunning
	}
	return rec, nil
}

// Hold puts a recording on legal hold: nothing removes it before Release. by and why are
// written down.
func (s *Shelf) Hold(ctx context.Context, id, by, why string) (*ledger.Sidecar, error) {
	rec, err := s.finished(ctx, id)
	if err == nil {
		err = s.books().Hold(rec.File, by, why)
	}
	if err != nil {
		return nil, err
	}
	return s.Find(ctx, id)
}

// Release ends a legal hold.
func (s *Shelf) Release(ctx context.Context, id, by, why string) (*ledger.Sidecar, error) {
	rec, err := s.finished(ctx, id)
	if err == nil {
		err = s.books().Release(rec.File, by, why)
	}
	if err != nil {
		return nil, err
	}
	return s.Find(ctx, id)
}

// Delete removes a recording for good; the chain keeps a tombstone. A legal hold forbids
// it: ledger.ErrHeld.
func (s *Shelf) Delete(ctx context.Context, id, by, why string) error {
	rec, err := s.finished(ctx, id)
	if err != nil {
		return err
	}
	if err := s.books().Tombstone(rec.File, by, why); err != nil {
		return err
	}
	if err := waveform.Forget(s.root(), rec.File); err != nil {
		return fmt.Errorf("remove the picture of %q: %w", id, err)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.files, id)
	return nil
}

// Upload delivers a recording, once more if it was delivered before.
func (s *Shelf) Upload(ctx context.Context, id, by string) error {
	if s.o.Deliver == nil {
		return ErrNoDelivery
	}
	rec, err := s.finished(ctx, id)
	if err != nil {
		return err
	}
	if err := s.Note(rec, by, "upload"); err != nil {
		return err
	}
	return s.o.Deliver(ctx, rec)
}

// Verify compares a recording with the chain and returns what is wrong.
func (s *Shelf) Verify(ctx context.Context, id string, progress func(ledger.Progress)) (*ledger.Report, error) {
	rec, err := s.Find(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.liveOf(id) != nil {
		return nil, ErrRunning
	}
	o := ledger.VerifyOptions{File: rec.File, Progress: progress}
	if s.books() != nil {
		o.Public, o.Head = s.books().Public(), s.books().Head()
	}
	return ledger.Verify(ctx, s.root().Name(), o)
}
