package call

import (
	"errors"
	"math"
	"sync"
)

// ErrBusy says that a call has more waiting for it than its mailbox holds.
var ErrBusy = errors.New("the call is too busy")

// mailboxSize bounds what may wait for one call: what a far end or a client can
// produce without end. urgentSize is the bound for the requests that end a call.
const (
	mailboxSize = 256
	urgentSize  = 2 * mailboxSize
)

// mailbox runs functions one after the other, so that a call's state has one
// owner: a goroutine of its own, or one that waits for its verb anyway, and only while
// there is something to run. A call that waits costs no stack.
type mailbox struct {
	call *Call

	mu      sync.Mutex
	queue   []func()
	running bool
	closed  bool
}

// post queues op and never waits. ErrBusy: the mailbox is full; ErrGone: the call
// has ended.
func (b *mailbox) post(op func()) error { return b.put(op, mailboxSize) }

// urgent is post with more room, for what ends a call.
func (b *mailbox) urgent(op func()) error { return b.put(op, urgentSize) }

// must queues op however much waits: for the answers to what the call itself
// asked for and for its end, which it cannot go on without. Their number is
// bounded by what the call asks.
func (b *mailbox) must(op func()) error { return b.put(op, math.MaxInt) }

func (b *mailbox) put(op func(), limit int) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.closed {
		return ErrGone
	}
	if len(b.queue) >= limit {
		b.call.manager.dropped.Add(1)
		return ErrBusy
	}
	b.queue = append(b.queue, op)
	if !b.running {
		b.running = true
		b.call.manager.spawn(b.drain)
	}
	return nil
}

// do is post that returns when op has run. Where nothing runs and nothing waits, op runs
// right here, on the goroutine that asks: to wake another one costs as much as most of
// what a verb does. What came meanwhile goes on elsewhere.
func (b *mailbox) do(op func()) error {
	b.mu.Lock()
	if b.closed || b.running {
		b.mu.Unlock()
		done := make(chan struct{})
		err := b.post(func() {
			defer close(done)
			op()
		})
		if err == nil {
			<-done
		}
		return err
	}
	b.running = true
	b.call.manager.work.Add(1)
	defer b.call.manager.work.Done()
	b.mu.Unlock()
	b.run(op)
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running = len(b.queue) > 0; b.running {
		b.call.manager.spawn(b.drain)
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
			b.call.crashed(p)
		}
	}()
	op()
	b.call.look()
}

// close refuses all that comes later. What is queued still runs.
func (b *mailbox) close() {
	b.mu.Lock()
	b.closed = true
	b.mu.Unlock()
}
