package index

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"time"

	"rms/media/record/ledger"
)

// Bounds of a walk.
const (
	maxDepth  = 64      // of folders
	maxKeys   = 1 << 20 // that are remembered
	batch     = 256     // entries of a folder that are read at a time
	keepAfter = 256     // sidecars that were read make it worth to keep the index
)

// settled is how old a change has to be before the time of a file tells the next one from
// it: file systems count in steps.
const settled = 2 * time.Second

// refresh brings the index up to date.
func (i *Index) refresh(ctx context.Context, root *os.Root) error {
	for _, f := range i.folders {
		f.seen = false
	}
	if err := i.walk(ctx, root, ".", 0); err != nil {
		return err
	}
	i.known = 0
	for dir, f := range i.folders {
		if i.known += len(f.keys); !f.seen {
			delete(i.folders, dir)
		}
	}
	return nil
}

// walk looks at a folder and what lies below. A folder that cannot be read holds nothing.
func (i *Index) walk(ctx context.Context, root *os.Root, dir string, depth int) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	info, err := root.Lstat(dir)
	if err != nil || !info.IsDir() || depth > maxDepth {
		return nil
	}
	f, mod := i.folders[dir], info.ModTime()
	if f == nil || f.mod == 0 || f.mod != mod.UnixNano() {
		now := i.now()
		whole := false
		if f, whole, err = i.read(ctx, root, dir, f); err != nil {
			return err
		}
		if whole && now.Sub(mod) >= settled {
			f.mod = mod.UnixNano()
		}
		i.folders[dir] = f
	} else {
		i.again(root, dir, f)
	}
	f.seen = true
	for _, sub := range f.subs {
		if err := i.walk(ctx, root, path.Join(dir, sub), depth+1); err != nil {
			return err
		}
	}
	return nil
}

// read reads a folder; what old knows of sidecars that did not change is taken over. whole
// tells whether all of it could be read.
func (i *Index) read(ctx context.Context, root *os.Root, dir string, old *folder) (f *folder, whole bool, err error) {
	f = &folder{}
	d, err := root.Open(dir)
	if err != nil {
		return f, false, nil
	}
	defer func() { _ = d.Close() }()
	known := map[string]*key{}
	for n := 0; old != nil && n < len(old.keys); n++ {
		known[old.keys[n].file] = &old.keys[n]
	}
	for {
		items, err := d.ReadDir(batch)
		for _, item := range items {
			if ctx.Err() != nil {
				return nil, false, ctx.Err()
			}
			i.item(root, dir, item, known, f)
		}
		if err != nil {
			return f, errors.Is(err, io.EOF), nil
		}
	}
}

func (i *Index) item(root *os.Root, dir string, item fs.DirEntry, known map[string]*key, f *folder) {
	name := item.Name()
	if item.IsDir() {
		if dir != "." || name != ledger.Folder {
			f.subs = append(f.subs, name)
		}
		return
	}
	file, ok := strings.CutSuffix(name, ".json")
	if !ok || !ledger.IsAudio(file) || !item.Type().IsRegular() || strings.HasPrefix(file, ".rms-") {
		return
	}
	k := known[file]
	if k == nil {
		k = &key{file: file}
	}
	info, err := item.Info()
	i.look(root, dir, k, info, err)
	f.keys = append(f.keys, *k)
}

// again looks at the sidecars of a folder that could not be read, or had just been written.
func (i *Index) again(root *os.Root, dir string, f *folder) {
	for n := range f.keys {
		if k := &f.keys[n]; k.mod == 0 {
			info, err := root.Lstat(ledger.SidecarName(path.Join(dir, k.file)))
			i.look(root, dir, k, info, err)
		}
	}
}

// look reads a sidecar unless it is known. One that cannot be read has no ID.
func (i *Index) look(root *os.Root, dir string, k *key, info fs.FileInfo, err error) {
	if err != nil {
		*k = key{file: k.file}
		return
	}
	mod, size := info.ModTime(), info.Size()
	if k.mod != 0 && k.mod == mod.UnixNano() && k.size == size {
		return
	}
	*k = key{file: k.file, size: size}
	now := i.now()
	sc, err := ledger.ReadSidecar(root, path.Join(dir, k.file))
	if err != nil {
		return
	}
	i.fresh++
	k.id, k.call, k.state, k.began = sc.ID, sc.Call, string(sc.State), sc.Started.UnixNano()
	if now.Sub(mod) >= settled {
		k.mod = mod.UnixNano()
	}
}
