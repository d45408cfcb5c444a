// Package prompt opens, decodes and encodes prompts once and shares them between
// all calls, within a budget of memory. Files are read inside the media roots only.
//
//	c, err := prompt.New(prompt.Options{Roots: []string{"./prompts"}})
//	p, err := c.Get(ctx, "welcome.wav", codec)
//	if errors.Is(err, prompt.ErrLong) {
//		source, err := c.Stream("welcome.wav", codec.Format(), 1)
//		...
//	}
package prompt

import (
	"container/list"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"sync"

	"rms/media"
	"rms/media/filter"
	"rms/testdata"
)

// Defaults of Options.
const (
	DefaultBytes = 64 << 20 // memory for ready prompts, in bytes
	DefaultLong  = 2 << 20  // encoded size above which a file is streamed, in bytes
)

// ErrLong says that a file is too long to be kept in memory; Stream plays it.
var ErrLong = errors.New("too long to keep in memory")

// Options are what New needs.
type Options struct {
	// Roots are folders, searched in this order. One that does not exist is passed
	// over, and used as soon as it is there.
	Roots []string
	// Embedded is searched last, under the same names; nil means the prompts that
	// are built into the program.
	Embedded fs.FS
	// Bytes bounds the memory for prompts that are ready; 0 is DefaultBytes. Those
	// in use by a call live on when they are dropped from the cache.
	Bytes int64
	// Long is the encoded size above which Get returns ErrLong, in bytes; 0 is
	// DefaultLong or an eighth of Bytes, the smaller.
	Long int64
}

// Stats counts what the cache did since it was made.
type Stats struct {
	Hits     uint64 // Get found a ready prompt, or one that was being made
	Misses   uint64 // Get decoded a file
	Failures uint64 // of the misses, those that ended in an error
	Dropped  uint64 // prompts dropped for room, or because their file changed
	Prompts  int    // now ready
	Bytes    int64  // memory of these
}

// Cache holds ready prompts. Its methods may be called from any goroutine, but
// they read files: never from a call's or the clock's.
type Cache struct {
	o     Options
	roots []root

	mu      sync.Mutex
	entries map[key]*entry
	recent  *list.List // of *entry that are ready, the last used first
	stats   Stats
}

// key is one prompt in one codec.
type key struct {
	place    int // index of the root; -1 for embedded, synthesised
	name     string
	encoding string
}

// entry is one prompt, ready or being made.
type entry struct {
	key   key
	info  fs.FileInfo   // of the file it was made from
	ready chan struct{} // closed when prompt and err stand
	made  *filter.Prompt
	err   error
	bytes int64
	at    *list.Element // in recent; nil while being made
}

// New returns an empty cache. A root that is there and no folder is an error.
func New(o Options) (*Cache, error) {
	if o.Bytes <= 0 {
		o.Bytes = DefaultBytes
	}
	if o.Long <= 0 {
		o.Long = min(DefaultLong, o.Bytes/8)
	}
	if o.Embedded == nil {
		o.Embedded = testdata.Prompts()
	}
	c := &Cache{o: o, entries: map[key]*entry{}, recent: list.New()}
	for _, dir := range o.Roots {
		r, err := newRoot(dir)
		if err != nil {
			return nil, err
		}
		c.roots = append(c.roots, r)
	}
	return c, nil
}

// Get returns the prompt with a name ("a.wav", "tone:440", "tone:440/2s",
// "silence:1s") in the codec of a leg, ready to be played by
// any number of players. It is decoded, mixed down, resampled and encoded once for
// each codec; several callers at the same time share that work, and it is done
// again when the file has changed. ctx bounds the wait. Errors are *Error.
func (c *Cache) Get(ctx context.Context, name string, codec media.Codec) (*filter.Prompt, error) {
	for {
		p, err := c.get(ctx, name, codec)
		if errors.Is(err, errOthersGaveUp) && ctx.Err() == nil {
			continue
		}
		if err != nil {
			return nil, wrap(name, err)
		}
		return p, nil
	}
}

// errOthersGaveUp says that the caller who made the prompt was cancelled.
var errOthersGaveUp = errors.New("the reader was cancelled")

func (c *Cache) get(ctx context.Context, name string, codec media.Codec) (*filter.Prompt, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	f, err := c.look(name)
	if err != nil {
		return nil, err
	}
	e, mine := c.claim(key{place: f.place, name: f.name, encoding: codec.Encoding()}, f.info)
	if !mine {
		select {
		case <-e.ready:
			return e.made, e.err
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
	defer c.settle(e)
	if e.made, e.err = c.make(ctx, f, codec); e.err != nil && ctx.Err() != nil {
		e.err = fmt.Errorf("%w: %w", errOthersGaveUp, ctx.Err())
		return nil, ctx.Err()
	}
	return e.made, e.err
}

// look finds what a name stands for: something synthesised, or a file.
func (c *Cache) look(name string) (found, error) {
	if synthetic(name) {
		return found{place: synthesised, name: name, info: noFile(name)}, nil
	}
	return c.find(name)
}

// claim returns the entry for a key and whether the caller has to make it.
func (c *Cache) claim(k key, info fs.FileInfo) (e *entry, mine bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e = c.entries[k]; e != nil {
		if same(e.info, info) {
			c.stats.Hits++
			if e.at != nil {
				c.recent.MoveToFront(e.at)
			}
			return e, false
		}
		c.drop(e)
	}
	c.stats.Misses++
	e = &entry{key: k, info: info, ready: make(chan struct{})}
	c.entries[k] = e
	return e, true
}

// settle publishes an entry that was made, and makes room for it.
func (c *Cache) settle(e *entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	close(e.ready)
	current := c.entries[e.key] == e
	if e.err != nil {
		c.stats.Failures++
		if current {
			delete(c.entries, e.key)
		}
		return
	}
	if !current {
		return // the file changed meanwhile and somebody makes it anew
	}
	e.bytes = int64(cap(e.made.Payload)) + 2*int64(cap(e.made.PCM))
	e.at = c.recent.PushFront(e)
	c.stats.Prompts++
	c.stats.Bytes += e.bytes
	for c.stats.Bytes > c.o.Bytes {
		c.drop(c.recent.Back().Value.(*entry))
	}
}

// drop forgets an entry; whoever plays it keeps it alive. One that is being made
// is only forgotten.
func (c *Cache) drop(e *entry) {
	delete(c.entries, e.key)
	if e.at == nil {
		return
	}
	c.recent.Remove(e.at)
	e.at = nil
	c.stats.Dropped++
	c.stats.Prompts--
	c.stats.Bytes -= e.bytes
}

// Stats returns the counters.
func (c *Cache) Stats() Stats {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.stats
}

// same reports whether two looks at a name saw the same contents.
func same(a, b fs.FileInfo) bool {
	return a.Size() == b.Size() && a.ModTime().Equal(b.ModTime()) && (os.SameFile(a, b) || a.Sys() == nil && b.Sys() == nil)
}
