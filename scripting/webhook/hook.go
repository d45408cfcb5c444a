package webhook

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	mrand "math/rand/v2"
	"net/http"
	"net/url"
	"strconv"
	"sync"
	"time"

	"rms/call"
	"rms/config/place"
)

// What waits between a call and the loop, which takes it at once.
const (
	intakeEvents = 8192
	intakeBytes  = 2 << 20
)

// complainEvery keeps a dead receiver from filling the log.
const complainEvery = time.Minute

// Hook posts events to a URL. Its methods may be used from any goroutine.
type Hook struct {
	opts      Options
	place     string // host of the URL, for the log
	boot      string // tells this start's deliveries from those of one before
	sub       source
	transport *http.Transport
	counters  counters

	ctx     context.Context // of attempts
	cancel  context.CancelFunc
	results chan result
	closing chan struct{}
	once    sync.Once
	over    chan struct{} // closed when nothing runs any more

	// Of the loop.
	queue     *queue
	sending   int
	streak    int       // deliveries that failed at their first attempt since one arrived
	notBefore time.Time // of any attempt
	number    uint64    // of deliveries
	closed    bool
	failing   bool // it was said in the log
	wailed    time.Time
}

// source is where events come from: a *call.Subscription.
type source interface {
	Ready() <-chan struct{}
	Poll() *call.Event
	Close()
}

// Open begins to post the events of all calls. Close ends it.
func Open(o Options) (*Hook, error) {
	return open(o, func() source {
		return o.Calls.Subscribe(call.SubscribeOptions{Names: o.Events, Size: intakeEvents, Bytes: intakeBytes})
	})
}

func open(o Options, subscribe func() source) (*Hook, error) {
	o = o.withDefaults()
	if err := place.CheckWebURL(o.URL); err != nil {
		return nil, fmt.Errorf("the URL of the webhook %w", err)
	}
	t, err := transport(&o)
	if err != nil {
		return nil, err
	}
	u, _ := url.Parse(o.URL) // CheckWebURL did
	h := &Hook{
		opts: o, place: u.Host, transport: t, results: make(chan result, o.Connections),
		closing: make(chan struct{}), over: make(chan struct{}), queue: newQueue(o.Size, o.Bytes),
	}
	var id [4]byte
	_, _ = rand.Read(id[:]) // it never fails
	h.boot = hex.EncodeToString(id[:])
	h.ctx, h.cancel = context.WithCancel(context.Background())
	h.sub = subscribe()
	go h.run()
	return h, nil
}

// Close takes no further event and lets what waits be delivered until ctx ends, or
// until the receiver is found dead. The error says how many events it did not get. It
// may come twice.
func (h *Hook) Close(ctx context.Context) error {
	h.once.Do(func() {
		h.sub.Close()
		close(h.closing)
	})
	select {
	case <-h.over:
	case <-ctx.Done():
		h.cancel()
		<-h.over
	}
	if n := h.counters.waiting.Load(); n > 0 {
		return fmt.Errorf("%d events were not delivered", n)
	}
	return nil
}

// run is the loop: it alone knows what waits.
func (h *Hook) run() {
	defer close(h.over)
	defer h.transport.CloseIdleConnections()
	defer h.cancel()
	timer := time.NewTimer(0)
	defer timer.Stop()
	closing := h.closing
	for {
		h.intake()
		wait := h.send(time.Now())
		h.publish()
		if h.closed && h.sending == 0 && (h.queue.len() == 0 && !h.queue.telling() || h.down() || h.ctx.Err() != nil) {
			return
		}
		if timer.Stop(); wait > 0 {
			timer.Reset(wait)
		}
		select {
		case <-h.sub.Ready():
		case r := <-h.results:
			h.settle(&r, time.Now())
		case <-timer.C:
		case <-closing:
			h.closed, closing = true, nil
		}
	}
}

