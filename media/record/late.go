package record

import (
	"io/fs"
	"math"
	"sync"

	"rms/media/record/ledger"
)

// lateFS is a file system that is opened when the first file is made. Before that it is
// empty and has room.
type lateFS struct {
	open func() (FS, *ledger.Ledger, error)

	mu    sync.Mutex
	fs    FS
	books *ledger.Ledger
}

// opened returns the file system, nil before it is open.
func (l *lateFS) opened() FS {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.fs
}

// ledger returns the books, nil before they are open.
func (l *lateFS) ledger() *ledger.Ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.books
}

// need opens the file system unless it is open. An error stands for this time only.
func (l *lateFS) need() (FS, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.fs == nil {
		f, books, err := l.open()
		if err != nil {
			return nil, err
		}
		l.fs, l.books = f, books
	}
	return l.fs, nil
}

// Create is part of FS.
func (l *lateFS) Create(name string) (File, error) {
	f, err := l.need()
	if err != nil {
		return nil, err
	}
	return f.Create(name)
}

// Open is part of FS.
func (l *lateFS) Open(name string) (File, error) {
	f, err := l.need()
	if err != nil {
		return nil, err
	}
	return f.Open(name)
}

// Replace is part of FS.
func (l *lateFS) Replace(name string, content []byte) error {
	f, err := l.need()
	if err != nil {
		return err
	}
	return f.Replace(name, content)
}

// Remove is part of FS.
func (l *lateFS) Remove(name string) error {
	if f := l.opened(); f != nil {
		return f.Remove(name)
	}
	return fs.ErrNotExist
}

// ReadFile is part of FS.
func (l *lateFS) ReadFile(name string) ([]byte, error) {
	if f := l.opened(); f != nil {
		return f.ReadFile(name)
	}
	return nil, fs.ErrNotExist
}

// List is part of FS.
func (l *lateFS) List(dir string) ([]string, error) {
	if f := l.opened(); f != nil {
		return f.List(dir)
	}
	return nil, nil
}

// Sync is part of FS.
func (l *lateFS) Sync() error {
	if f := l.opened(); f != nil {
		return f.Sync()
	}
	return nil
}

// Free is part of FS.
func (l *lateFS) Free() (uint64, error) {
	if f := l.opened(); f != nil {
		return f.Free()
	}
	return math.MaxUint64, nil
}

// Close is part of FS.
func (l *lateFS) Close() error {
	if f := l.opened(); f != nil {
		return f.Close()
	}
	return nil
}
