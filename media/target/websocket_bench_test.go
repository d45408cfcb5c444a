package target_test

import (
	"io"
	"net"
	"net/url"
	"runtime"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
)

// wsSwallows is a server that reads and forgets, without looking at frames.
func wsSwallows(tb testing.TB, fields string) *target.Options {
	tb.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer c.Close()
				b := make([]byte, 64<<10)
				n, _ := c.Read(b)
				r := wsRequestOf(b[:n])
				_, _ = io.WriteString(c, ws101+"Sec-WebSocket-Accept: "+wsAccept(r)+"\r\n"+fields+"\r\n")
				b = make([]byte, 4096)
				for err := error(nil); err == nil; _, err = c.Read(b) {
				}
			}()
		}
	}()
	return &target.Options{
		URL:    &url.URL{Scheme: "ws", Host: l.Addr().String(), Path: "/"},
		Format: media.Format{Rate: 8000, Channels: 1},
	}
}

func BenchmarkWebsocketWrite(b *testing.B) {
	for _, c := range []struct {
		name    string
		rate    int
		deflate bool
		stall   time.Duration
	}{
		{"8k", 8000, false, 0},
		{"8k-stall", 8000, false, time.Second},
		{"16k", 16000, false, 0},
		{"48k", 48000, false, 0},
		{"8k-deflate", 8000, true, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			fields := ""
			if c.deflate {
				fields = wsDeflated + "\r\n"
			}
			o := wsSwallows(b, fields)
			o.Format.Rate, o.Deflate, o.StallTimeout = c.rate, c.deflate, c.stall
			s, _ := target.Lookup("ws")
			conn, err := s.Open(b.Context(), o)
			if err != nil {
				b.Fatal(err)
			}
			defer conn.Close()
			f := &media.Frame{PCM: make([]int16, c.rate/50), Format: o.Format}
			for i := range f.PCM {
				f.PCM[i] = int16(i * 977)
			}
			b.ReportAllocs()
			for b.Loop() {
				if err := conn.Write(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// TestWebsocketIdleConnectionIsSmall measures what 500 streams hold that are connected
// and have sent a little. The server's side of them is measured with empty hands.
func TestWebsocketIdleConnectionIsSmall(t *testing.T) {
	if testing.Short() {
		t.Skip("makes a thousand connections")
	}
	for _, c := range []struct {
		name   string
		fields string
		most   int64
	}{
		{"plain", "", 35 << 10},
		{"deflate", wsDeflated + "\r\n", 45 << 10},
	} {
		t.Run(c.name, func(t *testing.T) {
			const n = 500
			o := wsSwallows(t, c.fields)
			o.Deflate = c.fields != ""
			before := wsMemory()
			server := wsServerCost(t, o, n)
			conns := make([]target.Conn, n)
			ended := make(chan target.Ended, n)
			f := &media.Frame{PCM: make([]int16, 160), Format: o.Format}
			for i := range conns {
				conns[i] = dialWS(t, o)
				go func() { ended <- conns[i].Serve(&wsEar{}) }()
				for range 5 {
					if err := conns[i].Write(f); err != nil {
						t.Fatal(err)
					}
				}
			}
			all := (wsMemory() - before) / n
			for _, c := range conns {
				c.Close()
				<-ended
			}
			each := all - server
			t.Logf("%d bytes a connection: heap and stacks, of which the server's side (%d) is not counted", each, server)
			if each > c.most {
				t.Errorf("%d bytes a connection, want %d at most", each, c.most)
			}
		})
	}
}

// wsServerCost is what the server's side of a bare connection takes.
func wsServerCost(t *testing.T, o *target.Options, n int) int64 {
	t.Helper()
	before := wsMemory()
	conns := make([]net.Conn, n)
	for i := range conns {
		c, err := net.Dial("tcp", o.URL.Host)
		if err != nil {
			t.Fatal(err)
		}
		conns[i] = c
		_, _ = io.WriteString(c, "GET / HTTP/1.1\r\nHost: a\r\n\r\n")
		if _, err := c.Read(make([]byte, 512)); err != nil {
			t.Fatal(err)
		}
	}
	cost := (wsMemory() - before) / int64(n)
	for _, c := range conns {
		c.Close()
	}
	time.Sleep(50 * time.Millisecond) // the server's goroutines end
	wsMemory()
	return cost
}

// wsMemory is the memory in use after a collection: heap and stacks, in bytes.
func wsMemory() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc + m.StackInuse)
}
