// Package index knows when the recordings of a directory began and whose they are, so
// that a page of a long list costs the sidecars of that page and not those of all. It
// believes a folder that did not change since it was read, and a sidecar of the same time
// and size; what it knows is kept in .rms/list for the next program.
//
//	files, total, more, err := i.Find(ctx, root, index.Query{Limit: 50})
package index

import (
	"context"
	"os"
	"path"
	"slices"
	"strings"
	"time"

	"rms/media/record/ledger"
)

// Query picks recordings: what is empty or zero picks all.
type Query struct {
	ledger.Filter
	Begin  string   // of the ID
	States []string // any of them

	// What follows those that began at Before with the ID BeforeID, in the order of a list.
	Before   time.Time
	BeforeID string

	Limit int // how many files are returned; 0: all
}

// Index is what is known of one directory. Its methods may be used from any goroutine.
type Index struct {
	turn    chan struct{} // has room for the one who reads or changes what follows
	loaded  bool
	folders map[string]*folder
	known   int // recordings
	fresh   int // sidecars that were read since the index was kept
	now     func() time.Time
}

// folder is what a folder held when it was read.
type folder struct {
	mod  int64 // its own time in ns, 0: it is to be read again
	subs []string
	keys []key
	seen bool // in this walk
}

// key is what is known of a recording without its sidecar.
type key struct {
	file, id, call, state string // file: without folders; id is empty when the sidecar cannot be read
	began                 int64  // ns since 1970
	mod, size             int64  // of the sidecar; mod is 0 when it is to be read again
}

// New returns an index that knows nothing yet.
func New() *Index {
	return &Index{turn: make(chan struct{}, 1), folders: map[string]*folder{}, now: time.Now}
}

// Find returns the files of recordings, the newest first, how many the query picks, also
// those before Before, and whether there are more than it returns.
func (i *Index) Find(ctx context.Context, root *os.Root, q Query) (files []string, total int, more bool, err error) {
	select {
	case i.turn <- struct{}{}:
		defer func() { <-i.turn }()
	case <-ctx.Done():
		return nil, 0, false, ctx.Err()
	}
	if !i.loaded {
		i.load(root)
	}
	if err := i.refresh(ctx, root); err != nil {
		return nil, 0, false, err
	}
	if i.fresh >= keepAfter {
		i.keep(root) // else it is read again the next time
	}
	found, total := i.pick(&q)
	if i.known > maxKeys {
		i.folders = map[string]*folder{} // too many to remember
	}
	if q.Limit > 0 && len(found) > q.Limit {
		found, more = found[:q.Limit], true
	}
	for _, f := range found {
		files = append(files, path.Join(f.dir, f.key.file))
	}
	return files, total, more, nil
}

// place is a recording in its folder.
type place struct {
	dir string
	key *key
}

func compare(a, b place) int {
	switch {
	case a.key.began > b.key.began:
		return -1
	case a.key.began < b.key.began:
		return 1
	}
	return strings.Compare(a.key.id, b.key.id)
}

func (i *Index) pick(q *Query) (found []place, total int) {
	after := place{key: &key{began: q.Before.UnixNano(), id: q.BeforeID}}
	for dir, f := range i.folders {
		for n := range f.keys {
			p := place{dir, &f.keys[n]}
			if !q.picks(p) {
				continue
			}
			if total++; q.Before.IsZero() || compare(after, p) < 0 {
				found = append(found, p)
			}
		}
	}
	slices.SortFunc(found, compare)
	return found, total
}

func (q *Query) picks(p place) bool {
	k := p.key
	switch {
	case k.id == "" || !strings.HasPrefix(k.id, q.Begin):
		return false
	case q.ID != "" && k.id != q.ID, q.Call != "" && k.call != q.Call, q.State != "" && k.state != string(q.State):
		return false
	case len(q.States) > 0 && !slices.Contains(q.States, k.state):
		return false
	case !q.From.IsZero() && k.began < q.From.UnixNano(), !q.To.IsZero() && k.began >= q.To.UnixNano():
		return false
	}
	return q.File == "" || strings.HasPrefix(path.Join(p.dir, k.file), q.File)
}
