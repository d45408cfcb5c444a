package recordcmd

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/waveform"
)

// source is where recordings are: a folder, or a server.
type source interface {
	list(ctx context.Context, q query) (found []shelf.Summary, total int, err error)
	find(ctx context.Context, ref string) (*ledger.Sidecar, error)
	// audio opens a recording to hear it, which the books note as what.
	audio(ctx context.Context, rec *ledger.Sidecar, what string, progress func(done, total int64)) (*audio, error)
	overview(ctx context.Context, rec *ledger.Sidecar, progress func(done, total int64)) (*waveform.Overview, error)
	hold(ctx context.Context, id, why string) error
	release(ctx context.Context, id, why string) error
	remove(ctx context.Context, id, why string) error
	upload(ctx context.Context, id string) error
	close()
}

// query picks recordings.
type query struct {
	call, state string
	id, file    string // their beginning
	from, to    string // as they were typed
	limit       int
}

// audio is a file that is open for reading.
type audio struct {
	io.ReaderAt
	size int64
	tail []byte // what a crash left of an encrypted one
	done func()
}

func (a *audio) close() { a.done() }

// need is what a command wants to do with recordings.
type need int

const (
	look   need = iota // at what is told of them
	hear               // what was said
	change             // them
)

// open finds the recordings: those of a server that was named, or those of the folder.
// The server has the books of its folder: what they are needed for goes through it.
func (e *Env) open(ctx context.Context, n need) (source, error) {
	if e.place.Socket != "" || e.place.URL != "" {
		if e.root != "" {
			return nil, ctl.UsageErrorf("--root is for a folder here, --url and --socket for a server: give one")
		}
		return e.connect()
	}
	name, key, err := e.folderName()
	if err != nil {
		return nil, err
	}
	f, err := openFolder(name, key, e.By)
	if errors.Is(err, fs.ErrNotExist) && e.root == "" {
		if s, cerr := e.connect(); cerr == nil && s.answers(ctx) {
			return s, nil
		}
	}
	if err != nil {
		return nil, fmt.Errorf("there are no recordings in %s: %w (--root names another folder, --url a server)", name, err)
	}
	if n == look {
		return f, nil
	}
	err = f.openBooks()
	switch {
	case err == nil:
		return f, nil
	case errors.Is(err, ledger.ErrLocked):
		s, err := e.connect()
		if err != nil {
			f.close()
			return nil, fmt.Errorf("%s belongs to a server that runs, and it cannot be asked: %w", name, err)
		}
		if !s.answers(ctx) {
			f.close()
			return nil, fmt.Errorf("%s belongs to a server that runs, and there is none at %s: say where with --socket or --url in place of --root", name, s.c.Place())
		}
		return &owned{s, f}, nil
	case n == hear:
		fmt.Fprintf(e.Err, "this access is not noted in the books: %v\n", err)
		return f, nil
	}
	f.close()
	return nil, err
}

// folderName is the folder that is meant, and where the key of its books lies; "": in it.
func (e *Env) folderName() (name, key string, err error) {
	name, key, err = e.Root(e.place.Config)
	if e.root == "" || err == nil && samePath(e.root, name) {
		return name, key, err
	}
	return e.root, "", nil
}

func samePath(a, b string) bool {
	x, err1 := filepath.Abs(a)
	y, err2 := filepath.Abs(b)
	return err1 == nil && err2 == nil && x == y
}

func (e *Env) connect() (*server, error) {
	c, err := e.Connect(e.place)
	if err != nil {
		return nil, err
	}
	return &server{c: c, by: e.By}, nil
}

// outside tells whether a word names a WAV file that lies outside of any books, and
// describes it.
func outside(word string) (dir string, rec *ledger.Sidecar, ok bool) {
	info, err := os.Stat(word)
	if err != nil || !info.Mode().IsRegular() || !ledger.IsAudio(word) {
		return "", nil, false
	}
	dir, base := filepath.Split(word)
	if dir == "" {
		dir = "."
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return "", nil, false
	}
	defer func() { _ = root.Close() }()
	rec = &ledger.Sidecar{ID: base, File: base, State: ledger.Complete, Started: info.ModTime(), Bytes: info.Size()}
	if text, err := root.ReadFile(ledger.SidecarName(base)); err == nil {
		if told, err := ledger.ParseSidecar(text); err == nil {
			told.File = base
			rec = told
		}
	}
	return dir, rec, true
}

// progress shows on a terminal how far something is that takes long.
func (e *Env) progress(what string) (show func(done, total int64), wipe func()) {
	if !e.ErrTerminal {
		return nil, func() {}
	}
	begin, shown := time.Now(), time.Time{}
	show = func(done, total int64) {
		now := time.Now()
		if now.Sub(begin) < 300*time.Millisecond || now.Sub(shown) < 100*time.Millisecond {
			return
		}
		shown = now
		if total > 0 {
			fmt.Fprintf(e.Err, "\r\x1b[K%s %d %%", what, min(100*done/total, 100))
			return
		}
		fmt.Fprintf(e.Err, "\r\x1b[K%s ...", what)
	}
	return show, func() {
		if !shown.IsZero() {
			fmt.Fprint(e.Err, "\r\x1b[K")
		}
	}
}
