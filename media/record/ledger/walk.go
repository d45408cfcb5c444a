package ledger

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
)

// found is something that lies in the folder.
type found struct {
	name string // from the root, with slashes
	mode fs.FileMode
}

// maxDepth is how deep folders may lie in each other.
const maxDepth = 64

// walkBatch is how many names are held at once, for each level of folders.
const walkBatch = 256

// errSkip makes walk leave out a folder.
var errSkip = errors.New("skip")

// walk calls see with all that lies below a folder, folders first, in no order. Memory
// does not grow with what lies there; symbolic links are shown, never followed. What see
// returns ends the walk, but for errSkip.
func walk(root *os.Root, dir string, see func(found) error) error {
	return walkDir(root, dir, 0, see)
}

func walkDir(root *os.Root, dir string, depth int, see func(found) error) error {
	if depth > maxDepth {
		return fmt.Errorf("folder %.200q lies deeper than %d folders", dir, maxDepth)
	}
	d, err := root.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	for {
		items, err := d.ReadDir(walkBatch)
		for _, item := range items {
			if err := walkItem(root, path.Join(dir, item.Name()), item.Type(), depth, see); err != nil {
				return err
			}
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("read folder %q: %w", dir, err)
		}
	}
}

func walkItem(root *os.Root, name string, mode fs.FileMode, depth int, see func(found) error) error {
	err := see(found{name: name, mode: mode})
	if errors.Is(err, errSkip) {
		return nil
	}
	if err != nil || !mode.IsDir() {
		return err
	}
	err = walkDir(root, name, depth+1, see)
	if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
		return nil
	}
	return err
}
