package record

import (
	"fmt"
	"io/fs"
	"os"
	"path"
)

// parents makes the directories above a name; each that is there must be one itself, not
// a link to one.
func (d *Dir) parents(name string) error {
	dir := path.Dir(name)
	if dir == "." {
		return nil
	}
	if err := d.noLinks(name, dir); err != nil {
		return err
	}
	for p := dir; p != "."; p = path.Dir(p) {
		if info, err := d.root.Lstat(p); err == nil && !info.IsDir() {
			return &NameError{Name: name, Problem: fmt.Sprintf("%q is %s, no folder", p, whatIs(info)), Do: "take a name in a folder, or move it away"}
		}
	}
	if err := d.root.MkdirAll(dir, 0o750); err != nil {
		return fmt.Errorf("make the directory of a recording: %w", err)
	}
	return nil
}

// noLinks refuses a name when a part of its way is a symbolic link.
func (d *Dir) noLinks(name, way string) error {
	for p := way; p != "."; p = path.Dir(p) {
		info, err := d.root.Lstat(p)
		if err == nil && info.Mode()&fs.ModeSymlink != 0 {
			return &NameError{Name: name, Problem: fmt.Sprintf("%q is a symbolic link", p), Do: "name a place without links in it"}
		}
	}
	return nil
}

// inTheWay says what it is when something that is no file has the name.
func (d *Dir) inTheWay(name string, err error) error {
	if err == nil {
		return nil
	}
	info, failed := d.root.Lstat(name)
	if failed != nil || info.Mode().IsRegular() {
		return err
	}
	return &taken{NameError{name, fmt.Sprintf("there is %s of that name", whatIs(info)), "take another name, or move it away"}}
}

// whatIs names the kind of what has a name.
func whatIs(info os.FileInfo) string {
	switch mode := info.Mode(); {
	case mode.IsDir():
		return "a folder"
	case mode.IsRegular():
		return "a file"
	case mode&fs.ModeSymlink != 0:
		return "a symbolic link"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	}
	return "a device or socket"
}

// taken is a NameError for a name that something else than a file has: a template goes on
// to the next one.
type taken struct{ NameError }

// Is makes it an fs.ErrExist.
func (*taken) Is(target error) bool { return target == fs.ErrExist }

// Unwrap is for errors.As.
func (t *taken) Unwrap() error { return &t.NameError }
