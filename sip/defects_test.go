package sip_test

import (
	"fmt"
	"net"
	"net/netip"
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/sip"
	"rms/sip/siptest"
)

// Each test here is named for a rule that a SIP library was seen to break.

func TestMessagesOfOneCallIDAreHandledInOrder(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	h.wait("acked")
	last := uint32(1)
	for range 10 { // in portions that fit a socket's buffer
		for range 50 {
			c.Request("INFO", "")
		}
		for range 50 {
			e := h.wait("request")
			if e.r.CSeq() <= last {
				t.Fatalf("CSeq %d after %d", e.r.CSeq(), last)
			}
			last = e.r.CSeq()
			c.Expect(200)
		}
	}
	c.Bye()
	c.Expect(200)
	if e := h.wait("ended"); e.c.By != sip.ByCaller {
		t.Errorf("ended %+v", e.c)
	}
}

func TestCancelNeverOvertakesItsInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(*sip.Dialog) {}
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	for range 200 {
		c := p.NewCall()
		c.Request("INVITE", siptest.Offer)
		c.Cancel()
		codes := map[string]int{}
		for len(codes) < 2 {
			m, ok := p.Next(siptest.Patience)
			if !ok {
				t.Fatalf("only %v answered", codes)
			}
			if m.Header("Call-ID") == c.ID && m.Code() >= 200 {
				codes[strings.Fields(m.Header("CSeq"))[1]] = m.Code()
				c.RemoteTag = m.Tag("To")
			}
		}
		c.AckRefusal()
		if codes["CANCEL"] != 200 || codes["INVITE"] != 487 {
			t.Fatalf("answers %v, want 200 to CANCEL and 487 to INVITE", codes)
		}
	}
}

func TestLateAckDoesNotReviveACall(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	d := h.wait("acked").d
	c.Bye()
	c.Expect(200)
	h.wait("ended")
	c.Ack()
	c.Request("OPTIONS", "")
	c.Expect(481)
	if d.State() != sip.StateEnded {
		t.Errorf("state %s after a late ACK", d.State())
	}
}

func TestReplyLeavesFromTheSocketThatWasAsked(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) {
		o.Listen = []string{"udp://127.0.0.1:0", "udp://127.0.0.2:0", "udp://127.0.0.3:0"}
	})
	p := siptest.UDP(t, ua.Listeners()[0].Addr)
	for range 5 {
		for _, l := range ua.Listeners() {
			c := p.NewCall()
			p.SendTo(l.Addr, c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""))
			if m := p.Expect(200); m.From != l.Addr {
				t.Fatalf("answer from %s, want %s", m.From, l.Addr)
			}
		}
	}
}

func TestWildcardListenerAnswersFromTheAddressThatWasAsked(t *testing.T) {
	if runtime.GOOS != "linux" {
		t.Skip("needs packet information")
	}
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.Listen = []string{"udp://0.0.0.0:0"} })
	for _, ip := range []string{"127.0.0.1", "127.77.2.11"} {
		to := netip.AddrPortFrom(netip.MustParseAddr(ip), ua.Listeners()[0].Addr.Port())
		p := siptest.UDP(t, to)
		c := p.Invite(siptest.Offer)
		ok := c.Expect(200)
		if ok.From != to || !strings.Contains(ok.Header("Contact"), to.String()) {
			t.Errorf("answer from %s with Contact %s, want %s", ok.From, ok.Header("Contact"), to)
		}
		c.Ack()
		e := h.wait("acked")
		if e.d.LocalAddr() != to {
			t.Errorf("local address %s, want %s", e.d.LocalAddr(), to)
		}
		_ = e.d.Bye("")
		if bye := p.ExpectRequest("BYE"); bye.From != to || !strings.Contains(bye.Header("Via"), to.String()) {
			t.Errorf("BYE from %s with Via %s, want %s", bye.From, bye.Header("Via"), to)
		}
	}
}

