package esl

import (
	"context"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

// What an event costs with nobody who wants it, and with one client of each form.
func BenchmarkEvent(b *testing.B) {
	m := call.NewManager(call.Options{Router: nobody{}, Log: zerolog.Nop()})
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		m.Close(ctx)
	}()
	s := New(Options{Manager: m, Log: zerolog.Nop()})
	defer s.Close()
	ev := &call.Event{Name: "rms:dtmf", Kind: "rms:dtmf", Call: "8d1c6a2e-0b55-4b8a-a6a5-6d9a3c3f3b11", Time: time.Now(), Fields: []call.Field{
		{Name: "digit", Value: "5"}, {Name: "duration_ms", Value: int64(160)}, {Name: "source", Value: "rtp"},
	}}
	for _, readers := range []string{"nobody", "plain", "json"} {
		b.Run(readers, func(b *testing.B) {
			near, far := net.Pipe()
			c := newConn(s, near)
			c.out.closed = true // what is made goes nowhere
			if f, ok := formatOf(readers); ok {
				s.bus.mu.Lock()
				c.on, c.all, c.format = true, true, f
				s.bus.place(c)
				s.bus.mu.Unlock()
			}
			b.ReportAllocs()
			for b.Loop() {
				s.bus.take(ev)
			}
			s.bus.forget(c)
			_, _ = near.Close(), far.Close()
		})
	}
}
