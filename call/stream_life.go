package call

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/filter"
	"rms/media/target"
	"rms/media/wire/audiostream"
)

// How long a stream that was stopped may take to send what is queued and to say
// goodbye, and after how long it is broken off.
const (
	goodbyeTimeout = time.Second
	finishTimeout  = 1500 * time.Millisecond
)

// streamLife keeps one stream connected: a goroutine connects and reads (run), that
// of the link writes (Write), and one that lives while there is something to say
// sends texts. Nothing of the call waits for any of them.
type streamLife struct {
	s      *stream
	call   *Call
	leg    *leg
	ctx    context.Context //nolint:containedctx // the life of a connection, ended by finish
	cancel context.CancelFunc

	playout *filter.Playout
	ended   chan struct{} // closed when run has returned

	mu      sync.Mutex
	changed sync.Cond                 // of conn and over
	conn    atomic.Pointer[connected] // up now, nil: nothing is; changes with mu
	broken  error                     // why Write gave conn up
	over    bool
	leaving bool   // finish was called
	goodbye string // last text
	limit   *time.Timer
	said    *target.Ended // what Finish returned

	out      outbox
	files    streamFiles
	sounding atomic.Bool                  // the playout was connected, or is about to be
	telling  atomic.Int32                 // events of marks that the script has not dealt with
	tail     atomic.Bool                  // the far end has gone, its audio plays on
	last     atomic.Pointer[target.Stats] // of the connections before
	failures error
}

// connected is a connection, and what it is to who must not wait.
type connected struct {
	target.Conn
	prompter target.Prompter // nil: it is none
}

func newStreamLife(s *stream, l *leg) *streamLife {
	ctx, cancel := context.WithCancel(context.Background())
	v := &streamLife{s: s, call: s.call, leg: l, ctx: ctx, cancel: cancel, ended: make(chan struct{})}
	v.changed.L = &v.mu
	v.out.life, v.out.turn = v, make(chan struct{}, 1)
	v.files.shelf, v.files.life = &s.call.files, v
	v.playout = filter.NewPlayout(filter.PlayoutOptions{
		Format: media.Format{Rate: l.codec.Rate, Channels: 1}, Limit: playoutLimit(s.call.manager.opts.Streams.Playout, l.codec.Rate),
		OnMark: v.marked, OnEmpty: v.empty,
	})
	return v
}

// Detail says where the stream goes, for the picture of the graph.
func (v *streamLife) Detail() string { return shownURL(v.s.set.target.URL) }

// playoutLimit turns the limit for 8000 Hz into that for a rate, so that the memory is
// the same.
func playoutLimit(limit time.Duration, rate int) time.Duration {
	return limit * 8000 / time.Duration(max(rate, 8000))
}

// Write sends one tick's audio. It waits while there is no connection: the ring in
// front of it drops the oldest audio meanwhile.
func (v *streamLife) Write(f *media.Frame) (err error) {
	conn := v.wait()
	defer func() {
		if p := recover(); p != nil {
			v.lose(conn, fmt.Errorf("panic: %v", p))
		}
	}()
	if conn == nil {
		return nil
	}
	if err := conn.Write(f); err != nil {
		v.lose(conn, err)
	}
	return nil
}

// Prompt reports whether the connection takes audio without waiting.
func (v *streamLife) Prompt() bool {
	c := v.conn.Load()
	return c != nil && c.prompter != nil && c.prompter.Prompt()
}

// Instant reports whether the connection is one for the thread of the clock.
func (v *streamLife) Instant() bool {
	c := v.conn.Load()
	if c == nil {
		return false
	}
	i, ok := c.Conn.(target.Instant)
	return ok && i.Instant()
}

