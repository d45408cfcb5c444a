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

	turn  chan struct{} // of size 1: who holds it sends
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

// next takes the first message; false: there is none, or nobody to send it to. Then
// it waits for the next connection.
func (o *outbox) next() (saying, target.Conn, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	conn := o.life.current()
	if len(o.list) == 0 || conn == nil {
		o.busy = false
		return saying{}, nil, false
	}
	m := o.list[0]
	o.list[0] = saying{}
	if o.list = o.list[1:]; len(o.list) == 0 {
		o.list = nil
	}
	o.bytes -= len(m.text)
	return m, conn, true
}

func (o *outbox) drain() {
	for o.say(o.life.ctx) {
	}
}

// flush sends what is left before the goodbye, behind what is being sent.
func (o *outbox) flush(ctx context.Context) {
	for ctx.Err() == nil && o.say(ctx) {
	}
}

// say sends the first message; false: there is none.
func (o *outbox) say(ctx context.Context) bool {
	select {
	case o.turn <- struct{}{}:
		defer func() { <-o.turn }()
	case <-ctx.Done():
		return false
	}
	m, conn, ok := o.next()
	if !ok {
		return false
	}
	ctx, cancel := context.WithTimeout(ctx, textTimeout)
	defer cancel()
	if err := protect(func() { m.send(ctx, conn) }); err != nil {
		o.life.lose(conn, err)
	}
	return true
}

func (m *saying) send(ctx context.Context, conn target.Conn) {
	if m.digit != 0 {
		_ = conn.Digit(m.digit, m.long) // Serve tells of a connection that broke
		return
	}
	_ = conn.Text(ctx, m.text)
}
