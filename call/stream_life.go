package call

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
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
	changed sync.Cond   // of conn and over
	conn    target.Conn // up now
	broken  error       // why Write gave conn up
	over    bool
	leaving bool   // finish was called
	goodbye string // last text
	limit   *time.Timer
	said    *target.Ended // what Finish returned

	out      outbox
	files    streamFiles
	sounding atomic.Bool                  // the playout was connected, or is about to be
	tail     atomic.Bool                  // the far end has gone, its audio plays on
	last     atomic.Pointer[target.Stats] // of the connections before
	failures error
}

func newStreamLife(s *stream, l *leg) *streamLife {
	ctx, cancel := context.WithCancel(context.Background())
	v := &streamLife{s: s, call: s.call, leg: l, ctx: ctx, cancel: cancel, ended: make(chan struct{})}
	v.changed.L = &v.mu
	v.out.life = v
	v.playout = filter.NewPlayout(filter.PlayoutOptions{
		Format: media.Format{Rate: l.codec.Rate, Channels: 1}, Limit: s.call.manager.opts.Streams.Playout,
		OnMark: v.marked, OnEmpty: v.empty,
	})
	return v
}

// Detail says where the stream goes, for the picture of the graph.
func (v *streamLife) Detail() string { return shownURL(v.s.set.target.URL) }

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

// Close ends the stream when all its audio was written. The goroutine of the link
// calls it.
func (v *streamLife) Close() error {
	v.finish("")
	conn := v.current()
	if conn == nil {
		v.cancel()
		return nil
	}
	ctx, cancel := context.WithTimeout(context.Background(), goodbyeTimeout)
	defer cancel()
	v.out.flush(ctx, conn)
	ended := conn.Finish(ctx, v.goodbye)
	v.mu.Lock()
	v.said = &ended
	v.mu.Unlock()
	v.cancel()
	_ = conn.Close()
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

// abort breaks the stream off.
func (v *streamLife) abort() {
	v.cancel()
	if conn := v.current(); conn != nil {
		_ = conn.Close()
	}
}

// fail ends a stream that the graph does not take.
func (v *streamLife) fail(err error) {
	v.mu.Lock()
	v.failures = err
	v.mu.Unlock()
	v.abort()
}

// wait returns the connection when there is one, nil when the stream is over.
func (v *streamLife) wait() target.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	for v.conn == nil && !v.over {
		v.changed.Wait()
	}
	return v.conn
}

func (v *streamLife) current() target.Conn {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.conn
}

// set makes a connection the current one; nil: there is none.
func (v *streamLife) set(conn target.Conn) {
	v.mu.Lock()
	v.conn = conn
	v.broken = nil
	v.changed.Broadcast()
	v.mu.Unlock()
}

// lose gives a connection up that cannot be written to.
func (v *streamLife) lose(conn target.Conn, err error) {
	v.mu.Lock()
	if v.conn == conn {
		v.conn, v.broken = nil, err
	}
	v.mu.Unlock()
	_ = conn.Close()
}

// stopped tells whether the end was asked for from our side.
func (v *streamLife) stopped() bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.leaving || v.ctx.Err() != nil
}

// run connects, reads what comes, and connects again as far as it was asked to.
func (v *streamLife) run() {
	end := target.Ended{By: target.ByError, Code: 1011, Reason: "internal error"}
	defer func() {
		v.close()
		v.call.streamOver(v.s, &end)
	}()
	for retry := 0; ; retry++ {
		began := time.Now()
		again := false
		end, again = v.once(retry)
		if time.Since(began) > steady {
			retry = 0
		}
		if !again || retry >= v.s.set.retries || v.stopped() || !v.pause(retry) {
			return
		}
		v.call.streamDown(v.s, &end, true)
	}
}

// steady is how long a connection lives that was no failed attempt.
const steady = 10 * time.Second

// pause waits before the next attempt: half a second, doubled each time up to half a
// minute, and up to a quarter more or less so that many streams do not come at once.
func (v *streamLife) pause(retry int) bool {
	t := time.NewTimer(backoff(retry))
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-v.ctx.Done():
		return false
	}
}

