package sip_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
	"rms/sip/siptest"
)

// lockedBuffer is a log that may be read while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func TestEachLimitRefusesAndNamesItsKey(t *testing.T) {
	t.Parallel()
	stranger := func(o *sip.Options) { o.Trusted = nil }
	cases := map[string]struct {
		set     func(o *sip.Options)
		admit   int // calls that pass
		more    int // and that pass in each second after
		ack     bool
		warning string
	}{
		"total":      {func(o *sip.Options) { o.NewCalls = 3 }, 3, 3, true, "sip.new_calls_per_second"},
		"per source": {func(o *sip.Options) { stranger(o); o.PerSource = 2 }, 2, 2, true, "sip.per_source"},
		"calls":      {func(o *sip.Options) { o.MaxCalls = 2 }, 2, 0, true, "sip.max_calls"},
		"half open":  {func(o *sip.Options) { o.HalfOpen = 2 }, 2, 0, false, "sip.half_open"},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var log lockedBuffer
			h := newRecorder(t)
			ua := serve(t, h, c.set, func(o *sip.Options) { o.Log = zerolog.New(&log); o.T1 = time.Second })
			p := peer(t, ua, "udp")
			began := time.Now()
			for range c.admit {
				call := p.Invite(siptest.Offer)
				call.Expect(200)
				if c.ack {
					call.Ack()
					h.wait("acked")
				}
			}
			admitted := c.admit
			for refused := 0; refused < 20; {
				call := p.Invite(siptest.Offer)
				if finalOf(t, call) == 200 {
					call.Expect(200)
					call.Ack()
					admitted++
					continue
				}
				if m := call.Expect(503); m.Header("Retry-After") == "" {
					t.Error("503 without Retry-After")
				}
				call.AckRefusal()
				refused++
			}
			s := ua.Stats()
			if most := c.admit + c.more*int(time.Since(began)/time.Second+1); admitted > most || s.Calls != admitted || s.Refused != 20 {
				t.Errorf("%d calls and %d refused, %d admitted, want at most %d", s.Calls, s.Refused, admitted, most)
			}
			if n := strings.Count(log.String(), "\n"); n < 1 || n > 4 || !strings.Contains(log.String(), c.warning) {
				t.Errorf("log of %d lines without %s:\n%s", n, c.warning, log.String())
			}
		})
	}
}

// finalOf returns the code of the final response to a call, which stays to be expected.
func finalOf(t *testing.T, c *siptest.Call) int {
	t.Helper()
	for {
		m, ok := c.Next(siptest.Patience)
		if !ok {
			t.Fatal("no final response")
		}
		if m.Header("Call-ID") == c.ID && m.Code() >= 200 {
			c.Unread(m)
			return m.Code()
		}
	}
}

func TestStrangersLeaveRoomForTheProxies(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) {
		o.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		o.HalfOpen, o.PerSource, o.T1 = 8, 1000, time.Minute // nothing comes again
	})
	stranger := siptest.UDPFrom(t, netip.MustParseAddrPort("127.0.0.5:0"), addr(ua, "udp"))
	for i := range 8 {
		c := stranger.Invite(siptest.Offer)
		if i < 6 {
			c.Expect(200)
		} else {
			c.Expect(503)
		}
	}
	peer(t, ua, "udp").Invite(siptest.Offer).Expect(200)
}

func TestRetransmissionsAreNotCountedAsNewCalls(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.NewCalls, o.T1 = 1, time.Second })
	p := peer(t, ua, "udp")
	c := p.NewCall()
	text := c.Request("INVITE", siptest.Offer)
	for range 3 {
		c.Expect(200)
		p.Send(text)
	}
	c.Expect(200)
	c.Ack()
	h.wait("acked")
	c.Request("INVITE", siptest.Offer) // in the dialog
	c.Expect(200)
}

func TestFloodCostsNeitherStateNorTheGoodPeer(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) {
		o.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		o.PerSource, o.T1 = 5, time.Second
	})
	flood := siptest.UDPFrom(t, netip.MustParseAddrPort("127.0.0.6:0"), addr(ua, "udp"))
	good := peer(t, ua, "udp")
	const n = 3000
	began := time.Now()
	for i := range n {
		c := flood.NewCall()
		flood.Send(c.Text("INVITE", fmt.Sprintf("z9hG4bKf%d", i), 1, siptest.Offer))
		if i%500 == 250 {
			c := good.Invite(siptest.Offer)
			c.Expect(200)
			c.Ack()
		}
	}
	most := 6 + 5*int(time.Since(began)/time.Second+2) // six good ones, and five a second
	if s := ua.Stats(); s.Calls > most || s.Transactions > 2*most {
		t.Errorf("flood left %d calls and %d transactions, want at most %d calls", s.Calls, s.Transactions, most)
	}
}

