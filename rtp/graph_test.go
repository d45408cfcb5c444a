package rtp_test

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
	"rms/rtp"
)

// speech is a source node that always has a tick of encoded silence.
type speech struct{ f media.Frame }

func (s *speech) Process(_, out []*media.Frame) { out[0] = &s.f }

func newSpeech() *speech {
	return &speech{media.Frame{Payload: make([]byte, 160), Encoding: "PCMU/8000"}}
}

// listener reads the jitter buffer as a decoder does.
type listener struct {
	r     media.PacketReader
	f     media.Frame
	heard atomic.Int64
}

func (l *listener) Process(_, _ []*media.Frame) {
	for have := 0; have < 160; have += l.f.Samples {
		switch l.r.ReadPacket(&l.f) {
		case media.ReadNone:
			return
		case media.ReadPacket:
			l.heard.Add(1)
		}
	}
}

func graphOf(t *testing.T, s *rtp.Session) (*media.Graph, *listener) {
	t.Helper()
	g := media.NewGraph(media.GraphOptions{Tick: 20 * time.Millisecond})
	l := &listener{r: s}
	if _, err := g.Add(s.Poll(), 0); err != nil {
		t.Fatal(err)
	}
	if _, err := g.Add(l, 0); err != nil {
		t.Fatal(err)
	}
	from, err := g.Add(newSpeech(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Chain(from, s.Sender()); err != nil {
		t.Fatal(err)
	}
	return g, l
}

// Two sessions on the real clock talk to each other, again and again, while others
// come and go: for the race detector.
func TestSessionsOnTheRealClockTalkAndLeave(t *testing.T) {
	clock := media.NewShards(media.ShardOptions{Shards: 2})
	engine := rtp.NewEngine(clock)
	ports := rtp.NewPorts(rtp.PortsOptions{Min: 20600, Max: 20699})
	var wait sync.WaitGroup
	for range 4 {
		wait.Add(1)
		go func() {
			defer wait.Done()
			for range 3 {
				talkOnce(t, clock, engine, ports)
			}
		}()
	}
	wait.Wait()
	clock.Close()
	engine.Close()
	if n := ports.InUse(); n != 0 {
		t.Errorf("%d pairs are still open", n)
	}
}

func talkOnce(t *testing.T, clock *media.Shards, engine *rtp.Engine, ports *rtp.Ports) {
	var pairs [2]*rtp.Pair
	for i := range pairs {
		p, err := ports.Get(loopback)
		if err != nil {
			t.Error(err)
			return
		}
		pairs[i] = p
	}
	var sessions [2]*rtp.Session
	var graphs [2]*media.Graph
	var listeners [2]*listener
	for i := range pairs {
		c := config()
		c.Remote = netip.AddrPortFrom(loopback, uint16(pairs[1-i].Port()))
		sessions[i] = engine.NewSession(pairs[i], c, nil)
		graphs[i], listeners[i] = graphOf(t, sessions[i])
		clock.Attach(graphs[i])
	}
	for end := time.Now().Add(20 * time.Second); listeners[0].heard.Load() < 5 || listeners[1].heard.Load() < 5; {
		if time.Now().After(end) {
			t.Errorf("nothing heard: %+v", sessions[0].Stats())
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	_ = sessions[0].SendDigits("123", 0, 0)
	for i := range pairs {
		_ = graphs[i].Do(func() { sessions[i].Update(sessions[i].Config()) })
		_ = graphs[i].Close(context.Background())
		sessions[i].Close()
		pairs[i].Close()
	}
}

func TestAManualClockGivesTheEngineItsTime(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	engine := rtp.NewEngine(clock)
	c := config()
	c.Timeout = time.Hour
	ev := &events{}
	w := &wire{}
	s := engine.NewSession(w, c, ev)
	g, _ := graphOf(t, s)
	clock.Attach(g)
	clock.Advance(59 * time.Minute)
	if ev.timeouts != 0 {
		t.Fatal("too early")
	}
	clock.Advance(2 * time.Minute)
	if ev.timeouts != 1 {
		t.Errorf("%d time-outs after 61 minutes", ev.timeouts)
	}
	if n := s.Stats().PacketsOut; n != 61*60*50 {
		t.Errorf("%d packets sent in 61 minutes", n)
	}
	_ = g.Close(context.Background())
	s.Close()
	engine.Close()
}
