package audiosocket_test

import (
	"errors"
	"net"
	"runtime"
	"testing"
	"time"

	"rms/media/wire/audiosocket"
)

// A thousand connections that say nothing, or lie about a length, cost little, are
// gone when their time is up, and hold nobody else up.
func TestServerSurvivesAThousandIdleConnections(t *testing.T) {
	const idle = 1000
	before := memory()
	s := listen(t, audiosocket.ServerOptions{MaxConns: idle + 1, PerSource: idle + 1, IDTimeout: 3 * time.Second}, nil)
	started := time.Now()
	var conns []net.Conn
	defer func() {
		for _, c := range conns {
			c.Close()
		}
	}()
	for i := range idle {
		c, err := net.Dial("tcp", s.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conns = append(conns, c)
		if i%2 == 0 {
			if _, err = c.Write([]byte{1, 0, 16, 0xff}); err != nil {
				t.Fatal(err)
			}
		}
	}
	await(t, "all connections", func() bool { return s.Stats().Accepted == idle })
	// Both ends of a connection are in here.
	if grown := memory() - before; grown > 30<<20 {
		t.Errorf("%d connections cost %d bytes", idle, grown)
	} else {
		t.Logf("%d connections: %d kB, open after %v", idle, grown>>10, time.Since(started))
	}
	asked := time.Now()
	good := dial(t, s)
	good.say(append(hello(t, uuid), unhex(t, "00 00 00")...))
	if all := s.hears(t); len(all) != 1 {
		t.Errorf("%v", all)
	}
	t.Logf("a good one was served in %v", time.Since(asked))
	await(t, "the end of all", func() bool { return s.Stats().Open == 0 })
	if st := s.Stats(); st.Refused != idle {
		t.Errorf("%+v", st)
	}
	t.Logf("all gone after %v", time.Since(started))
}

// memory returns the bytes of heap and stacks in use.
func memory() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapInuse + m.StackInuse)
}

func TestPeerWriteToAFarEndThatDoesNotReadEnds(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		stall time.Duration
		end   func(p *audiosocket.Peer)
		want  func(error) bool
	}{
		"Close":      {time.Hour, (*audiosocket.Peer).Close, func(err error) bool { return errors.Is(err, net.ErrClosed) }},
		"WriteStall": {200 * time.Millisecond, func(*audiosocket.Peer) {}, func(err error) bool { return err != nil }},
	} {
		wrote := make(chan error, 1)
		var blocked time.Duration
		s := listen(t, audiosocket.ServerOptions{WriteStall: c.stall}, func(p *audiosocket.Peer) {
			done := make(chan struct{})
			go func() {
				defer close(done)
				time.Sleep(300 * time.Millisecond)
				c.end(p)
			}()
			pcm := make([]int16, 16000)
			var err error
			for err == nil {
				started := time.Now()
				err = p.Write(pcm, 192000)
				blocked = time.Since(started)
			}
			wrote <- err
			<-done
		})
		a := dial(t, s)
		a.say(hello(t, uuid))
		select {
		case err := <-wrote:
			if !c.want(err) {
				t.Errorf("%s: %v", name, err)
			}
			t.Logf("%s: the last write took %v", name, blocked)
		case <-time.After(patience):
			t.Fatalf("%s: write blocks for ever", name)
		}
		a.Close()
	}
}

// What a far end said before it went must not be lost because it does not listen.
func TestServerReadsWhatAFarEndSaidThatIsGone(t *testing.T) {
	t.Parallel()
	gone := make(chan struct{})
	heard := make(chan int, 1)
	s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		<-gone
		// Writing fails, which says nothing about what can be read.
		await(t, "an error", func() bool { return p.Write([]int16{1}, 8000) != nil })
		all, _ := listenTo(p)
		heard <- len(all)
	})
	a := dial(t, s)
	a.say(append(hello(t, uuid), unhex(t, "10 00 02 01 00 03 00 01 35 00 00 00")...))
	await(t, "the call", func() bool { return s.Stats().Live == 1 })
	if _, err := a.in.Next(); err != nil { // one of several: the rest is unread, so Close resets
		t.Fatal(err)
	}
	a.Close()
	close(gone)
	if n := <-heard; n != 3 {
		t.Errorf("%d messages, want 3", n)
	}
}