func TestLargeMessagesLeaveByUDP(t *testing.T) {
	t.Parallel()
	big := siptest.Offer + strings.Repeat("a=x-filler:0123456789012345678901234567890123456789\r\n", 80)
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) { _ = d.Answer([]byte(big)) }
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.NewCall()
	for i := range 20 {
		c.Extra = append(c.Extra, fmt.Sprintf("Record-Route: <sip:127.0.0.1:%d;lr;x=%s>", 7000+i, strings.Repeat("y", 40)))
	}
	c.Request("INVITE", big)
	if ok := c.Expect(200); ok.Body != big || len(ok.All("Record-Route")) != 20 {
		t.Errorf("200 has %d bytes of SDP and %d Record-Route", len(ok.Body), len(ok.All("Record-Route")))
	}
	c.Ack()
}

func TestDatagramsOfUpTo64KiBAreRead(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	c := p.NewCall()
	c.Extra = []string{"X-Filler: " + strings.Repeat("z", 60000)}
	c.Request("OPTIONS", "")
	c.Expect(200)
}

func TestAnswerIsRepeatedOnTheScheduleOfTheRFCThenBye(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := newRecorder(t)
			ua := serve(t, h)
			p := peer(t, ua, transport)
			c := p.Invite(siptest.Offer)
			copies := []time.Time{c.Expect(200).At}
			for {
				m, ok := p.Next(siptest.Patience)
				if !ok {
					t.Fatal("no BYE")
				}
				if m.Method() == "BYE" {
					p.Reply(m, 200, "", "")
					if got := m.Header("Reason"); !strings.Contains(got, "408") {
						t.Errorf("Reason %q", got)
					}
					break
				}
				copies = append(copies, m.At)
			}
			// T1 20 ms, T2 160 ms: at 20, 60, 140, 300, 460 ... 1260 ms; a loaded
			// machine is late, never early
			if n := len(copies); n < 6 || n > 11 {
				t.Errorf("%d copies of the 200, want 11", n)
			}
			due, gap := time.Duration(0), t1
			for i, at := range copies {
				if got := at.Sub(copies[0]); got < due-t1 {
					t.Errorf("copy %d after %s, want %s", i, got, due)
				}
				due, gap = due+gap, min(2*gap, 8*t1)
			}
			e := h.wait("ended")
			if e.c.By != sip.ByTimeout || e.c.Code != 408 {
				t.Errorf("ended %+v", e.c)
			}
			if s := ua.Stats(); s.Calls != 0 || s.HalfOpen != 0 {
				t.Errorf("left behind: %+v", s)
			}
		})
	}
}

func TestProvisionalAnswerToOurByeIsNoError(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	p.Established()
	_ = h.wait("acked").d.Bye("")
	bye := p.ExpectRequest("BYE")
	p.Reply(bye, 100, "", "")
	p.Reply(bye, 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
}

func TestStrangersCostNoMemory(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) {
		o.Trusted, o.PerSource, o.NewCalls = nil, 1, 1
	})
	for i := range 300 {
		ip := netip.AddrFrom4([4]byte{127, 9, byte(i / 200), byte(i%200 + 1)})
		conn, err := net.DialUDP("udp", &net.UDPAddr{IP: ip.AsSlice()}, net.UDPAddrFromAddrPort(addr(ua, "udp")))
		if err != nil {
			t.Fatal(err)
		}
		c := siptest.UDP(t, addr(ua, "udp")).NewCall()
		_, _ = conn.Write([]byte(c.Text("INVITE", "z9hG4bK"+c.ID, 1, siptest.Offer)))
		_ = conn.Close()
	}
	settle(t, "refusals", func() bool { return ua.Stats().Refused >= 290 })
	if s := ua.Stats(); s.Transactions > 10 || s.Calls > 10 {
		t.Errorf("refused requests left %d transactions and %d calls", s.Transactions, s.Calls)
	}
}

func TestPanicOfAnOwnerCostsOneCall(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	var bang atomic.Bool
	h.request = func(r *sip.Request) {
		if r.Method() == "INFO" && !bang.Swap(true) {
			panic("test")
		}
		r.Default()
	}
	ua := serve(t, h)
	p, other := peer(t, ua, "udp"), peer(t, ua, "udp")
	good := other.Established()
	h.wait("acked")
	c := p.Established()
	h.wait("acked")
	c.Request("INFO", "")
	c.Expect(500)
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByError {
		t.Errorf("ended %+v", e.c)
	}
	good.Request("INFO", "")
	good.Expect(200)
	if n := ua.Stats().Panics; n != 1 {
		t.Errorf("%d panics counted", n)
	}
}

