package esl

import (
	"bufio"
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

func TestASlowClientIsToldWhatItLost(t *testing.T) {
	t.Parallel()
	m := call.NewManager(call.Options{Router: nobody{}, Log: zerolog.Nop()})
	s := New(Options{Manager: m, Log: zerolog.Nop()})
	t.Cleanup(func() {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		m.Close(ctx)
	})
	near, far := net.Pipe()
	c := newConn(s, near)
	s.bus.mu.Lock()
	c.on, c.all, c.format = true, true, asJSON
	s.bus.place(c)
	s.bus.mu.Unlock()
	tell := func(body string) {
		s.bus.emit(occasion{name: nameCustom, subclass: "a::b"}, func(e *event) { e.setBody(body) })
	}
	lost := func() int { c.out.mu.Lock(); defer c.out.mu.Unlock(); return c.out.lost }
	for range maxWaitingBytes {
		if tell(strings.Repeat("x", 50_000)); lost() == 7 {
			break
		}
	}
	if lost() != 7 {
		t.Fatalf("%d lost", lost())
	}
	read := make(chan string, 1)
	go func() {
		in := bufio.NewReader(far)
		for {
			line, err := in.ReadString('}')
			if err != nil || strings.Contains(line, "rms::lost") {
				read <- line
				return
			}
		}
	}()
	for end := time.Now().Add(20 * time.Second); lost() > 0 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		tell("again")
	}
	if line := <-read; !strings.Contains(line, `"rms_count":"`) {
		t.Errorf("%q", line)
	}
	if n := s.Stats().LostEvents; n < 7 {
		t.Errorf("%d lost", n)
	}
	s.bus.forget(c)
	c.out.close()
	c.out.wait.Wait()
	_ = far.Close()
}
