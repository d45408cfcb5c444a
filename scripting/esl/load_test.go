package esl_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/scripting/esl"
)

// memory is the live heap and the stacks, in bytes.
func memory() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc + m.StackInuse
}

func TestAThousandIdleConnectionsAreCheap(t *testing.T) {
	h := newHouse(t, script{}, func(o *esl.Options) { o.MaxStrangers = 1000 })
	before := memory()
	const n = 1000
	conns := make([]net.Conn, n)
	hello := make([]byte, len("Content-Type: auth/request\n\n"))
	for i := range conns {
		c, err := net.Dial("tcp", h.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if _, err := io.ReadFull(c, hello); err != nil {
			t.Fatal(err)
		}
		conns[i] = c
	}
	h.until("all", func() bool { return h.server.Stats().Strangers == n })
	each := (memory() - before) / n
	t.Logf("an idle connection costs %d bytes, the test's end of it included", each)
	if each > 16<<10 {
		t.Errorf("an idle connection costs %d bytes", each)
	}
	began := time.Now()
	c := h.client() // it takes the place of the oldest
	c.do("nolog", "-ERR not loging")
	if d := time.Since(began); d > time.Second {
		t.Errorf("who knows the password waited %v", d)
	}
	if _, err := conns[0].Read(hello); err == nil {
		t.Error("the oldest stranger is still there")
	}
	if s := h.server.Stats(); s.Strangers != n-1 || s.Open != n || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}

func TestTooManyClientsAreRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *esl.Options) { o.MaxConns = 3 })
	a, b := h.client(), h.client()
	old := h.connect()
	old.expect("Content-Type: auth/request\n\n")
	c := h.client()
	old.ends()
	d := h.connect()
	d.expect("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
	d.ends()
	for _, ok := range []*client{a, b, c} {
		ok.do("nolog", "-ERR not loging")
	}
	a.do("exit", "+OK bye")
	a.expect(notice)
	a.ends()
	h.until("room", func() bool { return h.server.Stats().Open == 2 })
	h.client()
}

func TestAClientThatDoesNotReadIsCutOff(t *testing.T) {
	h := newHouse(t, script{})
	deaf, other := h.client(), h.client()
	deaf.do("event json CUSTOM a::b", "+OK event listener enabled json")
	before := memory()
	body := strings.Repeat("x", 8000)
	event := fmt.Sprintf("sendevent CUSTOM\nEvent-Subclass: a::b\nContent-Length: %d\n\n%s", len(body), body)
	most := int64(0)
	for i := 0; h.server.Stats().Slow == 0; i++ {
		if i > 20_000 {
			t.Fatalf("%+v", h.server.Stats())
		}
		other.raw(event)
		other.message()
		if i%200 == 0 {
			most = max(most, int64(memory())-int64(before))
		}
	}
	s := h.server.Stats()
	if s.LostEvents < 501 {
		t.Errorf("%+v", s)
	}
	t.Logf("a client that does not read took %d KiB at most", most>>10)
	if most > 8<<20 {
		t.Errorf("it took %d bytes", most)
	}
	h.until("cut off", func() bool { return h.server.Stats().Open == 1 })
	other.do("noevents", "-ERR not listening for events")
}

func TestAClientThatSaysMuchAndReadsNothingStandsStill(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	var sent int
	_ = c.conn.SetWriteDeadline(time.Now().Add(500 * time.Millisecond))
	line := []byte(strings.Repeat("api status\n\n", 100))
	for {
		n, err := c.conn.Write(line)
		sent += n
		if err != nil {
			break
		}
	}
	if sent > 64<<20 {
		t.Errorf("it could send %d bytes", sent)
	}
	other := h.client()
	other.do("nolog", "-ERR not loging")
}

func TestManyClientsHearTheSameInTheSameOrder(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	const clients, events = 8, 50
	var ready, done sync.WaitGroup
	orders := make([]string, clients)
	for i := range clients {
		c := h.client()
		c.do("event json CUSTOM a::b", "+OK event listener enabled json")
		ready.Add(1)
		done.Go(func() {
			ready.Wait()
			var got strings.Builder
			go func() {
				for n := range events {
					if _, err := fmt.Fprintf(c.conn, "sendevent CUSTOM\nEvent-Subclass: a::b\nX: %d.%d\n\n", i, n); err != nil {
						return
					}
				}
			}()
			for n := 0; n < clients*events; {
				if m := c.message(); m.event != nil {
					got.WriteString(m.get("X") + " ")
					n++
				}
			}
			orders[i] = got.String()
		})
	}
	ready.Add(-clients)
	done.Wait()
	for i := range orders {
		if orders[i] != orders[0] {
			t.Errorf("client %d heard another order", i)
		}
	}
}

func TestClosingEndsEverything(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	id, _ := h.dial()
	c := h.client()
	c.do("event json ALL", "+OK event listener enabled json")
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: park", "+OK")
	c.event("CHANNEL_PARK")
	other := h.client()
	other.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: sleep\nexecute-app-arg: 60000\nevent-lock: true", "+OK")
	h.server.Close()
	other.ends()
	h.server.Close()
}
