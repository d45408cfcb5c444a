package call_test

import (
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media"
	"rms/rtp"
	"rms/sip/siptest"
)

func TestPanicInTheGraphCostsOneCall(t *testing.T) {
	t.Parallel()
	d := newDisk(t, 3*time.Second)
	h := newHouse(t, playing("a.wav", "played"), d.use(t, streamed))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(200*time.Millisecond, e)
	h.calls.Break()
	h.until("media error", func() bool { return len(h.seen("rms:media_error")) > 0 }, e)
	bye := c.ExpectRequest("BYE")
	if !strings.Contains(bye.Header("Reason"), "500") {
		t.Errorf("Reason %q", bye.Header("Reason"))
	}
	c.Reply(bye, 200, "", "")
	h.until("call gone", func() bool { return h.calls.Len() == 0 })
	h.until("file closed", func() bool { return d.opened() == 0 })
	if got := h.names(); strings.Count(got, "played") != 1 || !strings.HasSuffix(got, "rms:end") {
		t.Errorf("events: %s", got)
	}
}

func TestMailboxIsBoundedForTheFarEndOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	if n := h.calls.Post(2000); n < 1500 {
		t.Errorf("%d of 2000 were refused", n)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

// TestManyCallsAtOnceOnARealClock is for the race detector: shards tick, callers
// renegotiate and hang up, and the script does what it likes.
func TestManyCallsAtOnceOnARealClock(t *testing.T) {
	t.Parallel()
	clock := media.NewShards(media.ShardOptions{Shards: 2})
	engine := rtp.NewEngine(clock)
	t.Cleanup(func() {
		clock.Close()
		engine.Close()
	})
	d := newDisk(t, 300*time.Millisecond)
	verbs := [][]any{
		{"play", "a.wav", "next"},
		{"play", "b.wav", "next", "replace"},
		{"play", "tone:440/100ms", "next", "mix"},
		{"stop"},
		{"echo", true},
		{"echo", false},
		{"dtmf", "1"},
		{"play", "nope.wav", "next"},
		{"set", "a", "b"},
		{"media_stop"},
	}
	act := func(x *call.Exec) error {
		for range 1 + rand.IntN(2) {
			v := verbs[rand.IntN(len(verbs)-rand.IntN(2))] // media_stop more seldom
			_, _ = do(x, v[0].(string), v[1:]...)
		}
		return nil
	}
	h := newHouse(t, script{"rms:start": act, "next": act, "rms:dtmf": act, "rms:update": act}, d.use(t, streamed), func(o *call.Options) {
		o.Clock, o.Engine, o.Log = clock, engine, zerolog.Nop()
	})
	var callers sync.WaitGroup
	for range 6 {
		p := siptest.UDP(t, h.addr)
		e := newEar(t)
		callers.Go(func() {
			for range 4 {
				aCall(p, e)
			}
		})
	}
	callers.Wait()
	h.until("all calls gone", func() bool { return h.calls.Len() == 0 })
	h.until("ports free", func() bool { return h.ports.InUse() == 0 })
	h.until("files closed", func() bool { return d.opened() == 0 })
	if n, ends := len(h.seen("rms:invite")), len(h.seen("rms:end")); n != 24 || ends != n {
		t.Errorf("%d calls, %d ends", n, ends)
	}
	plays := map[string]int{}
	for _, ev := range h.seen("next") {
		plays[ev.Get("reason").(string)]++
	}
	t.Logf("ends of plays: %v", plays)
}

// aCall is one call of a caller who changes its mind all the time.
func aCall(p *siptest.Peer, e *ear) {
	offers := []string{
		e.offer("0 101", "rtpmap:101 telephone-event/8000"), e.offer("8"), e.offer("9"), e.offer("0", "sendonly"),
		e.offer("0", "ptime:30"), e.offer("18"), e.offer("0", "inactive"),
	}
	c := p.Invite(offers[0])
	m, _ := final(c, "INVITE")
	c.RemoteTag, c.Target = m.Tag("To"), m.Contact()
	c.Ack()
	for range 4 {
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		n := rand.IntN(len(offers))
		c.Request("INVITE", offers[n])
		if m, _ := final(c, "INVITE"); m.Code() >= 300 {
			c.AckRefusal()
		} else {
			c.Ack()
		}
	}
	c.Bye()
	_, _ = final(c, "BYE")
}
