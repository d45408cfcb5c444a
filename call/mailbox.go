package call

import (
	"errors"
	"sync"
)

// ErrBusy says that a call has more waiting for it than its mailbox holds.
var ErrBusy = errors.New("the call is too busy")

// mailboxSize bounds what may wait for one call. Only what a far end or a client
// can produce without end counts; what ends a call is always taken.
const mailboxSize = 256

// mailbox runs functions one after the other, so that a call's state has one
// owner. It has a goroutine only while there is something to run: a call that
// waits costs no stack.
type mailbox struct {
	start func(func()) // starts a goroutine that the manager waits for
	crash func(any)    // called on the mailbox's goroutine after a panic

	mu      sync.Mutex
	queue   []func()
	running bool
	closed  bool
	dropped uint64
}

// post queues op and never waits. ErrBusy: the mailbox is full; ErrGone: the call
// has ended.
func (b *mailbox) post(op func()) error { return b.put(op, mailboxSize) }

// must queues op also when the mailbox is full: for the few things that happen
// once in a call and that it cannot go on without.
func (b *mailbox) must(op func()) error { return b.put(op, 4*mailboxSize) }

func (b *mailbox) put(op func(), limit int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrGone
	}
	if len(b.queue) >= limit {
		b.dropped++
		return ErrBusy
	}
	b.queue = append(b.queue, op)
	if !b.running {
		b.running = true
		b.start(b.drain)
	}
	return nil
}

func (b *mailbox) drain() {
	for {
		b.mu.Lock()
		if len(b.queue) == 0 {
			b.running = false
			b.queue = nil
			b.mu.Unlock()
			return
		}
		batch := b.queue
		b.queue = nil
		b.mu.Unlock()
		for _, op := range batch {
			b.run(op)
		}
	}
}

func (b *mailbox) run(op func()) {
	defer func() {
		if p := recover(); p != nil {
			b.crash(p)
		}
	}()
	op()
}

// close refuses all that comes later. What is queued still runs.
func (b *mailbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
}
