package call

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime/debug"
	"time"

	"rms/media/target"
)

// run connects, reads what comes, and connects again as far as it was asked to.
func (v *streamLife) run() {
	end := target.Ended{By: target.ByError, Code: 1011, Reason: "internal error"}
	defer func() {
		v.close()
		v.call.streamOver(v.s, &end)
	}()
	for retry := 0; ; retry++ {
		c := v.once(retry)
		end = c.end
		if c.lasted > steady {
			retry = 0
		}
		if !c.again || retry >= v.s.set.retries || v.stopped() {
			return
		}
		v.call.streamDown(v.s, &end)
		if !v.pause(retry) {
			end = v.aborted()
			return
		}
	}
}

// steady is how long a connection lives that was no failed attempt.
const steady = 10 * time.Second

// pause waits before the next attempt: half a second, doubled each time up to half a
// minute, and up to a quarter more or less so that many streams do not come at once.
func (v *streamLife) pause(retry int) bool { return v.rest(backoff(retry)) }

func backoff(retry int) time.Duration {
	d := min(500*time.Millisecond<<min(retry, 10), 30*time.Second)
	return d*3/4 + rand.N(d/2) //nolint:gosec // jitter, not a secret
}

// connection is what became of one.
type connection struct {
	end    target.Ended
	again  bool          // another may follow
	lasted time.Duration // 0 for an attempt that failed
}

// once is one connection, from its attempt to its end.
func (v *streamLife) once(retry int) (c connection) {
	defer func() {
		if p := recover(); p != nil {
			v.call.failure().Str("stream", v.s.name).Str("err", fmt.Sprint(p)).Bytes("stack", debug.Stack()).Msg("stream panicked")
			c = connection{end: target.Ended{By: target.ByError, Code: 1011, Reason: "internal error"}}
		}
	}()
	conn, err := v.open()
	if err != nil {
		c.end, c.again = v.refused(err, retry)
		return c
	}
	defer v.shut(conn)
	if !v.set(conn) {
		c.end = v.aborted()
		return c
	}
	began := time.Now()
	v.call.streamUp(v.s, target.Dialled(conn))
	v.out.kick()
	c.end, c.again = v.farewell(conn.Serve(&streamEar{life: v, stream: v.s}))
	c.lasted = time.Since(began)
	v.note(conn)
	return c
}

// aborted is how a stream ended that was broken off.
func (v *streamLife) aborted() target.Ended {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.failures != nil {
		return target.Ended{By: target.ByError, Code: 1011, Reason: v.failures.Error()}
	}
	return localEnd
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
		return v.aborted(), false
	}
	var ce *target.ConnectError
	if !errors.As(err, &ce) {
		ce = &target.ConnectError{Code: target.CodeConnectFailed, Text: err.Error(), Err: err}
		if errors.Is(err, context.DeadlineExceeded) {
			ce.Code, ce.Text = target.CodeTimeout, "Timeout"
		}
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
	v.conn.Store(nil)
	leaving := v.leaving || v.ctx.Err() != nil
	v.mu.Unlock()
	if leaving {
		<-v.ctx.Done() // the goroutine of the link says goodbye; abort bounds it
		v.mu.Lock()
		defer v.mu.Unlock()
		switch {
		case v.said != nil:
			return *v.said, false
		case v.failures != nil:
			return target.Ended{By: target.ByError, Code: 1011, Reason: v.failures.Error()}, false
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
