package call_test

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"rms/call"
	"rms/call/prompt"
	"rms/media/wav/wavtest"
)

// disk is a folder of prompts that is as slow, or as broken, as a test wants.
type disk struct {
	fstest.MapFS
	gate   chan struct{} // what Open of a file waits for; nil: nothing
	broken int           // bytes of a file that can be read; 0: all
	stall  chan struct{} // what reading on waits for then; nil: it fails
	panics bool
	length time.Duration // of its files

	mu    sync.Mutex
	open  int
	stuck int // readers that wait for stall
}

// newDisk returns a disk with a.wav: a tone of 440 Hz and this length.
func newDisk(t testing.TB, d time.Duration) *disk {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.wav")
	if err := wavtest.Write(name, wavtest.Tone{Rate: 8000, Channels: 1, Hz: 440, Duration: d}); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return &disk{length: d, MapFS: fstest.MapFS{"a.wav": {Data: data}, "b.wav": {Data: data}}}
}

// disks are those that read on without end, by their caches.
var disks sync.Map

// use makes the disk the only place of prompts. Files above long bytes of encoded
// audio are streamed; 0 is the usual limit.
func (d *disk) use(t testing.TB, long int64) func(*call.Options) {
	t.Helper()
	cache, err := prompt.New(prompt.Options{Embedded: d, Long: long})
	if err != nil {
		t.Fatal(err)
	}
	if d.broken == 0 && !d.panics {
		disks.Store(cache, d)
		t.Cleanup(func() { disks.Delete(cache) })
	}
	return func(o *call.Options) { o.Prompts = cache }
}

func (d *disk) Open(name string) (fs.File, error) {
	if d.panics {
		panic("a decoder with a bug")
	}
	if d.gate != nil {
		<-d.gate
	}
	f, err := d.MapFS.Open(name)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	d.open++
	d.mu.Unlock()
	return &slowFile{File: f, disk: d, left: d.broken}, nil
}

// opened returns how many files are open now.
func (d *disk) opened() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.open
}

// holds tells whether somebody was held by the stall.
func (d *disk) holds() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.stuck > 0
}

type slowFile struct {
	fs.File
	disk *disk
	left int
	once sync.Once
}

func (f *slowFile) Read(b []byte) (int, error) {
	if f.disk.broken == 0 {
		return f.File.Read(b)
	}
	if f.left == 0 && f.disk.stall != nil {
		f.disk.mu.Lock()
		f.disk.stuck++
		f.disk.mu.Unlock()
		<-f.disk.stall
	}
	if f.left == 0 {
		return 0, errors.New("the disk is broken")
	}
	n, err := f.File.Read(b[:min(len(b), f.left)])
	f.left -= n
	return n, err
}

// Seek lets a prompt start again.
func (f *slowFile) Seek(offset int64, whence int) (int64, error) {
	s, ok := f.File.(io.Seeker)
	if !ok {
		return 0, errors.New("cannot seek")
	}
	return s.Seek(offset, whence)
}

func (f *slowFile) Close() error {
	f.once.Do(func() {
		f.disk.mu.Lock()
		f.disk.open--
		f.disk.mu.Unlock()
	})
	return f.File.Close()
}