func backoff(retry int) time.Duration {
	d := min(500*time.Millisecond<<min(retry, 10), 30*time.Second)
	return d*3/4 + rand.N(d/2) //nolint:gosec // jitter, not a secret
}

// once is one connection, from its attempt to its end.
func (v *streamLife) once(retry int) (end target.Ended, again bool) {
	defer func() {
		if p := recover(); p != nil {
			v.call.failure().Str("stream", v.s.name).Str("err", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("stream panicked")
			end, again = target.Ended{By: target.ByError, Code: 1011, Reason: "internal error"}, false
		}
	}()
	conn, err := v.open()
	if err != nil {
		return v.refused(err, retry)
	}
	defer func() { _ = conn.Close() }()
	v.call.streamUp(v.s, target.Dialled(conn))
	v.set(conn)
	v.out.kick()
	end, again = v.farewell(conn.Serve(&streamEar{life: v, stream: v.s}))
	v.note(conn)
	return end, again
}

// note adds up what a connection that is over has counted.
func (v *streamLife) note(conn target.Conn) {
	sum := conn.Stats()
	if before := v.last.Load(); before != nil {
		sum = addStats(sum, *before)
	}
	v.last.Store(&sum)
}

func addStats(a, b target.Stats) target.Stats {
	a.FramesOut += b.FramesOut
	a.BytesOut += b.BytesOut
	a.FramesIn += b.FramesIn
	a.BytesIn += b.BytesIn
	a.TextOut += b.TextOut
	a.TextIn += b.TextIn
	a.Dropped += b.Dropped
	a.Ignored += b.Ignored
	a.Malformed += b.Malformed
	return a
}

// open connects within the time limit.
func (v *streamLife) open() (target.Conn, error) {
	ctx, cancel := context.WithTimeout(v.ctx, v.s.set.connect)
	defer cancel()
	return v.s.kind.Open(ctx, &v.s.set.target)
}

// refused reports an attempt that failed.
func (v *streamLife) refused(err error, retry int) (target.Ended, bool) {
	if v.stopped() {
		end := localEnd
		v.mu.Lock()
		if v.failures != nil {
			end = target.Ended{By: target.ByError, Code: 1011, Reason: v.failures.Error()}
		}
		v.mu.Unlock()
		return end, false
	}
	var ce *target.ConnectError
	if !errors.As(err, &ce) {
		ce = &target.ConnectError{Code: target.CodeConnectFailed, Text: err.Error(), Err: err}
	}
	v.call.streamRefused(v.s, ce, retry)
	by := target.ByError
	if ce.Code == target.CodeTimeout {
		by = target.ByTimeout
	}
	return target.Ended{By: by, Code: 1006, Reason: "Abnormal closure", Again: !ce.Final}, !ce.Final
}

// localEnd is the end that we asked for.
var localEnd = target.Ended{By: target.ByLocal, Code: 1000, Reason: "Normal closure"}

// farewell works out how a connection ended: what Finish saw when we left, why Write
// gave up, or what Serve said.
func (v *streamLife) farewell(end target.Ended) (target.Ended, bool) {
	v.mu.Lock()
	broken := v.broken
	v.conn = nil
	leaving := v.leaving || v.ctx.Err() != nil
	v.mu.Unlock()
	if leaving {
		<-v.ctx.Done() // the goroutine of the link says goodbye; abort bounds it
		v.mu.Lock()
		defer v.mu.Unlock()
		if v.said != nil {
			return *v.said, false
		}
		return localEnd, false
	}
	if broken != nil && end.By == target.ByLocal {
		end = target.Ended{
			By: target.ByError, Code: 1006, Reason: "Abnormal closure", Again: true,
			Error: target.CodeIO, Text: broken.Error(),
		}
	}
	if end.Error != 0 {
		v.call.streamBroke(v.s, &end)
	}
	return end, end.Again
}

// close lets go of whoever waits for the stream.
func (v *streamLife) close() {
	v.cancel()
	v.playout.Stop()
	v.mu.Lock()
	v.over, v.conn = true, nil
	if v.limit != nil {
		v.limit.Stop()
	}
	v.changed.Broadcast()
	v.mu.Unlock()
	close(v.ended)
}
