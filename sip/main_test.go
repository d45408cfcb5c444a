package sip_test

import (
	"context"
	"net/netip"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/sip"
	"rms/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// event is one callback of an Owner or Handler.
type event struct {
	kind string // invite, request, acked, response, ended
	d    *sip.Dialog
	r    *sip.Request
	resp *sip.Response
	body []byte
	c    sip.Cause
	at   time.Time
}

// recorder is a Handler and Owner that notes what happens. on says what to do at
// a new call; nil answers it with the offer of siptest.
type recorder struct {
	t       testing.TB
	on      func(d *sip.Dialog)
	request func(r *sip.Request) // in and out of dialogs; nil gives the built-in answer
	events  chan event
	hold    atomic.Bool // requests stay unanswered
}

func newRecorder(t testing.TB) *recorder { return &recorder{t: t, events: make(chan event, 8192)} }

func (h *recorder) note(e event) {
	e.at = time.Now()
	h.events <- e
}

func (h *recorder) Invite(d *sip.Dialog) sip.Owner {
	h.note(event{kind: "invite", d: d})
	if h.on != nil {
		h.on(d)
	} else if err := d.Answer([]byte(siptest.Offer)); err != nil {
		h.t.Errorf("answer: %v", err)
	}
	return &owner{h, d}
}

func (h *recorder) Request(r *sip.Request) {
	h.note(event{kind: "request", r: r})
	if h.request != nil {
		h.request(r)
	}
}

type owner struct {
	h *recorder
	d *sip.Dialog
}

func (o *owner) Request(r *sip.Request) {
	hold := o.h.hold.Load() // before the test hears of it
	o.h.note(event{kind: "request", d: o.d, r: r})
	switch {
	case hold:
	case o.h.request != nil:
		o.h.request(r)
	default:
		r.Default()
	}
}

func (o *owner) Acked(body []byte)        { o.h.note(event{kind: "acked", d: o.d, body: body}) }
func (o *owner) Response(r *sip.Response) { o.h.note(event{kind: "response", d: o.d, resp: r}) }
func (o *owner) Ended(c sip.Cause)        { o.h.note(event{kind: "ended", d: o.d, c: c}) }

// wait returns the next event of a kind and skips others.
func (h *recorder) wait(kind string) event {
	h.t.Helper()
	limit := time.After(siptest.Patience)
	for {
		select {
		case e := <-h.events:
			if e.kind == kind {
				return e
			}
		case <-limit:
			h.t.Fatalf("no %s", kind)
		}
	}
}

const t1 = 20 * time.Millisecond

// serve starts a UA on loopback with short timers; the test closes it.
func serve(t testing.TB, h sip.Handler, change ...func(*sip.Options)) *sip.UA {
	t.Helper()
	o := sip.Options{
		Listen:  []string{"udp://127.0.0.1:0", "tcp://127.0.0.1:0"},
		Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8"), netip.MustParsePrefix("::1/128")},
		T1:      t1, T2: 8 * t1, T4: 10 * t1, Log: zerolog.Nop(), Workers: 2,
	}
	for _, c := range change {
		c(&o)
	}
	ua, err := sip.Listen(o, h)
	if err != nil {
		t.Fatalf("listen: %v", err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
		defer cancel()
		_ = ua.Close(ctx)
	})
	return ua
}

// addr is the address of the n-th listener of a transport.
func addr(ua *sip.UA, transport string) netip.AddrPort {
	for _, l := range ua.Listeners() {
		if l.Transport == transport {
			return l.Addr
		}
	}
	return netip.AddrPort{}
}
