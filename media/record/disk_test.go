package record_test

import (
	"errors"
	"io"
	"io/fs"
	"math/rand/v2"
	"path"
	"sync"
	"syscall"

	"rms/media/record"
)

// disk is a file system of memory that can lose power, stall and be full.
type disk struct {
	mu     sync.Mutex
	files  map[string]*image
	room   int64         // bytes that may be written still; < 0: no limit
	gate   chan struct{} // writing and syncing wait until it is closed; nil: they do not
	broken error         // of the next sync
	held   int           // that wait for the gate
}

// image is a file: what programs see, and what is surely on the disk.
type image struct {
	seen, sure []byte
	named      bool // the name is on the disk
}

func newDisk() *disk { return &disk{files: map[string]*image{}, room: -1} }

func (d *disk) stall() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.gate = make(chan struct{})
}

func (d *disk) recover() {
	d.mu.Lock()
	defer d.mu.Unlock()
	close(d.gate)
	d.gate = nil
}

func (d *disk) fill(room int64) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.room = room
}

// holds tells whether anybody waits for the gate.
func (d *disk) holds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held > 0
}

// wait is where what needs the disk is held. It returns with the lock held.
func (d *disk) wait() {
	d.mu.Lock()
	for d.gate != nil {
		gate := d.gate
		d.held++
		d.mu.Unlock()
		<-gate
		d.mu.Lock()
		d.held--
	}
}

const page = 4096

// cut is a power cut: each page that was not synced is on the disk or not, and so is each
// length. It returns what the machine finds when it starts again.
func (d *disk) cut(random *rand.Rand) *disk {
	d.mu.Lock()
	defer d.mu.Unlock()
	after := newDisk()
	for name, f := range d.files {
		if !f.named && random.IntN(2) == 0 {
			continue
		}
		after.files[name] = f.after(random)
	}
	return after
}

func (f *image) after(random *rand.Rand) *image {
	b := append([]byte(nil), f.sure...)
	if random.IntN(2) == 0 && len(f.seen) > len(b) {
		b = append(b, make([]byte, len(f.seen)-len(b))...)
	}
	for at := 0; at < len(b); at += page {
		if random.IntN(2) == 0 && at < len(f.seen) {
			copy(b[at:min(at+page, len(b))], f.seen[at:])
		}
	}
	return &image{seen: b, sure: append([]byte(nil), b...), named: true}
}

func (d *disk) Create(name string) (record.File, error) {
	d.wait()
	defer d.mu.Unlock()
	if d.files[name] != nil {
		return nil, fs.ErrExist
	}
	f := &image{}
	d.files[name] = f
	return &handle{d, f}, nil
}

func (d *disk) Open(name string) (record.File, error) {
	d.wait()
	defer d.mu.Unlock()
	f := d.files[name]
	if f == nil {
		return nil, fs.ErrNotExist
	}
	return &handle{d, f}, nil
}

func (d *disk) Replace(name string, content []byte) error {
	d.wait()
	defer d.mu.Unlock()
	if d.room >= 0 && d.room < int64(len(content)) {
		return syscall.ENOSPC
	}
	f := d.files[name]
	if f == nil {
		f = &image{}
		d.files[name] = f
	}
	f.seen = append([]byte(nil), content...)
	f.sure, f.named = f.seen, true // sidecars are not what is tested
	return nil
}

func (d *disk) Remove(name string) error {
	d.wait()
	defer d.mu.Unlock()
	delete(d.files, name)
	return nil
}

func (d *disk) ReadFile(name string) ([]byte, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if f := d.files[name]; f != nil {
		return append([]byte(nil), f.seen...), nil
	}
	return nil, fs.ErrNotExist
}

func (d *disk) List(dir string) ([]string, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var names []string
	for name := range d.files {
		if path.Dir(name) == dir {
			names = append(names, path.Base(name))
		}
	}
	return names, nil
}

func (d *disk) Sync() error {
	d.wait()
	defer d.mu.Unlock()
	if err := d.broken; err != nil {
		d.broken = nil
		return err
	}
	for _, f := range d.files {
		f.sync()
	}
	return nil
}

func (f *image) sync() { f.sure, f.named = append([]byte(nil), f.seen...), true }

func (d *disk) Free() (uint64, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.room < 0 {
		return 1 << 50, nil
	}
	return uint64(d.room), nil
}

func (d *disk) Close() error { return nil }

// handle is an open file of a disk.
type handle struct {
	d *disk
	f *image
}

func (h *handle) ReadAt(p []byte, at int64) (int, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	if at >= int64(len(h.f.seen)) {
		return 0, io.EOF
	}
	n := copy(p, h.f.seen[at:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

func (h *handle) WriteAt(p []byte, at int64) (int, error) {
	h.d.wait()
	defer h.d.mu.Unlock()
	more := at + int64(len(p)) - int64(len(h.f.seen))
	var err error
	if h.d.room >= 0 && more > h.d.room {
		p = p[:max(int64(len(p))-(more-h.d.room), 0)]
		more, err = h.d.room, syscall.ENOSPC
		if len(p) == 0 {
			return 0, err
		}
	}
	if more > 0 {
		h.f.seen = append(h.f.seen, make([]byte, more)...)
		if h.d.room >= 0 {
			h.d.room -= more
		}
	}
	return copy(h.f.seen[at:], p), err
}

func (h *handle) Sync() error {
	h.d.wait()
	defer h.d.mu.Unlock()
	h.f.sync()
	return nil
}

func (h *handle) Truncate(size int64) error {
	h.d.wait()
	defer h.d.mu.Unlock()
	if size <= int64(len(h.f.seen)) {
		h.f.seen = h.f.seen[:size:size]
		return nil
	}
	h.f.seen = append(h.f.seen, make([]byte, size-int64(len(h.f.seen)))...)
	return nil
}

func (h *handle) Size() (int64, error) {
	h.d.mu.Lock()
	defer h.d.mu.Unlock()
	return int64(len(h.f.seen)), nil
}

func (h *handle) Close() error { return nil }

var errDisk = errors.New("input/output error")