func TestPanicOfTheHandlerIsAnswered500(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(*sip.Dialog) { panic("test") }
	ua := serve(t, h)
	c := peer(t, ua, "udp").Invite(siptest.Offer)
	c.Expect(500)
	c.AckRefusal()
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 })
}

func TestResponsesNameTheirOwnVersionAndMethodsAreCaseSensitive(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	for text, code := range map[string]int{
		"OPTIONS sip:a@b SIP/3.1": 505,
		"OPTIONS sip:a@b SIP/x":   400,
		"options sip:a@b SIP/2.0": 501,
	} {
		c := p.NewCall()
		method, _, _ := strings.Cut(text, " ")
		_, rest, _ := strings.Cut(c.Text(method, "z9hG4bK"+c.ID, 1, ""), "\r\n")
		p.Send(text + "\r\n" + rest)
		if m := p.Expect(code); !strings.HasPrefix(m.Start, "SIP/2.0 ") {
			t.Errorf("%s answered by %q", text, m.Start)
		}
	}
}

func TestMessageWithBareLineFeedsIsAnswered400(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	c := p.NewCall()
	p.Send(strings.ReplaceAll(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""), "\r\n", "\n"))
	p.Expect(400)
}

func TestUnknownToTagIs481AndMergedInviteIs482(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(*sip.Dialog) {}
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	for _, method := range []string{"INVITE", "BYE", "INFO", "UPDATE", "OPTIONS"} {
		c := p.NewCall()
		c.RemoteTag = "nobody"
		c.Request(method, "")
		c.Expect(481)
		if method == "INVITE" {
			c.AckRefusal()
		}
	}
	c := p.NewCall()
	c.Request("INVITE", siptest.Offer)
	h.wait("invite")
	p.Send(c.Text("INVITE", "z9hG4bKotherway", c.Seq, siptest.Offer))
	c.Expect(482)
	if n := ua.Stats().Calls; n != 1 {
		t.Errorf("%d calls, want 1", n)
	}
}

func TestSameBranchByAnotherTransportIsAnotherTransaction(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	udp, tcp := peer(t, ua, "udp"), peer(t, ua, "tcp")
	c := udp.NewCall()
	text := c.Text("OPTIONS", "z9hG4bKsame", 1, "")
	udp.Send(text)
	udp.Expect(200)
	tcp.Send(text)
	tcp.Expect(200)
	udp.ExpectNone(100 * time.Millisecond)
}

func TestRequestsWithoutTheirHeadersAre400(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	for _, name := range []string{"From", "To", "Call-ID", "CSeq", "Contact"} {
		c := p.NewCall()
		text := c.Text("INVITE", "z9hG4bK"+c.ID, 1, siptest.Offer)
		p.Send(dropHeader(text, name))
		if m := p.Expect(400); !strings.Contains(m.Start, name) {
			t.Errorf("without %s: %q does not say so", name, m.Start)
		}
		c = p.NewCall()
		text = c.Text("INVITE", "z9hG4bK"+c.ID, 1, siptest.Offer)
		if name != "Contact" {
			p.Send(strings.Replace(text, "\r\n"+name+":", "\r\n"+name+": doubled\r\n"+name+":", 1))
			p.Expect(400)
		}
	}
	c := p.NewCall()
	p.Send(strings.Replace(c.Text("INVITE", "z9hG4bK"+c.ID, 1, siptest.Offer), ";tag="+c.LocalTag, "", 1))
	p.Expect(400)
}

func dropHeader(text, name string) string {
	var out []string
	for _, l := range strings.Split(text, "\r\n") {
		if !strings.HasPrefix(l, name+":") {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\r\n")
}

func TestByeWithAnOldCSeqEndsTheCall(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.NewCall()
	c.Seq = 50
	c.Request("INVITE", siptest.Offer)
	c.Expect(200)
	c.Ack()
	h.wait("acked")
	c.Seq = 3
	c.Bye()
	c.Expect(500)
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	h.wait("ended")
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 })
}

