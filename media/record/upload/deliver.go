package upload

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"time"
)

// deliver is an attempt: the recording, what lies beside it, then the local copy. What it has
// done is noted after each step, so that the next attempt goes on from there.
func (q *Queue) deliver(ctx context.Context, j *job) error {
	ctx, w, done := watched(ctx, q.opts.Stall, &j.sent)
	defer done()
	e := q.look(j)
	if !e.Audio {
		verified, err := q.deliverFile(ctx, j, w)
		if err != nil {
			return err
		}
		if err := q.note(j, func(e *entry) {
			e.Audio, e.Verified, e.Sum, e.Multi = true, verified, j.sum.hex(), nil
		}); err != nil {
			return err
		}
	}
	if e = q.look(j); e.Item.Tail != "" && !e.Tail {
		verified, err := q.deliverBeside(ctx, e.Item.ID, e.Item.Tail, e.Item.TailSum, w)
		if err != nil {
			return err
		}
		if err := q.note(j, func(e *entry) { e.Tail, e.Verified = true, e.Verified && verified }); err != nil {
			return err
		}
	}
	if e = q.look(j); e.Item.Sidecar != "" && !e.Sidecar {
		if _, err := q.deliverBeside(ctx, e.Item.ID, e.Item.Sidecar, "", w); err != nil {
			return err
		}
		if err := q.note(j, func(e *entry) { e.Sidecar = true }); err != nil {
			return err
		}
	}
	w.timer.Stop()
	return q.finish(j)
}

// finish ends a delivery: the local copy goes by rule, and only when it was verified
// that another one exists.
func (q *Queue) finish(j *job) error {
	e := q.look(j)
	if q.opts.Remove != nil && e.Verified && !e.Removed {
		if err := q.opts.Remove(e.Item, q.carrier.url(e.Item.File)); err != nil {
			return &failure{class: refused, text: "it is delivered, but the local copy stays", err: err}
		}
		if err := q.note(j, func(e *entry) { e.Removed = true }); err != nil {
			return err
		}
	}
	e = q.look(j)
	if q.again(j) {
		return nil
	}
	q.opts.Events.Uploaded(Delivery{
		Item: e.Item, URL: q.carrier.url(e.Item.File), SHA256: e.Sum, Verified: e.Verified, Removed: e.Removed, Attempts: e.Attempts + 1,
	})
	q.files.Lock() // so that who adds it anew writes its file after this
	defer q.files.Unlock()
	q.mu.Lock()
	if j.again || j.gone {
		q.mu.Unlock()
		return nil
	}
	j.gone = true
	delete(q.jobs, e.Item.ID)
	q.stats.Delivered++
	q.stats.Bytes += uint64(e.Item.Bytes)
	q.answered(time.Now())
	q.mu.Unlock()
	_ = q.store.remove(e.Item.ID) // left over, it is delivered once more
	return nil
}

// look copies what is known of a recording now.
func (q *Queue) look(j *job) entry {
	q.mu.Lock()
	defer q.mu.Unlock()
	return j.entry
}

func (q *Queue) again(j *job) bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return j.again
}

// note changes what is known and writes it down, unless the recording was added anew.
func (q *Queue) note(j *job, change func(*entry)) error {
	q.mu.Lock()
	if !j.again {
		change(&j.entry)
	}
	q.mu.Unlock()
	return q.save(j)
}

// open opens a file of the recordings, if it is one.
func (q *Queue) open(name string) (*os.File, fs.FileInfo, error) {
	info, err := q.opts.Root.Lstat(name)
	if err != nil {
		return nil, nil, localFailure(fmt.Errorf("look at the recording: %w", err))
	}
	if !info.Mode().IsRegular() {
		return nil, nil, localFailure(fmt.Errorf("%q is no regular file", name))
	}
	f, err := q.opts.Root.Open(name)
	if err != nil {
		return nil, nil, fmt.Errorf("open the recording: %w", err)
	}
	return f, info, nil
}

func (q *Queue) deliverFile(ctx context.Context, j *job, w *watch) (bool, error) {
	e := q.look(j)
	f, info, err := q.open(e.Item.File)
	if err != nil {
		return false, err
	}
	defer f.Close()
	size := info.Size()
	if (e.Item.Bytes > 0 || e.Item.SHA256 != "") && size != e.Item.Bytes {
		return false, localFailure(fmt.Errorf("the recording has %d bytes, it was made with %d", size, e.Item.Bytes))
	}
	if j.sum == nil || j.sum.size != size || !j.made.Equal(info.ModTime()) || j.sum.part != q.partSizeFor(j, size) {
		if j.sum, err = measure(ctx, steady{f, w}, size, q.partSizeFor(j, size)); err != nil {
			return false, err
		}
		j.made = info.ModTime()
	}
	if e.Item.SHA256 != "" && j.sum.hex() != e.Item.SHA256 {
		return false, localFailure(errors.New("the recording was altered: its SHA-256 is not the one it was made with"))
	}
	o := &object{id: e.Item.ID, name: e.Item.File, body: f, size: size, sum: j.sum, watch: w}
	q.inParts(j, o)
	return q.carrier.put(ctx, o)
}

// steady keeps the watch quiet while we read the disk for ourselves.
type steady struct {
	io.ReaderAt
	w *watch
}

// ReadAt is part of io.ReaderAt.
func (s steady) ReadAt(p []byte, off int64) (int, error) {
	s.w.patience(1)
	return s.ReaderAt.ReadAt(p, off)
}

// deliverBeside delivers a small file that lies beside a recording. Its SHA-256 is the one
// that is wanted, or "" when any will do.
func (q *Queue) deliverBeside(ctx context.Context, id, name, want string, w *watch) (bool, error) {
	f, info, err := q.open(name)
	if err != nil {
		return false, err
	}
	defer f.Close()
	sum, err := measure(ctx, f, info.Size(), 0)
	if err != nil {
		return false, err
	}
	if want != "" && sum.hex() != want {
		return false, localFailure(fmt.Errorf("%q was altered: its SHA-256 is not the one it was made with", name))
	}
	return q.carrier.put(ctx, &object{id: id, name: name, body: f, size: info.Size(), sum: sum, watch: w})
}
