package filter_test

import (
	"context"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
	"rms/media/filter"
)

// streams is how many links BenchmarkStreams has.
const streams = 500

// wireSink writes what it gets to a connection; without one it only counts.
type wireSink struct {
	conn   net.Conn
	frames *atomic.Uint64
	b      [640]byte
}

func (s *wireSink) Write(f *media.Frame) error {
	s.frames.Add(1)
	if s.conn == nil {
		return nil
	}
	b := s.b[:0]
	for _, v := range f.PCM {
		b = append(b, byte(v), byte(v>>8))
	}
	_, err := s.conn.Write(b)
	return err
}

func (s *wireSink) Close() error {
	if s.conn == nil {
		return nil
	}
	return s.conn.Close()
}

// hole returns connections over TCP whose far ends are never read: what a benchmark
// writes fits into the kernel's buffers.
func hole(b *testing.B, n int) []net.Conn {
	b.Helper()
	l, err := new(net.ListenConfig).Listen(context.Background(), "tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	var conns []net.Conn
	for range n {
		near, err := new(net.Dialer).DialContext(context.Background(), "tcp", l.Addr().String())
		if err != nil {
			b.Fatal(err)
		}
		far, err := l.Accept()
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = far.Close() })
		conns = append(conns, near)
	}
	return conns
}

// BenchmarkStreams is what a stream costs the processor for each frame of 20 ms, on
// the real clock: the graph alone, with a link whose sink does nothing, and with one
// that writes to a socket. An operation is a tick of all streams.
func BenchmarkStreams(b *testing.B) {
	for name, c := range map[string]struct{ sides, link, wire bool }{
		"1 tones":                {},
		"2 tones, sides":         {sides: true},
		"3 tones, sides, link":   {sides: true, link: true},
		"4 tones, sides, socket": {sides: true, link: true, wire: true},
	} {
		b.Run(name, func(b *testing.B) {
			var conns []net.Conn
			if c.wire {
				conns = hole(b, streams)
			}
			clock := media.NewShards(media.ShardOptions{})
			defer clock.Close()
			pool := media.NewBlockPool(0)
			var frames atomic.Uint64
			graphs := make([]*media.Graph, streams)
			for i := range graphs {
				sink := &wireSink{frames: &frames}
				if c.wire {
					sink.conn = conns[i]
				}
				graphs[i] = streamGraph(b, pool, sink, c.sides, c.link)
				clock.Attach(graphs[i])
			}
			time.Sleep(40 * time.Millisecond)
			was, ticks, used := clock.Stats(), frames.Load(), cpuTime()
			for b.Loop() {
				time.Sleep(20 * time.Millisecond)
			}
			used = cpuTime() - used
			is := clock.Stats()
			n := float64(is.Ticks - was.Ticks)
			b.ReportMetric(float64(used.Nanoseconds())/1000/n, "us/frame")
			b.ReportMetric(float64((is.Busy-was.Busy).Nanoseconds())/1000/n, "shard-us/frame")
			if c.link {
				b.ReportMetric(float64(frames.Load()-ticks)/n, "written/tick")
			}
			for _, g := range graphs {
				if err := g.Close(context.Background()); err != nil {
					b.Error(err)
				}
			}
		})
	}
}

func streamGraph(b *testing.B, pool *media.BlockPool, sink media.Sink, sides, link bool) *media.Graph {
	b.Helper()
	g := media.NewGraph(media.GraphOptions{Pool: pool, Convert: filter.Convert})
	caller, _ := g.Add(filter.NewTone(440, -10, mono8), 1)
	callee, _ := g.Add(filter.NewTone(330, -10, mono8), 1)
	if !sides {
		return g
	}
	p, err := g.Add(filter.NewSides(filter.Mixed, 8000), 1, caller, callee)
	if err != nil {
		b.Fatal(err)
	}
	if link {
		if _, err := g.Spawn(p, sink, media.LinkOptions{Format: mono8, Size: time.Second}); err != nil {
			b.Fatal(err)
		}
	}
	return g
}

// BenchmarkStreamsWrite is what the writes of BenchmarkStreams cost alone: one
// goroutine writes to all sockets, one after the other, every 20 ms.
func BenchmarkStreamsWrite(b *testing.B) {
	conns := hole(b, streams)
	frame := make([]byte, 320)
	n := 0
	used := cpuTime()
	for b.Loop() {
		time.Sleep(20 * time.Millisecond)
		for _, c := range conns {
			if _, err := c.Write(frame); err != nil {
				b.Fatal(err)
			}
		}
		n += len(conns)
	}
	b.ReportMetric(float64((cpuTime()-used).Nanoseconds())/1000/float64(n), "us/frame")
	for _, c := range conns {
		_ = c.Close()
	}
}
