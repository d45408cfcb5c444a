package esl

import (
	"errors"
	"net"
	"slices"
	"sync"
	"time"
)

// Bounds of what waits for a client that reads slowly.
const (
	maxWaiting      = 100_000 // events and replies
	maxWaitingBytes = 3 << 20
	maxLost         = 500     // events, then the connection is closed, as in the original
	replyRoom       = 1 << 20 // above this no further command is read
	maxBatch        = 64      // messages a write
	farewell        = 5 * time.Second
)

var errSlow = errors.New("the client reads too slowly: events were lost")

// outbox is what waits to be written to a client. One goroutine writes, while there is
// something to write only: an idle connection has none.
type outbox struct {
	to   net.Conn
	wait sync.WaitGroup

	mu      sync.Mutex
	room    sync.Cond // on mu: the queue became shorter, or closed
	queue   []parcel
	bytes   int
	writing bool
	last    bool // nothing is taken any more; the connection is closed behind the queue
	closed  bool
	lost    int // events, since the last that was taken
}

// parcel is one message to a client.
type parcel struct {
	bytes []byte
	event bool // and no reply
}

func newOutbox(to net.Conn) *outbox {
	o := &outbox{to: to}
	o.room.L = &o.mu
	return o
}

// reply takes what must not be lost.
func (o *outbox) reply(b []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.put(parcel{b, false})
}

// offer takes an event, unless too much waits already. lost is how many were lost
// before this one since the last that was taken; dead tells that the client is too
// slow to be kept.
func (o *outbox) offer(b []byte) (lost int, dead bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed || o.last {
		return 0, false
	}
	if len(o.queue) >= maxWaiting || o.bytes+len(b) > maxWaitingBytes {
		o.lost++
		return 0, o.lost > maxLost
	}
	lost, o.lost = o.lost, 0
	o.put(parcel{b, true})
	return lost, false
}

// put appends to the queue; the lock is held.
func (o *outbox) put(p parcel) {
	if o.closed || o.last {
		return
	}
	o.queue = append(o.queue, p)
	o.bytes += len(p.bytes)
	o.start()
}

// start begins to write; the lock is held.
func (o *outbox) start() {
	if o.writing {
		return
	}
	o.writing = true
	o.wait.Add(1)
	go o.write()
}

// flush forgets the events that wait: they are not wanted any more. A message that is
// being written is not cut.
func (o *outbox) flush() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.queue = slices.DeleteFunc(o.queue, func(p parcel) bool {
		if p.event {
			o.bytes -= len(p.bytes)
		}
		return p.event
	})
	o.room.Broadcast()
}

// pause waits until there is room for replies, so that a client that sends commands and
// reads nothing stands still.
func (o *outbox) pause() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for o.bytes > replyRoom && !o.closed {
		o.room.Wait()
	}
}

// finish closes the connection behind what waits. A client that does not take it is cut
// off.
func (o *outbox) finish() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.last || o.closed {
		return
	}
	o.last = true
	_ = o.to.SetWriteDeadline(time.Now().Add(farewell)) // a connection that is closed needs none
	o.start()
}

// close breaks the connection off.
func (o *outbox) close() {
	o.mu.Lock()
	o.closed = true
	o.queue, o.bytes = nil, 0
	o.room.Broadcast()
	o.mu.Unlock()
	_ = o.to.Close() // whoever reads or writes sees it
}

// write writes until nothing waits.
func (o *outbox) write() {
	defer o.wait.Done()
	for {
		batch, size, done := o.take()
		if batch == nil {
			if done {
				o.close()
			}
			return
		}
		if _, err := batch.WriteTo(o.to); err != nil {
			o.close()
			return
		}
		o.wrote(size)
	}
}

// wrote gives room back.
func (o *outbox) wrote(size int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.bytes = max(0, o.bytes-size)
	o.room.Broadcast()
}

// take returns what is to be written next; nil ends the writer, and done the connection.
func (o *outbox) take() (batch net.Buffers, size int, done bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	n := min(len(o.queue), maxBatch)
	if n == 0 || o.closed {
		o.writing = false
		if !o.closed {
			o.queue = nil // an idle client holds nothing
		}
		return nil, 0, o.last
	}
	batch = make(net.Buffers, n)
	for i, p := range o.queue[:n] {
		batch[i] = p.bytes
		size += len(p.bytes)
	}
	clear(o.queue[:n])
	o.queue = o.queue[n:]
	return batch, size, false
}
