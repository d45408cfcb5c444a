package prompt

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// root is one media root. It is opened anew for each prompt, so that a folder that
// was put in place of another is seen.
type root struct {
	dir   string   // as configured, for messages
	forms []string // absolute forms of it, for absolute names
}

// found is a regular file inside a root, or an embedded one.
type found struct {
	place int // index of the root; -1 for embedded
	name  string
	info  fs.FileInfo
}

func newRoot(dir string) (root, error) {
	r := root{dir: dir}
	st, err := os.Stat(dir)
	if err == nil && !st.IsDir() {
		return r, fmt.Errorf("media root %q is not a folder", dir)
	}
	abs, err := filepath.Abs(dir)
	if err != nil {
		return r, fmt.Errorf("media root %q: %w", dir, err)
	}
	r.forms = []string{abs}
	if real, err := filepath.EvalSymlinks(abs); err == nil && real != abs {
		r.forms = append(r.forms, real)
	}
	return r, nil
}

// inside returns an absolute name relative to the root.
func (r *root) inside(name string) (string, bool) {
	for _, form := range r.forms {
		if rest, ok := strings.CutPrefix(name, strings.TrimSuffix(form, "/")+"/"); ok {
			return rest, rest != ""
		}
	}
	return "", false
}

// find looks for a name root by root, then among the embedded prompts.
func (c *Cache) find(name string) (found, error) {
	if err := checkName(name); err != nil {
		return found{}, err
	}
	var searched []string
	outside := filepath.IsAbs(name)
	for i := range c.roots {
		r := &c.roots[i]
		local := name
		if filepath.IsAbs(name) {
			var in bool
			if local, in = r.inside(name); !in {
				continue
			}
			outside = false
		}
		local = filepath.Clean(local)
		info, err := r.stat(local)
		if err == nil {
			return found{place: i, name: local, info: info}, nil
		}
		if !errors.Is(err, fs.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR) {
			return found{}, err
		}
		searched = append(searched, r.missing())
	}
	if outside {
		return found{}, errors.New("the file lies outside the media roots (media.roots)")
	}
	return c.findEmbedded(name, searched)
}

// findEmbedded looks for a name where the program carries its own prompts.
func (c *Cache) findEmbedded(name string, searched []string) (found, error) {
	if !filepath.IsAbs(name) {
		local := filepath.ToSlash(filepath.Clean(name))
		if info, err := fs.Stat(c.o.Embedded, local); err == nil && info.Mode().IsRegular() {
			return found{place: -1, name: local, info: info}, nil
		}
		searched = append(searched, "the prompts built in")
	}
	return found{}, fmt.Errorf("no such file in %s", strings.Join(searched, ", "))
}

// checkName refuses what can be no name of a prompt.
func checkName(name string) error {
	switch {
	case name == "":
		return errors.New("the name is empty")
	case len(name) > 4096:
		return errors.New("the name is longer than 4096 bytes")
	case strings.ContainsRune(name, 0):
		return errors.New("the name holds a NUL byte")
	}
	for part := range strings.SplitSeq(filepath.ToSlash(name), "/") {
		if part == ".." {
			return errors.New("the name holds \"..\"; give it relative to a media root")
		}
	}
	return nil
}

// missing names the root for the message, and says when it is not there.
func (r *root) missing() string {
	if _, err := os.Stat(r.dir); errors.Is(err, fs.ErrNotExist) {
		return r.dir + " (no such folder)"
	}
	return r.dir
}

// stat describes a regular file inside the root.
func (r *root) stat(name string) (fs.FileInfo, error) {
	dir, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, err
	}
	defer dir.Close()
	info, err := dir.Stat(name)
	if err != nil {
		return nil, plain(err)
	}
	return info, regular(info.Mode())
}

// open opens a regular file inside the root. It cannot hang on a FIFO that took
// the place of the file.
func (r *root) open(name string) (fs.File, fs.FileInfo, error) {
	dir, err := os.OpenRoot(r.dir)
	if err != nil {
		return nil, nil, err
	}
	defer dir.Close()
	f, err := dir.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, plain(err)
	}
	info, err := f.Stat()
	if err == nil {
		err = regular(info.Mode())
	}
	if err != nil {
		return nil, nil, errors.Join(err, f.Close())
	}
	return f, info, nil
}

// open opens what find found, and describes what it really opened.
func (c *Cache) open(f found) (fs.File, fs.FileInfo, error) {
	if f.place >= 0 {
		return c.roots[f.place].open(f.name)
	}
	file, err := c.o.Embedded.Open(f.name)
	return file, f.info, err
}

// regular refuses everything but files with contents.
func regular(m fs.FileMode) error {
	what := "special file"
	switch {
	case m.IsRegular():
		return nil
	case m.IsDir():
		what = "folder"
	case m&fs.ModeNamedPipe != 0:
		what = "named pipe"
	case m&fs.ModeDevice != 0:
		what = "device"
	case m&fs.ModeSocket != 0:
		what = "socket"
	}
	return fmt.Errorf("it is a %s, not a file", what)
}

// plain drops the name from an error of the system, because Error names the
// prompt, and says what an escape is: names with ".." never come this far, so it
// is a link.
func plain(err error) error {
	var p *fs.PathError
	if !errors.As(err, &p) {
		return err
	}
	if strings.Contains(p.Err.Error(), "escapes") {
		return errors.New("a link leads out of the media root")
	}
	return p.Err
}