// TryWrite sends one tick's audio unless it would have to wait.
func (v *streamLife) TryWrite(f *media.Frame) (sent bool) {
	c := v.conn.Load()
	if c == nil || c.prompter == nil {
		return false
	}
	defer func() {
		if r := recover(); r != nil {
			sent = false
			v.call.manager.spawn(func() { v.lose(c.Conn, fmt.Errorf("panic: %v", r)) })
		}
	}()
	return c.prompter.TryWrite(f)
}

// Close ends the stream when all its audio was written. The goroutine of the link
// calls it.
func (v *streamLife) Close() error {
	v.finish("")
	defer v.abort()
	conn := v.current()
	if conn == nil {
		return nil
	}
	err := protect(func() {
		ctx, cancel := context.WithTimeout(context.Background(), goodbyeTimeout)
		defer cancel()
		v.out.flush(ctx)
		ended := conn.Finish(ctx, v.goodbye)
		v.mu.Lock()
		v.said = &ended
		v.mu.Unlock()
	})
	if err != nil {
		v.call.failure().Str("stream", v.s.name).Err(err).Msg("stream panicked")
	}
	return nil
}

// empty is called, on the thread of the clock, when all that the far end sent was
// played.
func (v *streamLife) empty() {
	if !v.s.set.done && !v.tail.Load() {
		return
	}
	_ = v.call.box.must(func() {
		if v.tail.Load() {
			v.call.tailOver(v.s)
			return
		}
		_ = v.out.put(saying{text: audiostream.PlayoutDoneBody()})
	})
}

// finish begins the end of the stream: it has a moment to send what is queued.
func (v *streamLife) finish(text string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.leaving {
		return
	}
	v.leaving, v.goodbye = true, text
	v.limit = time.AfterFunc(finishTimeout, v.abort)
	v.playout.Stop()
}

// abort breaks the stream off. It may wait a moment, as the Close of a connection may.
func (v *streamLife) abort() {
	v.cancel()
	if conn := v.current(); conn != nil {
		v.shut(conn)
	}
}

// shut closes a connection, whatever that is up to.
func (v *streamLife) shut(conn target.Conn) {
	if err := protect(func() { _ = conn.Close() }); err != nil {
		v.call.failure().Str("stream", v.s.name).Err(err).Msg("stream panicked")
	}
}

// fail ends a stream that the graph does not take. The thread of the clock calls it.
func (v *streamLife) fail(err error) {
	v.mu.Lock()
	v.failures = err
	v.mu.Unlock()
	v.call.manager.spawn(v.abort)
}

// wait returns the connection when there is one, nil when the stream is over.
func (v *streamLife) wait() target.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.current() == nil && !v.over {
		v.changed.Wait()
	}
	return v.current()
}

// current returns the connection that is up now, nil when none is.
func (v *streamLife) current() target.Conn {
	if c := v.conn.Load(); c != nil {
		return c.Conn
	}
	return nil
}

// set makes a connection the current one; false: the stream was broken off, and
// nobody else closes the connection.
func (v *streamLife) set(conn target.Conn) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.ctx.Err() != nil {
		return false
	}
	p, _ := conn.(target.Prompter)
	v.conn.Store(&connected{Conn: conn, prompter: p})
	v.broken = nil
	v.changed.Broadcast()
	return true
}

// lose gives a connection up that cannot be written to.
func (v *streamLife) lose(conn target.Conn, err error) {
	v.mu.Lock()
	if v.current() == conn {
		v.conn.Store(nil)
		v.broken = err
	}
	v.mu.Unlock()
	v.shut(conn)
}

// stopped tells whether the end was asked for from our side.
func (v *streamLife) stopped() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.leaving || v.ctx.Err() != nil
}

// close lets go of whoever waits for the stream.
func (v *streamLife) close() {
	v.cancel()
	v.playout.Stop()
	v.mu.Lock()
	v.over = true
	v.conn.Store(nil)
	if v.limit != nil {
		v.limit.Stop()
	}
	v.changed.Broadcast()
	v.mu.Unlock()
	close(v.ended)
}
