//go:build unix

package httpapi_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time that this process took.
func cpu() time.Duration {
	var use syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &use)
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

// BenchmarkVerb is a verb call over a connection that stays open. cpu-us/op is the
// processor time of the whole process, that of the client too, which writes the same
// bytes again and looks for the end of the answer.
func BenchmarkVerb(b *testing.B) {
	h := newHouse(b)
	id, _ := h.dial()
	for _, tc := range []struct{ verb, body string }{
		{"set", `{"name": "a", "value": "b"}`}, {"play", `{"file": "silence:1s", "mode": "replace"}`}, {"streams", ``},
	} {
		b.Run(tc.verb, func(b *testing.B) {
			conn, err := net.Dial("tcp", h.server.Addr().String())
			if err != nil {
				b.Fatal(err)
			}
			defer func() { _ = conn.Close() }()
			request := fmt.Appendf(nil, "POST /v1/calls/%s/%s HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%s",
				id, tc.verb, len(tc.body), tc.body)
			in := bufio.NewReader(conn)
			b.ReportAllocs()
			before := cpu()
			for b.Loop() {
				if _, err := conn.Write(request); err != nil {
					b.Fatal(err)
				}
				status, err := in.ReadString('\n')
				if err != nil || !strings.Contains(status, "200") {
					b.Fatal(status, err)
				}
				for line := ""; line != "\r\n"; {
					if line, err = in.ReadString('\n'); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := in.ReadString('\n'); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64((cpu()-before).Microseconds())/float64(b.N), "cpu-us/op")
		})
	}
}

// BenchmarkHandler is the same without a connection.
func BenchmarkHandler(b *testing.B) {
	h := newHouse(b)
	id, _ := h.dial()
	handler := h.server.Handler()
	b.ReportAllocs()
	for b.Loop() {
		r := httptest.NewRequestWithContext(context.Background(), "POST", "http://localhost/v1/calls/"+id+"/set", strings.NewReader(`{"name": "a", "value": "b"}`))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		if handler.ServeHTTP(w, r); w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// BenchmarkScrape is what Prometheus costs each time.
func BenchmarkScrape(b *testing.B) {
	h := newHouse(b)
	b.ReportAllocs()
	for b.Loop() {
		w := httptest.NewRecorder()
		h.server.Handler().ServeHTTP(w, httptest.NewRequestWithContext(context.Background(), "GET", "http://localhost/metrics", nil))
		if w.Code != http.StatusOK {
			b.Fatal(w.Body)
		}
	}
}

// It is not parallel: it measures the memory of the whole process.
func TestASubscriberThatStopsReadingCostsAtMost4MB(t *testing.T) {
	h := newHouse(t)
	id, _ := h.dial()
	heap := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc + m.StackInuse)
	}
	h.flood(id, 5000, 4000)
	before := heap()
	const subscribers = 8
	for range subscribers {
		conn, err := net.Dial("tcp", h.server.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = conn.Close() })
		_ = conn.(*net.TCPConn).SetReadBuffer(4096)
		if _, err := io.WriteString(conn, "GET /v1/events HTTP/1.1\r\nHost: localhost\r\n\r\n"); err != nil {
			t.Fatal(err)
		}
	}
	h.until("the subscriptions", func() bool { return h.calls.Stats().Subscribers == subscribers })
	h.flood(id, 10000, 4000) // 40 MB for each
	each := (heap() - before) / subscribers
	t.Logf("%d kB each", each>>10)
	if each > 4<<20 {
		t.Errorf("each subscriber costs %d kB", each>>10)
	}
}
