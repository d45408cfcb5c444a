package record

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"rms/media/wav"
)

// ErrSealed says that a recording cannot be read while it runs, for it is encrypted.
var ErrSealed = errors.New("the recording is encrypted")

// Size returns how many bytes of the file its header covers: a WAV file that is right,
// and grows.
func (r *Recording) Size() int64 {
	if len(r.spec.Recipients) > 0 {
		return 0
	}
	return wav.HeaderSize + r.mark.headed.Load()
}

// Settled returns how many bytes of the file will not change any more, the header aside;
// 0 when that cannot be told.
func (r *Recording) Settled() int64 { return r.settled.Load() }

// firm finds out what is settled.
func (c *work) firm() {
	if c.seal != nil || c.r.spec.Trim || c.file == nil {
		return
	}
	end := min(c.stored, c.lanes[0].settled(), c.lanes[1].settled())
	c.r.settled.Store(wav.HeaderSize + max(c.inFile(end), 0)*c.frame)
}

// ReadAt reads what Size covers. It waits for the disk. Once the recording is stopped it
// returns os.ErrClosed: then the file is there to be opened.
func (r *Recording) ReadAt(p []byte, at int64) (int, error) {
	if len(r.spec.Recipients) > 0 {
		return 0, ErrSealed
	}
	r.reader.RLock()
	defer r.reader.RUnlock()
	f := r.work.file
	if f == nil || r.State() == Opening {
		return 0, os.ErrClosed
	}
	left := r.Size() - at
	if left <= 0 || at < 0 {
		return 0, io.EOF
	}
	if int64(len(p)) <= left {
		return f.ReadAt(p, at)
	}
	n, err := f.ReadAt(p[:left], at)
	if err == nil {
		err = io.EOF
	}
	return n, err
}

// Follow waits until Size is more than size. It returns io.EOF when the recording is
// stopped and no more will come, or ctx's error.
func (r *Recording) Follow(ctx context.Context, size int64) error {
	for {
		wait := r.follow.wait()
		if r.Size() > size {
			return nil
		}
		if r.State() == Stopped {
			return io.EOF
		}
		select {
		case <-wait:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// followers are those that wait for a file to grow.
type followers struct {
	mu   sync.Mutex
	grew chan struct{} // nil: nobody waits
}

func (f *followers) wait() <-chan struct{} {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.grew == nil {
		f.grew = make(chan struct{})
	}
	return f.grew
}

func (f *followers) wake() {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.grew != nil {
		close(f.grew)
		f.grew = nil
	}
}
