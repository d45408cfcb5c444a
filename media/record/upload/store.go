package upload

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
)

// store keeps the queue files, one a recording.
type store struct {
	root *os.Root
	dir  string
}

const suffix = ".json"

func (s *store) name(id string) string { return path.Join(s.dir, id+suffix) }

// load reads all queue files. One that is damaged is put aside and told of.
func (s *store) load(each func(*entry), damaged func(file string, err error)) error {
	if err := s.root.MkdirAll(s.dir, 0o750); err != nil {
		return fmt.Errorf("make the folder of the upload queue: %w", err)
	}
	dir, err := s.root.Open(s.dir)
	if err != nil {
		return fmt.Errorf("open the upload queue: %w", err)
	}
	defer dir.Close()
	for {
		files, err := dir.ReadDir(256)
		for _, f := range files {
			if !strings.HasSuffix(f.Name(), suffix) {
				continue
			}
			e, err := s.read(f.Name())
			if err != nil {
				_ = s.root.Rename(path.Join(s.dir, f.Name()), path.Join(s.dir, f.Name()+".damaged"))
				damaged(f.Name(), err)
				continue
			}
			each(e)
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read the upload queue: %w", err)
		}
	}
}

func (s *store) read(name string) (*entry, error) {
	full := path.Join(s.dir, name)
	info, err := s.root.Lstat(full)
	if err != nil {
		return nil, fmt.Errorf("look at it: %w", err)
	}
	if !info.Mode().IsRegular() { // a FIFO would never open
		return nil, errors.New("it is no regular file")
	}
	f, err := s.root.Open(full)
	if err != nil {
		return nil, fmt.Errorf("open it: %w", err)
	}
	defer f.Close()
	b, err := io.ReadAll(io.LimitReader(f, maxEntry+1))
	if err != nil {
		return nil, fmt.Errorf("read it: %w", err)
	}
	e, err := parseEntry(b)
	if err == nil && e.Item.ID+suffix != name {
		err = errors.New("its name is not that of its recording")
	}
	return e, err
}

// save replaces the queue file of a recording as a whole.
func (s *store) save(e *entry) error {
	b, err := e.encode()
	if err != nil {
		return err
	}
	name := s.name(e.Item.ID)
	if err := s.replace(name+".new", name, b); err != nil {
		return fmt.Errorf("write the upload queue: %w", err)
	}
	return nil
}

func (s *store) replace(temp, name string, b []byte) error {
	f, err := s.root.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	if err == nil {
		err = f.Sync()
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err == nil {
		err = s.root.Rename(temp, name)
	}
	if err != nil {
		_ = s.root.Remove(temp)
		return err
	}
	return s.syncDir()
}

func (s *store) syncDir() error {
	d, err := s.root.Open(s.dir)
	if err != nil {
		return err
	}
	defer d.Close()
	return d.Sync()
}

func (s *store) remove(id string) error {
	if err := s.root.Remove(s.name(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("take it out of the upload queue: %w", err)
	}
	return nil
}
