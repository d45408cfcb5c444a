package call_test

import (
	"bytes"
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/call"
	"rms/rtp"
	"rms/sip/siptest"
)

// caller is a client that costs little: it sends prepared text and looks only at
// what it needs of the answers.
type caller struct {
	b    testing.TB
	conn *net.UDPConn
	to   netip.AddrPort
	buf  []byte
	n    int
}

func newCaller(b testing.TB, to netip.AddrPort) *caller {
	b.Helper()
	conn, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetReadBuffer(1 << 20)
	return &caller{b: b, conn: conn, to: to, buf: make([]byte, 65536)}
}

func (c *caller) send(method string, n, seq int, tag, body string) {
	toTag, kind := "", ""
	if tag != "" {
		toTag = ";tag=" + tag
	}
	if body != "" {
		kind = "Content-Type: application/sdp\r\n"
	}
	text := fmt.Sprintf("%s sip:ivr@rms.test SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%s%d-%d;rport\r\nMax-Forwards: 70\r\n"+
		"From: <sip:a@b.test>;tag=f%d\r\nTo: <sip:ivr@rms.test>%s\r\nCall-ID: bench-%d@b.test\r\nCSeq: %d %s\r\n"+
		"Contact: <sip:a@%s>\r\n%sContent-Length: %d\r\n\r\n%s",
		method, c.conn.LocalAddr(), method, n, seq, n, toTag, n, seq, method, c.conn.LocalAddr(), kind, len(body), body)
	if _, err := c.conn.WriteToUDPAddrPort([]byte(text), c.to); err != nil {
		c.b.Fatal(err)
	}
}

// await reads until a response with that code comes, and returns its To-tag.
func (c *caller) await(code string) string {
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		n, err := c.conn.Read(c.buf)
		if err != nil {
			c.b.Fatalf("waiting for %s: %v", code, err)
		}
		if !bytes.HasPrefix(c.buf[:n], []byte("SIP/2.0 "+code)) {
			continue
		}
		_, rest, _ := strings.Cut(string(c.buf[:n]), "\r\nTo: ")
		line, _, _ := strings.Cut(rest, "\r\n")
		_, tag, _ := strings.Cut(line, ";tag=")
		return tag
	}
}

// setUp makes a call, up to the ACK.
func (c *caller) setUp() (n int, tag string) {
	c.n++
	c.send("INVITE", c.n, 1, "", strings.Replace(siptest.Offer, "40000", "9000", 1)) // not a port of ours
	tag = c.await("200")
	c.send("ACK", c.n, 1, tag, "")
	return c.n, tag
}

// BenchmarkCall is the set-up and teardown of one call with its media, over UDP on
// loopback: INVITE, 100, 200, ACK, BYE, 200, and the socket pair of the call. The
// time includes the client that calls.
func BenchmarkCall(b *testing.B) {
	h := newHouse(b, script{"rms:start": func(*call.Exec) error { return nil }}, unwatched)
	c := newCaller(b, h.addr)
	b.ReportAllocs()
	for b.Loop() {
		n, tag := c.setUp()
		c.send("BYE", n, 2, tag, "")
		c.await("200")
	}
	for h.calls.Len() > 0 {
		time.Sleep(time.Millisecond)
	}
}

// BenchmarkLiveCalls prints the heap that one call holds while it plays a prompt
// that all share.
func BenchmarkLiveCalls(b *testing.B) {
	const calls = 400
	h := newHouse(b, script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "play", map[string]any{"file": "a.wav", "loop": true})
		return err
	}}, unwatched)
	h.tone("a.wav", 8000, 440, time.Second)
	c := newCaller(b, h.addr)
	measured := 0.0
	for b.Loop() {
		before := heap()
		for range calls {
			c.setUp()
		}
		h.run(200 * time.Millisecond)
		if measured == 0 { // later rounds use again what the first left behind
			measured = float64(heap()-before) / calls
		}
		ctx, cancel := contextWithTimeout(time.Nanosecond)
		go h.calls.Drain(ctx, "bench", 10*time.Second)
		for range calls {
			c.answerBye()
		}
		for h.calls.Len() > 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}
	b.ReportMetric(measured, "heap-B/call")
}

// answerBye answers the next BYE.
func (c *caller) answerBye() {
	_ = c.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
	for {
		n, err := c.conn.Read(c.buf)
		if err != nil {
			c.b.Fatal(err)
		}
		if bytes.HasPrefix(c.buf[:n], []byte("BYE ")) {
			m := siptest.Parse(string(c.buf[:n]))
			text := "SIP/2.0 200 OK\r\nVia: " + m.Header("Via") + "\r\nFrom: " + m.Header("From") + "\r\nTo: " + m.Header("To") +
				"\r\nCall-ID: " + m.Header("Call-ID") + "\r\nCSeq: " + m.Header("CSeq") + "\r\nContent-Length: 0\r\n\r\n"
			if _, err := c.conn.WriteToUDPAddrPort([]byte(text), c.to); err != nil {
				c.b.Fatal(err)
			}
			return
		}
	}
}

// unwatched is for measuring: nobody hears the events, and ports need no rest.
func unwatched(o *call.Options) {
	o.Watch = nil
	var hours atomic.Int64
	o.Ports = rtp.NewPorts(rtp.PortsOptions{Min: 40000, Max: 47999, Now: func() time.Time {
		return time.Unix(0, 0).Add(time.Duration(hours.Add(1)) * time.Hour)
	}})
}

// heap is what is live after a collection, in bytes.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