func TestRepeatedContentLengthIs400(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	for _, transport := range []string{"udp", "tcp"} {
		p := peer(t, ua, transport)
		c := p.NewCall()
		text := c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "")
		p.Send(strings.Replace(text, "Content-Length: 0", "Content-Length: 0\r\nl: 0", 1))
		p.Expect(400)
	}
}

func TestGoodRequestBeforeGarbageIsAnswered(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	p.Send(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "") + "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n")
	c.Expect(200)
	p.WaitClosed(siptest.Patience)
}

func TestEmptyLinesInFrontOfADatagramAreIgnored(t *testing.T) {
	t.Parallel()
	p := peer(t, serve(t, newRecorder(t)), "udp")
	c := p.NewCall()
	p.Send("\r\n\r\n")
	p.Send("\r\n\r\n\r\n" + c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""))
	p.Expect(200)
}

func TestKeepAliveInFrontOfARequestGetsItsPong(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	p.Send("\r\n\r\n" + c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "") + "\r\n\r\n")
	got := map[string]int{}
	for range 3 {
		m, ok := p.Next(siptest.Patience)
		if !ok {
			t.Fatalf("got only %v", got)
		}
		got[m.Start]++
	}
	if got["PONG"] != 2 || got["SIP/2.0 200 OK"] != 1 {
		t.Errorf("got %v, want two pongs and the 200", got)
	}
}

func TestHalfSentMessageIsAnsweredAndClosed(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.HeaderTimeout = time.Second })
	p, silent := peer(t, ua, "tcp"), peer(t, ua, "tcp")
	c := p.NewCall()
	text := c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "")
	p.Send(text[:len(text)-2])
	p.Expect(400)
	p.WaitClosed(siptest.Patience)
	silent.WaitClosed(siptest.Patience)
	settle(t, "no connection", func() bool { return ua.Stats().Conns == 0 })
}

func TestOldestSilentConnectionMakesRoom(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.MaxConns = 3 })
	first := peer(t, ua, "tcp")
	settle(t, "first", func() bool { return ua.Stats().Conns == 1 })
	for range 3 {
		peer(t, ua, "tcp")
	}
	first.WaitClosed(siptest.Patience)
	good := peer(t, ua, "tcp")
	good.NewCall().Request("OPTIONS", "")
	good.Expect(200)
}

func TestStrangerHasAFewConnectionsOnly(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.Trusted, o.ConnsPerSource = nil, 2 })
	peer(t, ua, "tcp")
	peer(t, ua, "tcp")
	settle(t, "two", func() bool { return ua.Stats().Conns == 2 })
	peer(t, ua, "tcp").WaitClosed(siptest.Patience)
}

func TestHugeContentLengthAllocatesNothing(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	for size, code := range map[string]int{"2147483648": 513, "4294967328": 400, "9223372036854775808": 400, "-1": 400} {
		p := peer(t, ua, "tcp")
		c := p.NewCall()
		p.Send(strings.Replace(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""), "Content-Length: 0", "Content-Length: "+size, 1))
		if m := p.Expect(code); m.Header("Call-ID") != c.ID {
			t.Errorf("%s: answer to %q", size, m.Header("Call-ID"))
		}
		p.WaitClosed(siptest.Patience)
	}
}

func TestUAsWithTheirOwnTimersRunSideBySide(t *testing.T) {
	t.Parallel()
	slow := serve(t, newRecorder(t), func(o *sip.Options) { o.T1 = time.Hour })
	fast := serve(t, newRecorder(t))
	ps, pf := peer(t, slow, "udp"), peer(t, fast, "udp")
	ps.Invite(siptest.Offer).Expect(200)
	pf.Invite(siptest.Offer).Expect(200)
	pf.Expect(200)
	ps.ExpectNone(3 * t1)
}

func TestGarbageDoesNotStopAListener(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	for _, s := range []string{"", "\r\n\r\n", "\x00\x00\x00\x00", "hello", strings.Repeat("A", 60000), "INVITE", "SIP/2.0 200 OK\r\n\r\n"} {
		p.Send(s)
	}
	p.NewCall().Request("OPTIONS", "")
	p.Expect(200)
}

