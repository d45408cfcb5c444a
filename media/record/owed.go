package record

import (
	"errors"
	"io/fs"
	"strings"
	"sync"
)

// debts are recordings that ended while the disk had no room for their entry in the
// books. Their files keep their markers, so that the next start closes what is never paid.
type debts struct {
	mu   sync.Mutex
	list []debt
}

type debt struct {
	r      *Recording
	result Result
}

const (
	mostOwed = 10000
	owedTurn = 15 // group syncs between two attempts: 5 s
)

// owe puts an entry off. The name of the file stays taken: nobody may append to it.
func (s *Store) owe(r *Recording, result *Result) {
	s.owed.mu.Lock()
	defer s.owed.mu.Unlock()
	if len(s.owed.list) < mostOwed {
		s.owed.list = append(s.owed.list, debt{r, *result})
	}
}

// pay enters what is owed, as far as the disk takes it.
func (s *Store) pay() {
	s.owed.mu.Lock()
	list := s.owed.list
	s.owed.list = nil
	s.owed.mu.Unlock()
	for n := range list {
		if err := s.payOne(&list[n]); err != nil {
			s.hurt(err)
			s.owed.mu.Lock()
			s.owed.list = append(list[n:], s.owed.list...)
			s.owed.mu.Unlock()
			return
		}
	}
}

// payOne closes a file once more, as after a crash: the disk may not have taken its last
// header either.
func (s *Store) payOne(d *debt) error {
	r := &repair{Repaired: Repaired{ID: d.r.id, File: d.result.File, Sidecar: d.result.Sidecar}, s: s, boot: s.boot}
	var err error
	r.file, err = s.fs.Open(r.File)
	gone := errors.Is(err, fs.ErrNotExist) // removed meanwhile
	if err == nil {
		err = r.settle()
	}
	if err != nil && !gone {
		return err
	}
	_ = s.fs.Remove(d.r.markerName())
	s.unreserve(r.File)
	if s.o.Stopped != nil && !gone {
		d.result.Sidecar, d.result.Bytes, d.result.SHA256 = r.Sidecar, r.Sidecar.Bytes, r.Sidecar.SHA256
		s.o.Stopped(d.r, d.result)
	}
	return nil
}

// settle makes the file right and enters it.
func (r *repair) settle() (err error) {
	if strings.HasSuffix(r.File, wavEnd) {
		err = r.header()
	}
	size, sum, failed := hashOf(r.file)
	if err = errors.Join(err, failed, r.file.Close()); err != nil {
		return err
	}
	r.Sidecar.Bytes, r.Sidecar.SHA256 = size, sum
	if err := r.s.tailOf(&r.Sidecar); err != nil {
		return err
	}
	return r.s.enter(&r.Sidecar)
}
