package record

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
)

// FS is the file system that a Store writes to. Names are relative and have slashes. Its
// methods may wait for the disk.
type FS interface {
	// Create makes a new file and the directories above it. An error that is
	// fs.ErrExist says that the name is taken, by whatever.
	Create(name string) (File, error)
	// Open opens a regular file for reading and writing.
	Open(name string) (File, error)
	// Replace writes a small file as a whole: it has its old content or the new one.
	Replace(name string, content []byte) error
	Remove(name string) error
	ReadFile(name string) ([]byte, error)
	// List returns the names in a directory; none when there is no such directory.
	List(dir string) ([]string, error)
	// Sync brings all that was written before to the disk, that of all files.
	Sync() error
	// Free returns how many bytes there is room for.
	Free() (uint64, error)
	Close() error
}

// File is an open recording.
type File interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Sync() error
	Truncate(size int64) error
	Size() (int64, error)
}

// Dir is the FS that is a directory of the machine. No name leaves it (os.Root).
type Dir struct {
	root *os.Root
	self *os.File // for what is asked of the file system as a whole
}

// OpenDir opens a directory, and makes it when it is missing.
func OpenDir(name string) (*Dir, error) {
	if err := os.MkdirAll(name, 0o750); err != nil {
		return nil, fmt.Errorf("make the directory of recordings: %w", err)
	}
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, fmt.Errorf("open the directory of recordings: %w", err)
	}
	self, err := root.Open(".")
	if err != nil {
		_ = root.Close()
		return nil, fmt.Errorf("open the directory of recordings: %w", err)
	}
	return &Dir{root, self}, nil
}

// Create is part of FS.
func (d *Dir) Create(name string) (File, error) {
	if err := d.parents(name); err != nil {
		return nil, err
	}
	f, err := d.open(name, os.O_RDWR|os.O_CREATE|os.O_EXCL)
	return f, d.inTheWay(name, err)
}

// Open is part of FS. It does not follow a link and does not wait for a FIFO's other end.
func (d *Dir) Open(name string) (File, error) {
	if err := d.noLinks(name, name); err != nil {
		return nil, err
	}
	f, err := d.open(name, os.O_RDWR|syscall.O_NOFOLLOW|syscall.O_NONBLOCK)
	return f, d.inTheWay(name, err)
}

func (d *Dir) open(name string, flags int) (File, error) {
	f, err := d.root.OpenFile(name, flags, 0o640)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%q is no regular file", name)
	}
	if err != nil {
		_ = f.Close()
		return nil, err
	}
	return diskFile{f}, nil
}

// Replace is part of FS.
func (d *Dir) Replace(name string, content []byte) error {
	if err := d.parents(name); err != nil {
		return err
	}
	temporary := path.Join(path.Dir(name), ".rms-"+path.Base(name)+".tmp")
	if err := d.root.Remove(temporary); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := d.root.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	if err = errors.Join(err, f.Close()); err == nil {
		err = d.root.Rename(temporary, name)
	}
	if err != nil {
		_ = d.root.Remove(temporary)
	}
	return err
}

// Remove is part of FS.
func (d *Dir) Remove(name string) error { return d.root.Remove(name) }

// ReadFile is part of FS.
func (d *Dir) ReadFile(name string) ([]byte, error) { return d.root.ReadFile(name) }

// List is part of FS.
func (d *Dir) List(dir string) ([]string, error) {
	f, err := d.root.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	names, err := f.Readdirnames(-1)
	return names, errors.Join(err, f.Close())
}

// Close is part of FS.
func (d *Dir) Close() error { return errors.Join(d.self.Close(), d.root.Close()) }

// diskFile is a File of a Dir.
type diskFile struct{ *os.File }

// Size is part of File.
func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