func TestRefusedOptionsFloodKeepsNothing(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.Trusted, o.PerSource = nil, 2 })
	p := peer(t, ua, "udp")
	for range 50 {
		p.NewCall().Request("OPTIONS", "")
		if m, ok := p.Next(siptest.Patience); !ok || m.Code() != 200 && m.Code() != 503 {
			t.Fatalf("answer %q", m.Start)
		}
	}
	if s := ua.Stats(); s.Transactions > 12 {
		t.Errorf("%d transactions", s.Transactions)
	}
}

func TestTraceShowsACallAndOnlyThatCall(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var seen []sip.TraceLine
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) {
		o.OnTrace = func(l sip.TraceLine) {
			mu.Lock()
			defer mu.Unlock()
			seen = append(seen, l)
		}
	})
	p := peer(t, ua, "udp")
	c := p.NewCall()
	ua.TraceOn(c.ID)
	c.Request("INVITE", siptest.Offer)
	c.Expect(200)
	c.Ack()
	h.wait("acked")
	p.NewCall().Request("OPTIONS", "")
	p.Expect(200)
	lines := ua.Trace(c.ID)
	want := []string{"INVITE sip:ivr@rms.test SIP/2.0", "SIP/2.0 100 Trying", "SIP/2.0 200 OK"}
	for i, w := range want {
		if i >= len(lines) || lines[i].First != w || lines[i].Sent != (i > 0) || lines[i].Remote != p.Local {
			t.Fatalf("line %d of %+v, want %s", i, lines, w)
		}
	}
	if last := lines[len(lines)-1]; !strings.HasPrefix(last.First, "ACK ") || last.Transport != "udp" {
		t.Errorf("last line %+v", last)
	}
	settle(t, "the hook sees the OPTIONS and its answer as well", func() bool { // which it is told of after it was sent
		mu.Lock()
		defer mu.Unlock()
		return len(seen) >= len(lines)+2
	})
}

func TestTraceAndLogKeepOneLinePerEvent(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	first := make(chan sip.TraceLine, 16)
	ua := serve(t, newRecorder(t), func(o *sip.Options) {
		o.Log = zerolog.New(zerolog.ConsoleWriter{Out: &log, NoColor: true})
		o.OnTrace = func(l sip.TraceLine) { first <- l }
	})
	p := peer(t, ua, "udp")
	c := p.NewCall()
	text := c.Text("OPTIONS", "z9hG4bKx", 1, "")
	p.Send(strings.Replace(text, c.ID, "evil\x1b[2J\x00", 1))
	m := p.Expect(400)
	if strings.ContainsAny(m.Raw, "\x1b\x00") {
		t.Errorf("control characters came back: %q", m.Raw)
	}
	if l := <-first; strings.ContainsAny(l.CallID+l.First, "\r\n\x1b\x00") {
		t.Errorf("trace %q %q", l.CallID, l.First)
	}
	settle(t, "log line", func() bool { return log.String() != "" })
	if strings.ContainsAny(log.String(), "\x1b\x00") {
		t.Errorf("log %q", log.String())
	}
}

func TestListenSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	for _, o := range []sip.Options{
		{Listen: []string{"tls://127.0.0.1:5061"}},
		{Listen: []string{"udp://localhost:5060"}},
		{Listen: []string{"udp://127.0.0.1"}},
		{Listen: []string{"udp://127.0.0.1:0"}, Advertise: "a b"},
	} {
		if ua, err := sip.Listen(o, nil); err == nil {
			t.Errorf("%v is accepted", o.Listen)
			_ = ua
		}
	}
	ua := serve(t, nil)
	if _, err := sip.Listen(sip.Options{Listen: []string{"udp://" + addr(ua, "udp").String()}}, nil); err == nil ||
		!strings.Contains(err.Error(), addr(ua, "udp").String()) {
		t.Errorf("taken port: %v", err)
	}
	peer(t, ua, "udp").Invite(siptest.Offer).Expect(501)
}

func TestTraceHookComesAndGoesWhileCallsRun(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	seen := make(chan sip.TraceLine, 16)
	ask := func() {
		p.NewCall().Request("OPTIONS", "")
		p.Expect(200)
	}
	ask()
	ua.OnTrace(func(l sip.TraceLine) { seen <- l })
	ask()
	for _, want := range []string{"OPTIONS ", "SIP/2.0 200 OK"} {
		if l := <-seen; !strings.HasPrefix(l.First, want) {
			t.Errorf("saw %q, want %q", l.First, want)
		}
	}
	ua.OnTrace(nil)
	ask()
	if len(seen) > 0 {
		t.Errorf("saw %q after the end", (<-seen).First)
	}
}
