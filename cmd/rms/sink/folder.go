package sink

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"sync"
)

// folder makes files with names that strangers choose, in one place and never over
// one that is there.
type folder struct {
	root *os.Root
	dir  string

	mu   sync.Mutex
	next map[string]int // by base and tail: the number to try first
}

const (
	foldersRemembered = 4096      // names whose next number is known
	mostOfOneName     = 1_000_000 // files that differ in their number only
)

// openFolder makes the folder where it is missing. No name, no folder.
func openFolder(dir string) (*folder, error) {
	if dir == "" {
		return nil, nil //nolint:nilnil // nothing is kept
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, fmt.Errorf("make the folder for audio: %w", err)
	}
	root, err := os.OpenRoot(dir)
	if err != nil {
		return nil, fmt.Errorf("open the folder for audio: %w", err)
	}
	return &folder{root: root, dir: dir, next: map[string]int{}}, nil
}

// create makes base+tail, or base-1+tail, base-2+tail ... when it is there already.
func (d *folder) create(base, tail string) (*os.File, string, error) {
	base = FileName(base)
	d.mu.Lock()
	defer d.mu.Unlock()
	for n := d.next[base+tail]; n < mostOfOneName; n++ {
		name := base + tail
		if n > 0 {
			name = base + "-" + strconv.Itoa(n) + tail
		}
		f, err := d.root.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o644)
		if errors.Is(err, fs.ErrExist) {
			continue
		}
		if err != nil {
			return nil, "", fmt.Errorf("make a file: %w", err)
		}
		if len(d.next) >= foldersRemembered {
			clear(d.next)
		}
		d.next[base+tail] = n + 1
		return f, name, nil
	}
	return nil, "", fmt.Errorf("make a file: %d files are called %s", mostOfOneName, base)
}

func (d *folder) close() error {
	if d == nil {
		return nil
	}
	return d.root.Close()
}
