package call

import (
	"context"
	"errors"
	"sync"
	"time"

	"rms/media/target"
)

// What may wait to be said to a far end, and how long one message may take.
const (
	maxTexts     = 64
	maxTextBytes = 256 << 10
	textTimeout  = 10 * time.Second
)

var errTexts = errors.New("too many messages wait to be sent on this stream, at most 64 and 256 KiB together")

// saying is one message for a far end: a text, or a key.
type saying struct {
	text  string
	digit byte
	long  time.Duration
}

// outbox sends what is not audio, in order, on a goroutine that lives while there is
// something to send.
type outbox struct {
	life *streamLife

	mu    sync.Mutex
	list  []saying
	bytes int
	busy  bool
}

// put queues one message.
func (o *outbox) put(m saying) error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) >= maxTexts || o.bytes+len(m.text) > maxTextBytes {
		return errTexts
	}
	o.list = append(o.list, m)
	o.bytes += len(m.text)
	o.start()
	return nil
}

// kick sends what was queued before there was a connection.
func (o *outbox) kick() {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.start()
}

func (o *outbox) start() {
	if o.busy || len(o.list) == 0 || o.life.current() == nil {
		return
	}
	o.busy = true
	o.life.call.manager.spawn(o.drain)
}

func (o *outbox) next() (saying, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.list) == 0 {
		o.list, o.busy = nil, false
		return saying{}, false
	}
	m := o.list[0]
	o.list = o.list[1:]
	o.bytes -= len(m.text)
	return m, true
}

func (o *outbox) drain() {
	for m, ok := o.next(); ok; m, ok = o.next() {
		conn := o.life.current()
		if conn == nil {
			continue // it is lost with its connection
		}
		ctx, cancel := context.WithTimeout(o.life.ctx, textTimeout)
		m.send(ctx, conn)
		cancel()
	}
}

func (m *saying) send(ctx context.Context, conn target.Conn) {
	if m.digit != 0 {
		_ = conn.Digit(m.digit, m.long) // Serve tells of a connection that broke
		return
	}
	_ = conn.Text(ctx, m.text)
}

// flush sends what is left before the goodbye.
func (o *outbox) flush(ctx context.Context, conn target.Conn) {
	for m, ok := o.next(); ok && ctx.Err() == nil; m, ok = o.next() {
		m.send(ctx, conn)
	}
}
