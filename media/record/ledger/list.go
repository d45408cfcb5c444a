package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"
)

// Filter picks recordings. What is empty or zero picks all.
type Filter struct {
	ID, Call string
	File     string    // a folder or the begin of a name
	From, To time.Time // when it began: not before From, before To
	State    State
}

func (f *Filter) picks(sc *Sidecar) bool {
	switch {
	case f.ID != "" && sc.ID != f.ID, f.Call != "" && sc.Call != f.Call, f.State != "" && sc.State != f.State:
		return false
	case !strings.HasPrefix(sc.File, f.File):
		return false
	case !f.From.IsZero() && sc.Started.Before(f.From), !f.To.IsZero() && !sc.Started.Before(f.To):
		return false
	}
	return true
}

// errStop ends a walk early.
var errStop = errors.New("stop")

// List calls yield with the recordings of a folder that the filter picks, in no order,
// until it returns false. A sidecar that cannot be read comes as an error that names it,
// and the list goes on. Nothing needs to be open.
func List(root *os.Root, f Filter, yield func(*Sidecar, error) bool) error {
	err := walk(root, ".", func(at found) error {
		if at.name == Folder {
			return errSkip
		}
		if at.err != nil && !yield(nil, fmt.Errorf("read folder %q: %w", at.name, at.err)) {
			return errStop
		}
		file, isSidecar := sidecarOf(at)
		if !isSidecar || !strings.HasPrefix(file, f.File) {
			return nil
		}
		sc, err := ReadSidecar(root, file)
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err == nil && !f.picks(sc) {
			return nil
		}
		if !yield(sc, err) {
			return errStop
		}
		return nil
	})
	if errors.Is(err, errStop) {
		return nil
	}
	if err != nil {
		return fmt.Errorf("list recordings: %w", err)
	}
	return nil
}

// sidecarOf returns the audio file whose sidecar has been found.
func sidecarOf(f found) (file string, ok bool) {
	if !f.mode.IsRegular() || isTemp(path.Base(f.name)) {
		return "", false
	}
	file, ok = strings.CutSuffix(f.name, ".json")
	return file, ok && IsAudio(file)
}

// IsAudio says whether a file has the name of a recording: .wav, or .wav.age when it is
// encrypted.
func IsAudio(file string) bool {
	return strings.HasSuffix(file, ".wav") || strings.HasSuffix(file, ".wav.age")
}

// Find returns the newest recording with an ID. It asks the chain where it lies.
func (l *Ledger) Find(id string) (*Sidecar, error) {
	var file string
	quick := kindMark(KindRecording)
	err := l.entries(func(line []byte) bool { return isKind(line, quick) && strings.Contains(string(line), id) }, func(e *Entry) bool {
		if e.ID == id {
			file = e.File
		}
		return true
	})
	if err != nil {
		return nil, err
	}
	if file == "" || id == "" {
		return nil, fmt.Errorf("recording %.80q: %w", id, fs.ErrNotExist)
	}
	return ReadSidecar(l.root, file)
}
