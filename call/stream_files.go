package call

import (
	"errors"
	"os"
	"path/filepath"
	"sync"
	"time"

	"rms/media/target"
	"rms/media/wire/audiostream"
)

// maxKept and maxFiles bound the files of one call: 16 messages of the longest kind,
// and as many short ones as wait to be played.
const (
	maxKept  = 64 << 20 // bytes
	maxFiles = 256
)

var errKept = errors.New("the call's play events have 256 files or 64 MiB already")

// callFiles are the files of a call that play events named, by name. They are gone
// when the call is.
type callFiles struct {
	mu    sync.Mutex
	over  bool
	bytes int64
	all   map[string]*keptFile
}

// keptFile is one of them.
type keptFile struct {
	owner *streamFiles // nil when its stream is over
	size  int64
	end   time.Duration // position in the playout behind its audio; 0: not known yet
}

// streamFiles are the files of one stream: what its messages carried, as it came.
// What we play is there until it was played or the stream has ended; what is left to
// the application to play is there until the call has ended.
type streamFiles struct {
	shelf *callFiles
	life  *streamLife
	next  int // index in the next name
}

// keep writes a piece of audio and returns the name of its file, "" when that was not
// possible: the call goes on without it. It may block, and runs on the stream's own
// goroutine.
func (f *streamFiles) keep(c *target.Clip) string {
	s := f.life.s
	dir := s.call.manager.opts.Streams.TempDir
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "rms")
	}
	f.remove(f.done())
	name, err := f.claim(dir, c)
	if err == nil {
		err = write(name, c.Data)
	}
	switch {
	case err != nil:
		f.shelf.drop(name)
		s.call.warn().Err(err).Str("stream", s.name).Msg("audio of a message not written to a file")
		return ""
	case !f.shelf.has(name): // the call ended meanwhile
		_ = os.Remove(name)
	}
	return name
}

// claim finds a name that no other stream of the call uses now: each counts from 0.
func (f *streamFiles) claim(dir string, c *target.Clip) (string, error) {
	h := f.shelf
	h.mu.Lock()
	defer h.mu.Unlock()
	size := int64(len(c.Data))
	if h.over || h.bytes+size > maxKept || len(h.all) >= maxFiles {
		return "", errKept
	}
	for {
		name := filepath.Join(dir, audiostream.FileName(f.life.call.id, f.next, c.Kind, c.Rate))
		f.next++
		old := h.all[name]
		if old != nil && old.owner != nil {
			continue
		}
		if old != nil {
			h.bytes -= old.size
		}
		if h.all == nil {
			h.all = make(map[string]*keptFile)
		}
		h.all[name] = &keptFile{owner: f, size: size}
		h.bytes += size
		return name, nil
	}
}

// write makes a file anew: it must not be a link to somewhere else.
func write(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		return err
	}
	_ = os.Remove(name) // of a stream before this one
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = file.Write(data)
	if e := file.Close(); err == nil {
		err = e
	}
	return err
}

// played notes that the audio of a file is all that the playout was given so far.
func (f *streamFiles) played(name string) {
	st := f.life.playout.Stats()
	f.shelf.mu.Lock()
	defer f.shelf.mu.Unlock()
	if k := f.shelf.all[name]; k != nil {
		k.end = max(st.Played+st.Queued+st.Dropped, 1)
	}
}

// done takes the files whose audio was played off the shelf.
func (f *streamFiles) done() []string {
	st := f.life.playout.Stats()
	return f.shelf.take(func(k *keptFile) bool {
		return k.owner == f && k.end > 0 && st.Played+st.Dropped >= k.end
	})
}

func (f *streamFiles) remove(names []string) {
	for _, name := range names {
		_ = os.Remove(name)
	}
}

// take takes files off the shelf.
func (h *callFiles) take(which func(*keptFile) bool) []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var names []string
	for name, k := range h.all {
		if which(k) {
			names = append(names, name)
			h.bytes -= k.size
			delete(h.all, name)
		}
	}
	return names
}

func (h *callFiles) has(name string) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.all[name] != nil
}

// drop forgets a file that could not be written.
func (h *callFiles) drop(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if k := h.all[name]; k != nil {
		h.bytes -= k.size
		delete(h.all, name)
	}
}

// clear removes all files when the call is over; no more are written.
func (h *callFiles) clear() {
	h.mu.Lock()
	h.over = true
	h.mu.Unlock()
	for _, name := range h.take(func(*keptFile) bool { return true }) {
		_ = os.Remove(name)
	}
}

// sweepFiles removes the files whose audio was played.
func (s *stream) sweepFiles() {
	f := &s.life.files
	if names := f.done(); len(names) > 0 {
		s.call.manager.spawn(func() { f.remove(names) })
	}
}

// dropFiles removes the files of a stream that is over. Those that we did not play
// may be played by the script still, and stay.
func (c *Call) dropFiles(s *stream) {
	f := &s.life.files
	if !s.set.playback {
		c.files.release(f)
		return
	}
	if names := c.files.take(func(k *keptFile) bool { return k.owner == f }); len(names) > 0 {
		c.manager.spawn(func() { f.remove(names) })
	}
}

// release makes the names of a stream's files free for the next.
func (h *callFiles) release(f *streamFiles) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, k := range h.all {
		if k.owner == f {
			k.owner = nil
		}
	}
}
