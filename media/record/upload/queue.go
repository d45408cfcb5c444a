package upload

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// Queue delivers recordings. Its methods may be used from any goroutine; those that
// change what waits write to the disk.
type Queue struct {
	opts    Options
	carrier carrier
	store   store

	ctx     context.Context //nolint:containedctx // of attempts, until Close
	cancel  context.CancelFunc
	wake    chan struct{}
	over    chan struct{} // closed when the loop has ended
	workers sync.WaitGroup

	files   sync.Mutex // one at a time changes queue files; taken before mu
	mu      sync.Mutex
	jobs    map[string]*job
	due     due // of those that wait
	running int
	healthy bool      // the target answered the last time
	streak  int       // attempts in a row that found it away
	pause   time.Time // no attempt before
	closed  bool
	stats   Stats
}

// Stats are counts of a Queue.
type Stats struct {
	Waiting, Live, Uploading, Failed int // now
	Delivered, Attempts, Failures    uint64
	Bytes                            uint64 // delivered
}

// Errors of a Queue.
var (
	ErrClosed  = errors.New("the upload queue is closed")
	ErrUnknown = errors.New("the upload queue does not hold this recording")
)

// Open reads the queue from the disk and begins to deliver. Recordings that were given
// up are tried again. A queue file that cannot be read is put aside, and Events.Failed
// tells of it.
func Open(o Options) (*Queue, error) {
	o = o.withDefaults()
	if o.Root == nil {
		return nil, errors.New("the upload queue has no root")
	}
	c, err := o.To.open(&o)
	if err != nil {
		return nil, err
	}
	q := &Queue{
		opts: o, carrier: c, store: store{o.Root, o.Dir}, wake: make(chan struct{}, 1), over: make(chan struct{}),
		jobs: map[string]*job{},
	}
	if err := q.store.load(q.found, q.damaged); err != nil {
		c.close()
		return nil, err
	}
	q.ctx, q.cancel = context.WithCancel(context.Background())
	go q.run()
	return q, nil
}

func (q *Queue) found(e *entry) {
	j := &job{entry: *e, index: -1}
	q.jobs[e.Item.ID] = j
	if j.State == Live { // it waits for Add, after it was repaired
		return
	}
	j.State, j.Refusals = Waiting, 0
	q.due.add(j, time.Time{})
}

func (q *Queue) damaged(file string, err error) {
	q.opts.Events.Failed(Failure{
		Item: Item{File: file}, Err: fmt.Errorf("the file %q of the upload queue is damaged and was put aside: %w", file, err),
	})
}

// Close ends the running uploads, which go on from where they are at the next start;
// until ctx ends they may finish. It may come twice.
func (q *Queue) Close(ctx context.Context) error {
	q.mu.Lock()
	q.closed = true
	q.mu.Unlock()
	q.poke()
	done := make(chan struct{})
	go func() {
		q.workers.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-ctx.Done():
		q.cancel()
		<-done
	}
	q.cancel()
	<-q.over
	q.carrier.close()
	return nil
}

// poke lets the loop look again.
func (q *Queue) poke() {
	select {
	case q.wake <- struct{}{}:
	default:
	}
}

// Add takes a finished recording. It is on the disk when Add returns. One that Start has
// told of goes on from the parts that have arrived.
func (q *Queue) Add(i Item) error {
	if err := i.check(); err != nil {
		return err
	}
	q.mu.Lock()
	if q.closed {
		q.mu.Unlock()
		return ErrClosed
	}
	j := q.jobs[i.ID]
	if j == nil {
		j = &job{index: -1}
		q.jobs[i.ID] = j
	}
	if j.Item.File != "" && j.Item.File != i.File {
		j.Multi = nil // of another object
	}
	e := &j.entry
	e.Version, e.Item, e.State, e.Added = version, i, Waiting, time.Now()
	e.Audio, e.Tail, e.Sidecar, e.Removed, e.Verified, e.Refusals, e.Error = false, false, false, false, false, 0, ""
	j.live, j.sum = nil, nil
	if j.busy {
		j.again = true
	} else {
		q.due.add(j, time.Now())
	}
	q.mu.Unlock()
	err := q.save(j)
	q.poke()
	return err
}

// Start tells of a recording that is being made, whose first settled() bytes will not
// change any more, its header aside. Parts of it are delivered, if Options.During says
// so and the target takes parts. settled is called often and must not block. Add ends it.
func (q *Queue) Start(i Item, settled func() int64) error {
	if err := i.check(); err != nil {
		return err
	}
	if _, ok := q.carrier.(parter); !ok || !q.opts.During {
		return nil
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case q.closed:
		return ErrClosed
	case q.jobs[i.ID] != nil:
		return fmt.Errorf("the upload queue holds %q already", i.ID)
	}
	q.jobs[i.ID] = &job{entry: entry{Version: version, Item: i, State: Live, Added: time.Now()}, index: -1, live: settled}
	return nil
}

// Retry lets a recording that waits or was given up be tried now.
func (q *Queue) Retry(id string) error {
	q.mu.Lock()
	j := q.jobs[id]
	if j == nil || j.State == Live {
		q.mu.Unlock()
		return ErrUnknown
	}
	j.State, j.Refusals, q.pause = Waiting, 0, time.Time{}
	if !j.busy {
		q.due.add(j, time.Now())
	}
	q.mu.Unlock()
	err := q.save(j)
	q.poke()
	return err
}

// Forget takes a recording out of the queue and throws away parts that have arrived.
func (q *Queue) Forget(ctx context.Context, id string) error {
	q.files.Lock()
	q.mu.Lock()
	j := q.jobs[id]
	if j == nil {
		q.mu.Unlock()
		q.files.Unlock()
		return ErrUnknown
	}
	delete(q.jobs, id)
	q.due.take(j)
	j.gone = true
	if j.stop != nil {
		j.stop()
	}
	name, multi := j.Item.File, j.Multi
	q.mu.Unlock()
	err := q.store.remove(id)
	q.files.Unlock()
	if p, ok := q.carrier.(parter); ok && multi != nil && err == nil {
		if err = p.abort(ctx, name, multi.Upload); errors.Is(err, errAgain) {
			err = nil // there was nothing left
		}
		if err != nil {
			err = q.scrub(err)
		}
	}
	return err
}

// save writes the queue file of a recording, as it is now.
func (q *Queue) save(j *job) error {
	q.files.Lock()
	defer q.files.Unlock()
	q.mu.Lock()
	gone, e := j.gone, j.entry
	q.mu.Unlock()
	if gone {
		return nil
	}
	return q.store.save(&e)
}
