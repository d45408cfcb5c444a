package target_test

import (
	"runtime"
	"testing"
	"time"

	"rms/media/target"
)

func TestWebsocketHeartbeatPingsWithPayloadPingWhateverIsSent(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 1000)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			if f.op == 9 {
				frames <- f
				p.send(0x8a, f.data)
			}
		}
	})
	o := far.options()
	o.Heartbeat = time.Second // in which the server answers, on any machine
	began := time.Now()
	s := openWS(t, o)
	stop := make(chan struct{})
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			case <-time.After(time.Millisecond):
				_ = s.write(make([]int16, 160))
			}
		}
	}()
	for i := range 3 {
		if f := wsGot(t, frames); string(f.data) != "ping" {
			t.Errorf("ping %d holds %q", i, f.data)
		}
		if i == 0 && time.Since(began) < o.Heartbeat {
			t.Error("the first ping came before an interval had passed")
		}
	}
	close(stop)
	<-done
	s.conn.Close()
	s.over()
}

func TestWebsocketMissingPongIsCode5AndClose1011(t *testing.T) {
	t.Parallel()
	told := make(chan wsGoodbye, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		go func() { // says something else all the time
			for p.SetWriteDeadline(time.Now().Add(time.Second)) == nil {
				if _, err := p.Write(wsBytes(0x81, []byte("busy"))); err != nil {
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		}()
		code, reason := p.closing()
		told <- wsGoodbye{code, reason}
	})
	o := far.options()
	o.Heartbeat = 50 * time.Millisecond
	s := openWS(t, o)
	want := target.Ended{
		By: target.ByTimeout, Code: 1011, Reason: "Ping timeout",
		Error: target.CodePingTimeout, Text: "Ping timeout", Again: true,
	}
	if e := s.over(); e != want {
		t.Errorf("ended %+v", e)
	}
	if g := wsGot(t, told); g.code != 1011 || g.reason != "Ping timeout" {
		t.Errorf("server was told %+v", g)
	}
}

func TestWebsocketHeartbeatFindsAServerThatDoesNotReadEither(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-t.Context().Done()
	})
	o := far.options()
	o.Heartbeat = 200 * time.Millisecond
	s := openWS(t, o)
	var err error
	for err == nil {
		err = s.write(make([]int16, 80000))
	}
	if e := s.over(); e.Error != target.CodePingTimeout || err.Error() != "Ping timeout" {
		t.Errorf("ended %+v, write %v", e, err)
	}
}

func TestWebsocketHeartbeatWaitsWhileThePongIsBehindAudioThatWeDoNotTake(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		p.send(0x82, make([]byte, 64<<10))
		for f, ok := p.frame(); ok; f, ok = p.frame() {
			if f.op == 9 {
				p.send(0x8a, f.data)
			}
		}
	})
	o := far.options()
	o.Heartbeat = time.Second // in which the server answers, on any machine
	conn := dialWS(t, o)
	full := make(chan struct{})
	s := serveWS(t, conn, &wsEar{audio: func() error { <-full; return nil }})
	select {
	case e := <-s.ended:
		t.Fatalf("ended %+v", e)
	case <-time.After(3500 * time.Millisecond):
	}
	close(full)
	wsEventually(t, "the audio", func() bool { return s.conn.Stats().BytesIn == 64<<10 })
	select {
	case e := <-s.ended:
		t.Fatalf("ended %+v", e)
	case <-time.After(2200 * time.Millisecond):
	}
	s.conn.Close()
	s.over()
}

func TestWebsocketStreamHasNoGoroutineButServe(t *testing.T) {
	for _, beat := range []time.Duration{0, time.Hour} {
		far := newWSFar(t, func(p *wsPeer) { p.upgrade(); p.frame() })
		before := runtime.NumGoroutine()
		const n = 50
		conns := make([]target.Conn, n)
		for i := range conns {
			o := far.options()
			o.Heartbeat = beat
			conns[i] = dialWS(t, o)
		}
		// One of the server for each.
		wsEventually(t, "goroutines of the handshake to go", func() bool { return runtime.NumGoroutine() <= before+n })
		for _, c := range conns {
			c.Close()
		}
	}
}
