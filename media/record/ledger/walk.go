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
	err  error // a folder, seen already, cannot be read
}

// maxDepth is how deep folders may lie in each other.
const maxDepth = 64

// walkBatch is how many names are held at once, for each level of folders.
const walkBatch = 256

// errSkip makes walk leave out a folder.
var errSkip = errors.New("skip")

// walk calls see with all that lies below a folder, folders first, in no order. Memory
// does not grow with what lies there; symbolic links are shown, never followed. What see
// returns ends the walk, but for errSkip. A folder that cannot be read is shown again, with
// the error.
func walk(root *os.Root, dir string, see func(found) error) error {
	return walkDir(root, dir, 0, see)
}

func walkDir(root *os.Root, dir string, depth int, see func(found) error) error {
	d, err := openDir(root, dir, depth)
	if errors.Is(err, fs.ErrNotExist) && depth > 0 { // removed meanwhile
		return nil
	}
	if err != nil {
		return see(found{name: dir, mode: fs.ModeDir, err: err})
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
			return see(found{name: dir, mode: fs.ModeDir, err: err})
		}
	}
}

func openDir(root *os.Root, dir string, depth int) (*os.File, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("lies deeper than %d folders", maxDepth)
	}
	return root.Open(dir)
}

func walkItem(root *os.Root, name string, mode fs.FileMode, depth int, see func(found) error) error {
	err := see(found{name: name, mode: mode})
	if errors.Is(err, errSkip) {
		return nil
	}
	if err != nil || !mode.IsDir() {
		return err
	}
	return walkDir(root, name, depth+1, see)
}
