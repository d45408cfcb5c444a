package call

import (
	"os"
	"path/filepath"
	"sync"

	"rms/media/target"
	"rms/media/wire/audiostream"
)

// streamFiles are the files that play events name: what a message carried, as it
// came. Each is there until it was played, or until its stream ends.
type streamFiles struct {
	mu    sync.Mutex
	dir   string
	next  int
	names []string // that are there, with dir
}

// keep writes a piece of audio and returns the name of its file, "" when that was not
// possible: the call goes on without it. It may block, and runs on the stream's own
// goroutine.
func (f *streamFiles) keep(s *stream, c *target.Clip) string {
	f.mu.Lock()
	defer f.mu.Unlock()
	dir := s.call.manager.opts.Streams.TempDir
	if dir == "" {
		dir = filepath.Join(os.TempDir(), "rms")
	}
	name := filepath.Join(dir, audiostream.FileName(s.call.id, f.next, c.Kind, c.Rate))
	f.next++
	err := os.MkdirAll(dir, 0o700)
	if err == nil {
		_ = os.Remove(name) // of a stream before this one
		err = writeNew(name, c.Data)
	}
	if err != nil {
		s.call.warn().Err(err).Str("stream", s.name).Msg("audio of a message not written to a file")
		return ""
	}
	f.names = append(f.names, name)
	return name
}

// writeNew writes a file that must not be there, nor be a link to somewhere else.
func writeNew(name string, data []byte) error {
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

// until has a file removed when the audio before this moment has been played.
func (v *streamLife) until(file string) {
	if file != "" {
		_ = v.playout.Mark(markFile + file) // too many marks: the end of the stream removes it
	}
}

// remove deletes one file.
func (f *streamFiles) remove(name string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i := range f.names {
		if f.names[i] == name {
			f.names = append(f.names[:i:i], f.names[i+1:]...)
			_ = os.Remove(name)
			return
		}
	}
}

// clear deletes all that are left.
func (f *streamFiles) clear() {
	f.mu.Lock()
	names := f.names
	f.names = nil
	f.mu.Unlock()
	for _, name := range names {
		_ = os.Remove(name)
	}
}
