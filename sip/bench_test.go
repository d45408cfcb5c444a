package sip_test

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
	"rms/sip/siptest"
)

// answering answers at once and notes nothing.
type answering struct{}

func (answering) Invite(d *sip.Dialog) sip.Owner {
	_ = d.Answer([]byte(siptest.Offer))
	return answering{}
}
func (answering) Request(r *sip.Request) { r.Default() }
func (answering) Acked([]byte)           {}
func (answering) Response(*sip.Response) {}
func (answering) Ended(sip.Cause)        {}

func cpu() time.Duration {
	var r syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return time.Duration(r.Utime.Nano() + r.Stime.Nano())
}

// BenchmarkCall is INVITE, 100, 200, ACK, BYE, 200 over loopback UDP. cpu-us/call
// holds both sides; the caller's side is a bare socket.
func BenchmarkCall(b *testing.B) {
	ua, err := sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, NewCalls: -1, PerSource: -1, MaxCalls: -1, HalfOpen: -1, Log: zerolog.Nop(),
	}, answering{})
	if err != nil {
		b.Fatal(err)
	}
	defer func() {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = ua.Close(ctx)
	}()
	conn, err := net.DialUDP("udp", nil, net.UDPAddrFromAddrPort(addr(ua, "udp")))
	if err != nil {
		b.Fatal(err)
	}
	defer conn.Close()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	began := cpu()
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		benchCall(b, conn, i)
	}
	b.ReportMetric(float64((cpu()-began).Microseconds())/float64(b.N), "cpu-us/call")
	runtime.GC()
	runtime.ReadMemStats(&after)
	b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/float64(b.N), "kept-B/call")
}

func benchCall(b *testing.B, conn *net.UDPConn, i int) {
	buf := make([]byte, 2048)
	request := func(method, tag, body string, seq int) {
		fmt.Fprintf(conn, "%s sip:ivr@127.0.0.1 SIP/2.0\r\nVia: SIP/2.0/UDP %s;branch=z9hG4bK%d%s;rport\r\n"+
			"Max-Forwards: 69\r\nRecord-Route: <sip:127.0.0.1;lr=on;ftag=x>\r\nFrom: <sip:a@b.test>;tag=f%d\r\n"+
			"To: <sip:ivr@127.0.0.1>%s\r\nCall-ID: bench-%d@b.test\r\nCSeq: %d %s\r\nContact: <sip:a@%s>\r\n"+
			"User-Agent: bench\r\nContent-Type: application/sdp\r\nContent-Length: %d\r\n\r\n%s",
			method, conn.LocalAddr(), i, method, i, tag, i, seq, method, conn.LocalAddr(), len(body), body)
	}
	final := func() []byte {
		for {
			_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
			n, err := conn.Read(buf)
			if err != nil {
				b.Fatal(err)
			}
			if bytes.HasPrefix(buf[:n], []byte("SIP/2.0 200")) {
				return buf[:n]
			}
		}
	}
	request("INVITE", "", siptest.Offer, 1)
	_, rest, _ := bytes.Cut(final(), []byte("\r\nTo: <sip:ivr@127.0.0.1>"))
	tag, _, _ := bytes.Cut(rest, []byte("\r\n"))
	to := string(tag)
	request("ACK", to, "", 1)
	request("BYE", to, "", 2)
	final()
}
