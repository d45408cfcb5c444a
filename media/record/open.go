package record

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/wav"
)

// openDir holds a small file for each recording that runs: what a crash leaves of them
// tells the next start what to repair.
const openDir = ".rms/open"

// marker is the content of such a file.
type marker struct {
	ID     string `json:"id"`
	File   string `json:"file"`
	BootID string `json:"boot_id"`
	PID    int    `json:"pid"`
}

// mostNumbers bounds how many taken names are tried.
const mostNumbers = 10000

// open makes the file. It returns false when there is none to write to.
func (c *work) open() bool {
	c.opened = true
	r := c.r
	if err := c.create(); err != nil {
		c.fail("open", err)
		return false
	}
	c.kept = nil
	if r.spec.Sides == Mixed || c.seal != nil {
		c.kept = newKept()
	}
	if err := c.begin(); err != nil {
		c.fail("begin", err)
		_ = c.file.Close()
		if c.base == 0 {
			_ = r.store.fs.Remove(r.File())
			_ = r.store.fs.Remove(ledger.SidecarName(r.File()))
		}
		_ = r.store.fs.Remove(r.markerName())
		r.store.unreserve(r.File())
		c.file = nil
		return false
	}
	r.state.CompareAndSwap(int32(Opening), int32(Running))
	r.shift.Store(c.base)
	r.tell(func(e Events) { e.Started(r) })
	if hook := r.store.o.Started; hook != nil {
		hook(r)
	}
	return true
}

// create takes the name and opens the file.
func (c *work) create() error {
	r := c.r
	wanted := r.spec.File
	for n := 1; n <= mostNumbers; n++ {
		name := numbered(wanted, n)
		if !r.store.reserve(name) {
			if r.spec.Template != "" {
				continue
			}
			return &NameError{name, "it is being recorded to", "stop that recording first or take another name"}
		}
		f, err := r.store.fs.Create(name)
		exists := errors.Is(err, fs.ErrExist)
		if exists && r.spec.Append {
			f, err = c.appendTo(name)
		}
		if err == nil {
			c.file = f
			r.file.Store(&name)
			return nil
		}
		r.store.unreserve(name)
		switch {
		case !exists || r.spec.Append:
			return err
		case r.spec.Template != "":
		case errors.As(err, new(*NameError)):
			return err
		default:
			return &NameError{name, "the file exists", "take another name, or append=true"}
		}
	}
	return &NameError{wanted, fmt.Sprintf("%d names like it are taken", mostNumbers), "put {time} or {id} into the template"}
}

// appendTo opens a file of the same form, to go on at its end.
func (c *work) appendTo(name string) (File, error) {
	s := c.r.store
	f, err := s.fs.Open(name)
	if err != nil {
		return nil, err
	}
	base, err := c.fits(name, f)
	if err == nil {
		err = f.Truncate(wav.HeaderSize + base*c.frame)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	c.base = base
	for _, m := range c.r.mark.all() {
		m.Store(base * c.frame)
	}
	if text, err := s.fs.ReadFile(ledger.SidecarName(name)); err == nil {
		if old, err := ledger.ParseSidecar(text); err == nil && old.File == name {
			c.before = old
		}
	}
	return f, nil
}

// fits returns how many samples a file holds, unless it has another form.
func (c *work) fits(name string, f File) (int64, error) {
	head := make([]byte, wav.HeaderSize)
	_, err := f.ReadAt(head, 0)
	if err != nil {
		return 0, &NameError{name, "there is a file without a WAV header", "take another name"}
	}
	format, encoding, data, err := wav.ParseHeader(head)
	if err != nil {
		return 0, &NameError{name, err.Error(), "append only to recordings of rms"}
	}
	if format != c.format || encoding != c.r.spec.Encoding {
		return 0, &NameError{name, fmt.Sprintf("the file is %s, %s", encoding, format), "append in the same form"}
	}
	size, err := f.Size()
	if err != nil {
		return 0, err
	}
	return min(int64(data), size-wav.HeaderSize) / c.frame, nil
}

// begin writes what a file begins with, its marker and its first sidecar.
func (c *work) begin() error {
	r := c.r
	s := r.store
	m, err := json.Marshal(marker{r.id, r.File(), s.boot, os.Getpid()})
	if err != nil {
		return err
	}
	if err := s.fs.Replace(r.markerName(), m); err != nil {
		return err
	}
	if len(r.spec.Recipients) > 0 {
		err = c.beginSealed()
	} else {
		err = c.writeHeader(c.base * c.frame)
	}
	if err != nil {
		return err
	}
	gone := r.Position() // sample 0 lies so far back
	c.started, c.startedMono = s.o.Now().Add(-gone), monotonic()-int64(gone)
	c.saved = time.Now()
	sc := c.fillSidecar(ledger.Recording)
	if books := s.ledger(); books != nil && c.base > 0 {
		return books.Reopen(sc)
	}
	return s.putSidecar(sc)
}

func (r *Recording) markerName() string { return openDir + "/" + harmless(r.id) }

// beginSealed begins the encrypted stream with a header that leaves the length open.
func (c *work) beginSealed() error {
	r := c.r
	o := seal.Options{To: r.spec.Recipients, Tail: func(tail []byte) error {
		name := r.File() + seal.TailSuffix
		if tail == nil {
			return r.store.fs.Remove(name)
		}
		return r.store.fs.Replace(name, tail)
	}}
	if r.store.o.Sync == Second {
		o.Sync = c.file.Sync
	}
	w, err := seal.NewWriter(c.file, o)
	if err != nil {
		return err
	}
	c.seal = w
	c.kept = newKept()
	_, err = w.Write(wav.AppendStreamHeader(nil, c.format, r.spec.Encoding))
	return err
}

func (s *Store) reserve(name string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, taken := s.files[name]; taken {
		return false
	}
	s.files[name] = struct{}{}
	return true
}

func (s *Store) unreserve(name string) {
	s.mu.Lock()
	delete(s.files, name)
	s.mu.Unlock()
}

func (s *Store) putSidecar(sc *ledger.Sidecar) error {
	text, err := sc.Encode()
	if err != nil {
		return err
	}
	return s.fs.Replace(ledger.SidecarName(sc.File), text)
}
