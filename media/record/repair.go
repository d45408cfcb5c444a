package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"sync"
	"time"

	"rms/media"
	"rms/media/record/ledger"
	"rms/media/wav"
)

// Repaired is a recording that a crash left open and Repair closed.
type Repaired struct {
	ID, File string
	Sidecar  ledger.Sidecar
	Gained   time.Duration // that the header did not cover
	Err      error         // it could not be closed; the next start tries again
}

// Repair closes the recordings that a crash left open: the header covers what is there,
// the sidecar says "repaired", the chain has it. If the machine itself was not started
// anew since, all that was written is there; otherwise only what the header says was
// surely on the disk. report may be nil; it is called by one goroutine at a time. What
// was begun meanwhile is not touched. A store that is opened late must be Ready.
func (s *Store) Repair(report func(Repaired)) error {
	names, err := s.fs.List(openDir)
	if err != nil {
		return fmt.Errorf("look for recordings that were left open: %w", err)
	}
	var all []*repair
	for _, name := range names {
		if r := s.found(name); r != nil {
			all = append(all, r)
			defer s.unreserve(r.File)
		}
	}
	if len(all) == 0 {
		return nil
	}
	for _, r := range all {
		r.close()
	}
	if err := s.fs.Sync(); err != nil {
		return fmt.Errorf("repair recordings: %w", err)
	}
	return s.enterAll(all, report)
}

// repair is one recording that is being closed.
type repair struct {
	Repaired
	s      *Store
	marker string
	boot   string
	file   File
	lost   bool // there is no file
}

// found reads a marker. It returns nil when that is of no concern.
func (s *Store) found(name string) *repair {
	if strings.HasPrefix(name, ".") { // half a marker
		_ = s.fs.Remove(openDir + "/" + name)
		return nil
	}
	path := openDir + "/" + name
	text, err := s.fs.ReadFile(path)
	var m marker
	if err != nil || json.Unmarshal(text, &m) != nil || checkName(m.File, strings.HasSuffix(m.File, sealedEnd)) != nil {
		_ = s.fs.Remove(path)
		return nil
	}
	s.mu.Lock()
	_, live := s.live[m.ID]
	s.mu.Unlock()
	if live || !s.reserve(m.File) {
		return nil
	}
	return &repair{Repaired: Repaired{ID: m.ID, File: m.File}, s: s, marker: path, boot: m.BootID}
}

// close makes the file right.
func (r *repair) close() {
	text, err := r.s.fs.ReadFile(ledger.SidecarName(r.File))
	if err == nil {
		if sc, err := ledger.ParseSidecar(text); err == nil && sc.File == r.File {
			r.Sidecar = *sc
		}
	}
	r.Sidecar.ID, r.Sidecar.File = r.ID, r.File
	r.file, err = r.s.fs.Open(r.File)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		r.lost = true
	case err != nil:
		r.Err = err
	case strings.HasSuffix(r.File, wavEnd):
		r.Err = r.header()
	}
}

// header writes the header that covers what is there.
func (r *repair) header() error {
	size, err := r.file.Size()
	if err != nil {
		return err
	}
	head := make([]byte, wav.HeaderSize)
	if n, err := r.file.ReadAt(head, 0); err != nil {
		if n < len(head) && size < wav.HeaderSize { // it had just begun
			return r.anew()
		}
		return err
	}
	format, e, claimed, err := wav.ParseHeader(head)
	if err != nil {
		if size == 0 || allZero(head) {
			return r.anew()
		}
		return err
	}
	frame := int64(wav.FrameSize(format, e))
	data, was := size-wav.HeaderSize, int64(claimed)
	whole := was%2 == 1 && data == was+1 // it was closed: the last byte is padding
	if whole || r.boot != r.s.boot || r.boot == "" {
		data = min(data, was)
	}
	data -= data % frame
	r.fill(format, e, data/frame)
	r.Gained = format.Duration(int(max(data-was, 0)/frame) * format.Channels)
	if err := r.file.Truncate(wav.HeaderSize + data + data%2); err != nil {
		return err
	}
	_, err = r.file.WriteAt(wav.AppendHeader(head[:0], format, e, uint64(data)), 0)
	return err
}

func allZero(b []byte) bool { return strings.Trim(string(b), "\x00") == "" }

// anew makes an empty recording of a file that a power cut left without a header.
func (r *repair) anew() error {
	format := media.Format{Rate: r.Sidecar.Rate, Channels: r.Sidecar.Channels}
	e := wav.PCM
	switch r.Sidecar.Encoding {
	case "ulaw":
		e = wav.Mulaw
	case "alaw":
		e = wav.Alaw
	}
	if format.Check() != nil {
		format = media.Format{Rate: 8000, Channels: 1}
	}
	r.fill(format, e, 0)
	if err := r.file.Truncate(wav.HeaderSize); err != nil {
		return err
	}
	_, err := r.file.WriteAt(wav.AppendHeader(nil, format, e, 0), 0)
	return err
}

func (r *repair) fill(format media.Format, e wav.Encoding, samples int64) {
	sc := &r.Sidecar
	sc.Rate, sc.Channels, sc.Encoding, sc.Samples = format.Rate, format.Channels, encodingWord(e), samples
	sc.DurationMS = samples * 1000 / int64(format.Rate)
	length := time.Duration(sc.DurationMS) * time.Millisecond
	if !sc.Started.IsZero() {
		sc.Ended, sc.EndedMonotonic = sc.Started.Add(length), sc.StartedMonotonic+int64(length)
	}
	for i := range sc.Pauses { // one that lasted ends with the file
		p := &sc.Pauses[i]
		if rest := max(float64(sc.DurationMS)-p.AtMS, 0); p.Lasts || p.LengthMS > rest {
			p.LengthMS, p.Lasts = rest, false
		}
	}
}

// enterAll hashes the files and enters them in the books, several at a time: the chain
// syncs once for those that come together.
func (s *Store) enterAll(all []*repair, report func(Repaired)) error {
	var mu sync.Mutex
	var errs []error
	var done sync.WaitGroup
	work := make(chan *repair)
	for range min(mostAtOnce, len(all)) {
		done.Go(func() {
			for r := range work {
				r.enter()
				mu.Lock()
				if r.Err != nil {
					errs = append(errs, fmt.Errorf("repair %q: %w", r.File, r.Err))
				}
				if report != nil {
					report(r.Repaired)
				}
				mu.Unlock()
			}
		})
	}
	for _, r := range all {
		work <- r
	}
	close(work)
	done.Wait()
	return errors.Join(errs...)
}

func (r *repair) enter() {
	sc := &r.Sidecar
	sc.State, sc.Reason = ledger.Repaired, "crash"
	if r.lost {
		sc.State = ledger.Failed
	}
	if r.file != nil {
		size, sum, err := hashOf(r.file)
		sc.Bytes, sc.SHA256 = size, sum
		if err = errors.Join(err, r.file.Close()); err != nil && r.Err == nil {
			r.Err = err
		}
	}
	if err := r.s.tailOf(sc); err != nil && r.Err == nil {
		r.Err = err
	}
	if r.Err != nil {
		return
	}
	if r.Err = r.s.enter(sc); r.Err == nil {
		r.Err = r.s.fs.Remove(r.marker)
	}
}

// mostAtOnce is how many repaired recordings are entered at a time. They wait for the
// disk, most of the time for the same sync.
const mostAtOnce = 64
