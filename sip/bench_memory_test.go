package sip_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"runtime"
	"runtime/pprof"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
	"rms/sip/siptest"
)

func heap() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkLiveCall prints the heap that a call holds while it lives, in bytes:
// right behind its ACK, and when its INVITE can no longer be repeated.
func BenchmarkLiveCall(b *testing.B) {
	if os.Getenv("MEMPROF") != "" {
		runtime.MemProfileRate = 512
	}
	ua, err := sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, NewCalls: -1, PerSource: -1, MaxCalls: -1, HalfOpen: -1,
		T1: 30 * time.Millisecond, Log: zerolog.Nop(),
	}, answering{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Millisecond)
		defer cancel()
		_ = ua.Close(ctx)
	}()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr(ua, "udp")))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	const calls = 2000
	before := heap()
	for i := range calls {
		c := benchPeer{b, conn, i}
		c.establish()
	}
	for ua.Stats().HalfOpen > 0 {
		time.Sleep(time.Millisecond)
	}
	acked := heap()
	for ua.Stats().Transactions > 0 {
		time.Sleep(10 * time.Millisecond)
	}
	later := heap()
	if f := os.Getenv("MEMPROF"); f != "" {
		w, _ := os.Create(f)
		_ = pprof.WriteHeapProfile(w)
		w.Close()
	}
	for b.Loop() {
	}
	b.ReportMetric((acked-before)/calls, "acked-B/call")
	b.ReportMetric((later-before)/calls, "live-B/call")
	runtime.KeepAlive(ua)
}

type benchPeer struct {
	b    *testing.B
	conn *net.UDPConn
	i    int
}

func (p benchPeer) request(method, tag, body string, seq int) {
	fmt.Fprintf(p.conn, "%s sip:ivr@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d%s;rport\r\n"+
		"Via: SIP/2.0/UDP 10.1.2.3:5060;received=10.9.8.7;branch=z9hG4bKabcdef%d;rport=5060\r\n"+
		"Max-Forwards: 69\r\nRecord-Route: <sip:127.0.0.1;lr=on;ftag=x>\r\nFrom: <sip:a@b.test>;tag=f%d\r\n"+
		"To: <sip:ivr@127.0.0.1>%s\r\nCall-ID: bench-%d@b.test\r\nCSeq: %d %s\r\nContact: <sip:a@%s>\r\n"+
		"User-Agent: bench\r\nAllow: INVITE, ACK, BYE, CANCEL, OPTIONS, UPDATE\r\nX-Account: 42\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
		method, p.conn.LocalAddr(), p.i, method, p.i, p.i, tag, p.i, seq, method, p.conn.LocalAddr(), len(body), body)
}

func (p benchPeer) establish() {
	buf := make([]byte, 4096)
	p.request("INVITE", "", siptest.Offer, 1)
	for {
		_ = p.conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, err := p.conn.Read(buf)
		if err != nil {
			p.b.Fatal(err)
		}
		m := siptest.Parse(string(buf[:n]))
		if m.Code() == 200 {
			p.request("ACK", ";tag="+m.Tag("To"), "", 1)
			return
		}
	}
}
