package upload

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"
)

// run is the loop: it starts the attempts whose time has come.
func (q *Queue) run() {
	defer close(q.over)
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		wait, closed := q.launch(time.Now())
		if closed {
			return
		}
		timer.Reset(wait)
		select {
		case <-q.wake:
		case <-timer.C:
		case <-q.ctx.Done():
			return
		}
	}
}

// slots is how many attempts may run. A target that was not heard of, or stalled, gets
// one: it must not hold more.
func (q *Queue) slots() int {
	if q.healthy {
		return q.opts.Parallel
	}
	return 1
}

// launch starts what can be started and returns when to look again.
func (q *Queue) launch(now time.Time) (time.Duration, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return 0, true
	}
	if wait := q.pause.Sub(now); wait > 0 {
		return wait, false
	}
	for q.running < q.slots() && len(q.due) > 0 && !q.due[0].at.After(now) {
		j := q.due[0]
		q.due.take(j)
		q.start(j, q.deliver)
	}
	if q.running < q.slots() {
		q.launchParts()
	}
	wait := time.Minute
	if q.opts.During {
		wait = q.opts.Interval
	}
	if len(q.due) > 0 && q.running < q.slots() {
		wait = min(wait, q.due[0].at.Sub(now))
	}
	return max(wait, time.Millisecond), false
}

// launchParts starts parts of recordings that are still made, when nothing else waits.
func (q *Queue) launchParts() {
	for _, j := range q.jobs {
		if q.running >= q.slots() {
			return
		}
		if j.live == nil || j.busy || time.Now().Before(j.at) {
			continue
		}
		if n := q.nextPart(j); n > 0 && int64(n)*q.partSize(j) <= j.live() {
			q.start(j, q.deliverPart)
		}
	}
}

// start runs an attempt. The lock is held.
func (q *Queue) start(j *job, attempt func(context.Context, *job) error) {
	ctx, cancel := context.WithCancel(q.ctx)
	j.busy, j.stop = true, cancel
	j.sent.Store(0)
	q.running++
	q.stats.Attempts++
	q.workers.Add(1)
	go func() {
		defer q.workers.Done()
		err := attempt(ctx, j)
		ended := ctx.Err() != nil
		cancel()
		q.settle(j, err, ended)
		q.poke()
	}()
}

// settle notes what came of an attempt.
func (q *Queue) settle(j *job, err error, ended bool) {
	q.mu.Lock()
	j.busy, j.stop = false, nil
	q.running--
	now := time.Now()
	switch {
	case j.gone:
		q.mu.Unlock()
		return
	case err == nil:
		q.answered(now)
		if j.again || j.State == Waiting && !j.delivered() {
			j.again = false
			q.due.add(j, now)
		}
		q.mu.Unlock()
		return
	case ended: // by Close: it goes on at the next start
		q.mu.Unlock()
		return
	case j.again:
		j.again = false
		q.due.add(j, now)
		q.mu.Unlock()
		return
	}
	f := q.failed(j, err, now)
	q.mu.Unlock()
	_ = q.save(j) // without it, the next start tries it at once
	q.opts.Events.Failed(f)
}

func (e *entry) delivered() bool {
	return e.Audio && (e.Tail || e.Item.Tail == "") && (e.Sidecar || e.Item.Sidecar == "")
}

// failed decides when a recording is tried again, or that it is not. The lock is held.
func (q *Queue) failed(j *job, err error, now time.Time) Failure {
	q.stats.Failures++
	kind, after := classOf(err)
	err = q.scrub(err)
	j.Attempts++
	j.Error = err.Error()
	f := Failure{Item: j.Item, URL: q.carrier.url(j.Item.File), Err: err, Attempts: j.Attempts}
	if kind == refused {
		j.Refusals++
	}
	if live := j.State == Live; !live && (kind == final || kind == refused && j.Refusals >= q.opts.Refusals) {
		j.State = Failed
		return f
	}
	f.Next = now.Add(max(q.backOff(j.Attempts, q.opts.MaxPause), after))
	if kind == temporary && !errors.Is(err, errAgain) {
		q.healthy = false
		q.streak++
		q.pause = now.Add(max(q.backOff(q.streak, min(q.opts.MaxPause, 30*time.Second)), after))
	}
	if j.at = f.Next; j.State != Live {
		q.due.add(j, f.Next)
	}
	return f
}

// answered notes that the target is there: what waited for it goes on. The lock is held.
func (q *Queue) answered(now time.Time) {
	if !q.healthy && q.streak > 0 {
		q.due.hurry(now)
	}
	q.healthy, q.streak, q.pause = true, 0, time.Time{}
}

// backOff is the pause after the n-th failure in a row, doubled each time, of which half
// is left to chance.
func (q *Queue) backOff(n int, most time.Duration) time.Duration {
	pause := q.opts.Pause
	for range min(n-1, 40) {
		if pause *= 2; pause >= most {
			break
		}
	}
	pause = min(pause, most)
	return pause/2 + rand.N(pause/2+1)
}

func (q *Queue) scrub(err error) error {
	return &scrubbed{text: q.opts.To.scrub(err.Error()), err: err}
}