// intake takes the events that came.
func (h *Hook) intake() {
	now := time.Now()
	for ev := h.sub.Poll(); ev != nil; ev = h.sub.Poll() {
		if ev.Name == call.EventLost {
			n, _ := ev.Get("count").(int64)
			h.queue.drop(uint64(max(n, 0)))
			continue
		}
		h.queue.put(ev.Call, h.delivery(ev), now)
	}
	if h.queue.untold > 0 && !h.queue.telling() {
		n := h.queue.untold
		d := h.delivery(&call.Event{Name: call.EventLost, Kind: call.EventLost, Time: now, Fields: []call.Field{{Name: "count", Value: int64(n)}}}) //nolint:gosec // never that many
		d.lost = n
		h.queue.tell(d)
	}
}

func (h *Hook) delivery(ev *call.Event) *delivery {
	h.number++
	id := h.boot + "-" + strconv.FormatUint(h.number, 10)
	return &delivery{id: id, event: ev.Name, body: ev.AppendJSON(nil, id)}
}

// down tells whether so many deliveries failed that it cannot be their fault. Then one
// attempt at a time is made, and pauses between them grow.
func (h *Hook) down() bool { return h.streak >= h.opts.Connections }

// send begins the attempts that are due. It returns when the next one is, 0 when that
// is not known.
func (h *Hook) send(now time.Time) time.Duration {
	limit := h.opts.Connections
	if h.down() {
		limit = 1
	}
	for h.sending < limit && h.ctx.Err() == nil {
		if wait := h.notBefore.Sub(now); wait > 0 {
			return wait
		}
		d, wait := h.queue.take(now)
		if d == nil {
			return wait
		}
		h.sending++
		h.counters.attempts.Add(1)
		go func() { h.results <- h.attempt(d) }() // there is room for all of them
	}
	return 0
}

// settle draws the consequences of an attempt.
func (h *Hook) settle(r *result, now time.Time) {
	h.sending--
	d := r.delivery
	if h.ctx.Err() != nil && r.verdict == failed {
		h.queue.again(d, now) // it still waits: that is what Close reports
		return
	}
	switch r.verdict {
	case delivered:
		h.recovered(now)
		h.counters.delivered.Add(1)
		h.queue.finish(d, now)
	case refused:
		h.recovered(now)
		h.counters.refused.Add(1)
		h.queue.finish(d, now)
		h.complain(r, now, "event refused by the webhook's receiver")
	case failed:
		h.failed(r, now)
	}
}

func (h *Hook) failed(r *result, now time.Time) {
	d := r.delivery
	if d.tries++; d.tries == 1 {
		h.streak++
	}
	pause := h.pause(d.tries)
	if r.after > 0 {
		pause = max(pause, r.after)
		h.notBefore = later(h.notBefore, now.Add(r.after))
	}
	if h.down() {
		h.notBefore = later(h.notBefore, now.Add(h.pause(1+h.streak-h.opts.Connections)))
	}
	h.failing = true
	if d.tries <= h.opts.Retries {
		h.queue.again(d, now.Add(pause))
		h.complain(r, now, "event not delivered by webhook, it is tried again")
		return
	}
	h.queue.finish(d, now)
	h.complain(r, now, "event not delivered by webhook, it is given up")
	if d.lost > 0 {
		h.queue.untell(d, now.Add(pause))
		return
	}
	h.counters.givenUp.Add(1)
	h.queue.untold++
}

// recovered is called when the receiver has answered.
func (h *Hook) recovered(now time.Time) {
	if h.down() {
		h.queue.hurry(now)
		h.notBefore = time.Time{}
	}
	if h.streak = 0; h.failing {
		h.failing, h.wailed = false, time.Time{}
		h.opts.Log.Info().Str("host", h.place).Msg("webhook delivers again")
	}
}

// complain writes a line, not too often.
func (h *Hook) complain(r *result, now time.Time, what string) {
	if now.Sub(h.wailed) < complainEvery {
		return
	}
	h.wailed = now
	h.opts.Log.Warn().Err(errors.New(r.text())).Str("host", h.place).Str("event", r.delivery.event).
		Int("waiting", h.queue.len()).Uint64("dropped", h.queue.lost).Msg(what)
}

// pause is how long to wait after n failures: twice as long each time, less up to half
// of it by chance, so that many do not come back at one moment.
func (h *Hook) pause(n int) time.Duration {
	d := h.opts.MaxPause
	if n < 30 {
		d = min(d, h.opts.Pause<<(n-1))
	}
	return d/2 + mrand.N(d/2+1) //nolint:gosec // no secret
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