// settle waits until something holds.
func settle(t testing.TB, what string, ok func() bool) {
	t.Helper()
	limit := time.Now().Add(siptest.Patience)
	for !ok() {
		if time.Now().After(limit) {
			t.Fatalf("never came to %s", what)
		}
		time.Sleep(2 * time.Millisecond)
	}
}

func TestHeaderWithoutItsEmptyLineIsAnsweredSoon(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.HeaderTimeout = 2 * siptest.Patience })
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	text := c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "")
	p.Send(strings.TrimSuffix(text, "\r\n"))
	p.Expect(400)
	p.WaitClosed(siptest.Patience)
}

func TestHalfAMessageBeforeTheEndOfTheStreamIsAnswered(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t), func(o *sip.Options) { o.HeaderTimeout = time.Minute })
	p := peer(t, ua, "tcp")
	c := p.NewCall()
	text := c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, "")
	p.Send(text[:len(text)-4])
	p.CloseWrite()
	p.Expect(400)
	p.WaitClosed(siptest.Patience)
}

func TestRequestBeforeTheEndOfTheStreamIsAnswered(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.HeaderTimeout = 10 * siptest.Patience })
	p := peer(t, ua, "tcp")
	for range 20 {
		p.NewCall().Request("OPTIONS", "")
	}
	p.CloseWrite()
	for range 20 {
		p.Expect(200)
	}
	p.WaitClosed(siptest.Patience)
}

func TestInviteBeforeTheEndOfTheStreamIsAnsweredLater(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(*sip.Dialog) {}
	ua := serve(t, h, func(o *sip.Options) { o.HeaderTimeout = 10 * siptest.Patience })
	p := peer(t, ua, "tcp")
	c := p.Invite(siptest.Offer)
	p.CloseWrite()
	d := h.wait("invite").d
	c.Expect(100)
	if err := d.Answer([]byte(siptest.Offer)); err != nil {
		t.Fatal(err)
	}
	c.Expect(200)
	p.WaitClosed(siptest.Patience)
}

func TestCallThatIsSlowDoesNotHoldUpTheReader(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	release := make(chan struct{})
	h.on = func(*sip.Dialog) { <-release }
	ua := serve(t, h, func(o *sip.Options) { o.Workers = 8 })
	slow := peer(t, ua, "udp").Invite(siptest.Offer)
	h.wait("invite")
	p := peer(t, ua, "udp")
	for range 64 {
		p.NewCall().Request("OPTIONS", "")
	}
	for range 16 { // of 64 an eighth waits behind the slow call
		p.Expect(200)
	}
	close(release)
	for range 48 {
		p.Expect(200)
	}
	slow.Cancel()
}

func TestInviteFloodOfOneStrangerLeavesCallsAndMemoryAlone(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) {
		o.Trusted = []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}
		o.PerSource, o.T1 = 5, time.Second
	})
	var calls []*siptest.Call
	for range 5 {
		calls = append(calls, peer(t, ua, "udp").Established())
	}
	stranger := siptest.UDPFrom(t, netip.MustParseAddrPort("127.0.0.7:0"), addr(ua, "udp"))
	const n = 3000
	began := time.Now()
	for i := range n {
		c := stranger.NewCall()
		stranger.Send(c.Text("INVITE", fmt.Sprintf("z9hG4bKs%d", i), 1, siptest.Offer))
		if i%600 == 599 {
			c := calls[i/600]
			c.Request("INFO", "")
			c.Expect(200)
			c.Bye()
			c.Expect(200)
		}
	}
	s := ua.Stats()
	let := 5 * (int(time.Since(began).Seconds()) + 3) // in that time
	if s.Calls > 10+let || s.Transactions > 40+let || s.CallIDs > 40+let {
		t.Errorf("flood left %d calls, %d transactions and %d Call-IDs", s.Calls, s.Transactions, s.CallIDs)
	}
	if s.Refused+s.Dropped < n/2 {
		t.Errorf("%d refused and %d dropped of %d", s.Refused, s.Dropped, n)
	}
}
