package sip_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/sip"
	"rms/sip/siptest"
)

// caller is a recorder that owns a call of ours.
func caller(t *testing.T, change ...func(*sip.Options)) (*recorder, *sip.UA, *siptest.Peer) {
	h := newRecorder(t)
	ua := serve(t, h, change...)
	return h, ua, peer(t, ua, "udp")
}

func (h *recorder) call(ua *sip.UA, o sip.CallOptions) *sip.Dialog {
	h.t.Helper()
	own := &owner{h: h}
	d, err := ua.Call(o, own)
	if err != nil {
		h.t.Fatal(err)
	}
	return d
}

func to(p *siptest.Peer) string { return fmt.Sprintf("sip:bob@%s", p.Local) }

func TestCallOfOursIsAnsweredAndHungUp(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{
		To: to(p), From: `"Rms" <sip:rms@example.test>`, SDP: []byte(siptest.Offer),
		Headers: []sip.Header{{Name: "X-Test", Value: "1"}},
	})
	inv := p.ExpectRequest("INVITE")
	if inv.Header("X-Test") != "1" || inv.Body != siptest.Offer || inv.Header("Max-Forwards") != "70" {
		t.Errorf("INVITE:\n%s", inv.Raw)
	}
	p.Reply(inv, 100, "", "")
	p.Reply(inv, 183, "b1", other, "Record-Route: <sip:far.test;lr>, <sip:"+p.Local.String()+";lr>")
	if e := h.wait("response"); e.resp.Code() != 183 || string(e.resp.SDP()) != other || d.State() != sip.StateEarly {
		t.Errorf("got %d in state %s", e.resp.Code(), d.State())
	}
	p.Reply(inv, 200, "b1", other, "Record-Route: <sip:far.test;lr>, <sip:"+p.Local.String()+";lr>")
	ack := p.ExpectRequest("ACK")
	want := []string{"<sip:" + p.Local.String() + ";lr>", "<sip:far.test;lr>"}
	if !slices.Equal(ack.All("Route"), want) || ack.CSeq() != inv.CSeq() || ack.Body != "" {
		t.Errorf("ACK:\n%s", ack.Raw)
	}
	if e := h.wait("response"); e.resp.Code() != 200 || d.State() != sip.StateConfirmed {
		t.Errorf("got %d in state %s", e.resp.Code(), d.State())
	}
	p.Reply(inv, 200, "b1", other)
	if again := p.ExpectRequest("ACK"); again.Raw != ack.Raw {
		t.Error("another ACK for the repeated 200")
	}
	_ = d.Bye("")
	bye := p.ExpectRequest("BYE")
	if bye.Tag("To") != "b1" || bye.CSeq() <= inv.CSeq() {
		t.Errorf("BYE:\n%s", bye.Raw)
	}
	p.Reply(bye, 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
}

func TestCalleeHangsUp(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 200, "b1", other)
	p.ExpectRequest("ACK")
	c := p.NewCall()
	c.ID, c.LocalTag, c.RemoteTag, c.Target = inv.Header("Call-ID"), "b1", inv.Tag("From"), inv.Contact()
	c.Bye()
	c.Expect(200)
	if e := h.wait("ended"); e.c.By != sip.ByCaller {
		t.Errorf("ended %+v", e.c)
	}
}

func TestRefusedCallIsACKedAndEnds(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 486, "b1", "", `Reason: Q.850;cause=17`)
	ack := p.ExpectRequest("ACK")
	if ack.Header("Via") != inv.Header("Via") || ack.URI() != inv.URI() || ack.Tag("To") != "b1" {
		t.Errorf("ACK:\n%s", ack.Raw)
	}
	p.Reply(inv, 486, "b1", "")
	p.ExpectRequest("ACK")
	if e := h.wait("ended"); e.c.By != sip.ByCaller || e.c.Code != 486 || e.c.Reason != "Q.850;cause=17" {
		t.Errorf("ended %+v", e.c)
	}
}

func TestCallThatNobodyAnswersEnds(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	if e := h.wait("ended"); e.c.By != sip.ByTimeout || e.c.Code != 408 {
		t.Errorf("ended %+v", e.c)
	}
	copies := 0
	for {
		if m, ok := p.Next(5 * t1); !ok {
			break
		} else if m.Method() == "INVITE" {
			copies++
		}
	}
	if copies < 2 || copies > 7 { // at 0, 20, 60, 140, 300, 620, 1260 ms
		t.Errorf("%d copies", copies)
	}
}

func TestCancelWaitsForAProvisionalResponse(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	if err := d.Cancel("changed my mind"); err != nil {
		t.Fatal(err)
	}
	p.Reply(inv, 180, "b1", "")
	var cancel siptest.Message
	for cancel.Method() != "CANCEL" {
		m, ok := p.Next(siptest.Patience)
		if !ok {
			t.Fatal("no CANCEL")
		}
		cancel = m
	}
	if cancel.Header("Via") != inv.Header("Via") || cancel.CSeq() != inv.CSeq() || cancel.Tag("To") != "" {
		t.Errorf("CANCEL:\n%s", cancel.Raw)
	}
	p.Reply(cancel, 200, "b1", "")
	p.Reply(inv, 487, "b1", "")
	p.ExpectRequest("ACK")
	if e := h.wait("ended"); e.c.By != sip.ByUs || e.c.Code != 487 {
		t.Errorf("ended %+v", e.c)
	}
}

func TestCancelOfASilentPeerLeavesNothing(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	p.Reply(p.ExpectRequest("INVITE"), 180, "b1", "")
	h.wait("response")
	_ = d.Cancel("")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
	settle(t, "nothing", func() bool { s := ua.Stats(); return s.CallIDs == 0 && s.Calls == 0 })
}

func TestNothingIsLeftOfFinishedCalls(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	for range 20 {
		c := p.Established()
		h.wait("acked")
		c.Bye()
		c.Expect(200)
	}
	settle(t, "nothing", func() bool { s := ua.Stats(); return s.CallIDs+s.Calls+s.HalfOpen+s.Transactions == 0 })
}

func TestAnswerThatCrossesOurCancelIsACKedAndHungUp(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 180, "b1", "")
	h.wait("response")
	_ = d.Bye("") // before the answer it is a CANCEL
	cancel := p.ExpectRequest("CANCEL")
	p.Reply(inv, 200, "b1", other)
	p.Reply(cancel, 200, "b1", "")
	p.ExpectRequest("ACK")
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
}

func TestSecondBranchOfAForkIsACKedAndHungUp(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 180, "b1", "")
	p.Reply(inv, 180, "b2", "")
	p.Reply(inv, 200, "b1", other)
	p.ExpectRequest("ACK")
	p.Reply(inv, 200, "b2", other)
	if ack := p.ExpectRequest("ACK"); ack.Tag("To") != "b2" {
		t.Errorf("ACK to %s", ack.Tag("To"))
	}
	bye := p.ExpectRequest("BYE")
	if bye.Tag("To") != "b2" {
		t.Errorf("BYE to %s", bye.Tag("To"))
	}
	p.Reply(bye, 200, "", "")
	if d.State() != sip.StateConfirmed || d.RemoteTag() != "b1" {
		t.Errorf("state %s with %s", d.State(), d.RemoteTag())
	}
	if n := ua.Stats().Calls; n != 1 {
		t.Errorf("%d calls", n)
	}
	_ = h
}

func TestChallengesAreAnswered(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer), User: "u", Password: "p"})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 407, "b1", "", `Proxy-Authenticate: Digest realm="proxy.test", nonce="n1", algorithm=MD5, qop="auth"`)
	p.ExpectRequest("ACK")
	second := p.ExpectRequest("INVITE")
	if !strings.Contains(second.Header("Proxy-Authorization"), `realm="proxy.test"`) || second.CSeq() != inv.CSeq()+1 ||
		second.Header("Via") == inv.Header("Via") || second.Tag("To") != "" {
		t.Errorf("second INVITE:\n%s", second.Raw)
	}
	p.Reply(second, 401, "b2", "", `WWW-Authenticate: Digest realm="server.test", nonce="n2", algorithm=SHA-256, qop="auth"`)
	p.ExpectRequest("ACK")
	third := p.ExpectRequest("INVITE")
	if third.Header("Proxy-Authorization") == "" || third.Header("Authorization") == "" {
		t.Errorf("third INVITE:\n%s", third.Raw)
	}
	p.Reply(third, 401, "b3", "", `WWW-Authenticate: Digest realm="server.test", nonce="n3", algorithm=SHA-256, qop="auth"`)
	p.ExpectRequest("ACK")
	if e := h.wait("ended"); e.c.Code != 401 {
		t.Errorf("ended %+v", e.c)
	}
}

func TestByeIsAuthenticatedForKnownRealmsOnly(t *testing.T) {
	t.Parallel()
	const ask = `Proxy-Authenticate: Digest realm="%s", nonce="n", algorithm=MD5, qop="auth"`
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer), User: "u", Password: "p"})
	p.Reply(p.ExpectRequest("INVITE"), 407, "b", "", fmt.Sprintf(ask, "known"))
	p.ExpectRequest("ACK")
	p.Reply(p.ExpectRequest("INVITE"), 200, "b", other)
	p.ExpectRequest("ACK")
	_ = d.Bye("x")
	p.Reply(p.ExpectRequest("BYE"), 407, "", "", fmt.Sprintf(ask, "known"))
	bye := p.ExpectRequest("BYE")
	if bye.Header("Proxy-Authorization") == "" || bye.Header("Reason") == "" {
		t.Errorf("BYE:\n%s", bye.Raw)
	}
	p.Reply(bye, 407, "", "", fmt.Sprintf(ask, "evil"))
	h.wait("ended")
	p.ExpectNone(3 * t1)
}

func TestInboundCallerDrawsNoDigest(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	p.Established()
	_ = h.wait("acked").d.Bye("")
	p.Reply(p.ExpectRequest("BYE"), 407, "", "", `Proxy-Authenticate: Digest realm="x", nonce="n"`)
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 })
	p.ExpectNone(3 * t1)
}

func TestSmallerSessionIntervalIsRaisedAfter422(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t, func(o *sip.Options) { o.SessionExpires, o.MinSE = 100*time.Second, 90*time.Second })
	h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer)})
	inv := p.ExpectRequest("INVITE")
	if inv.Header("Session-Expires") != "100" {
		t.Errorf("Session-Expires %q", inv.Header("Session-Expires"))
	}
	p.Reply(inv, 422, "b", "", "Min-SE: 300")
	p.ExpectRequest("ACK")
	if again := p.ExpectRequest("INVITE"); !strings.HasPrefix(again.Header("Session-Expires"), "300") {
		t.Errorf("Session-Expires %q", again.Header("Session-Expires"))
	}
}

func TestCallWithoutOfferAnswersInTheAck(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{To: to(p)})
	inv := p.ExpectRequest("INVITE")
	p.Reply(inv, 200, "b", other)
	h.wait("response")
	if err := d.Ack([]byte(siptest.Offer)); err != nil {
		t.Fatal(err)
	}
	if ack := p.ExpectRequest("ACK"); ack.Body != siptest.Offer {
		t.Errorf("ACK:\n%s", ack.Raw)
	}
	if err := d.Ack([]byte(siptest.Offer)); !errors.Is(err, sip.ErrState) {
		t.Errorf("second ACK: %v", err)
	}
}

func TestCallThroughAProxyAndByTCP(t *testing.T) {
	t.Parallel()
	h, ua, _ := caller(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	d := h.call(ua, sip.CallOptions{
		To: "sip:bob@far.test", Proxy: "sip:" + l.Addr().String(), Transport: "tcp", SDP: []byte(siptest.Offer),
	})
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	p := siptest.Stream(t, conn)
	inv := p.ExpectRequest("INVITE")
	if inv.URI() != "sip:bob@far.test" || !strings.HasPrefix(inv.Header("Route"), "<sip:"+l.Addr().String()) ||
		!strings.Contains(inv.Contact(), addr(ua, "tcp").String()+";transport=tcp") {
		t.Errorf("INVITE:\n%s", inv.Raw)
	}
	rr := "Record-Route: <sip:" + l.Addr().String() + ";transport=tcp;lr>"
	p.Reply(inv, 200, "b", other, rr)
	p.ExpectRequest("ACK")
	_ = d.Bye("")
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	h.wait("ended")
}

func TestLargeRequestPrefersTCPAndFallsBack(t *testing.T) {
	t.Parallel()
	big := []byte(siptest.Offer + strings.Repeat("a=x-filler:0123456789012345678901234567890123456789\r\n", 40))
	h, ua, p := caller(t)
	h.call(ua, sip.CallOptions{To: to(p), SDP: big}) // nobody listens on that TCP port
	if inv := p.ExpectRequest("INVITE"); !strings.HasPrefix(inv.Header("Via"), "SIP/2.0/UDP") || inv.Body != string(big) {
		t.Errorf("INVITE by %s", inv.Header("Via"))
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	h.call(ua, sip.CallOptions{To: "sip:bob@" + l.Addr().String(), SDP: big})
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	if inv := siptest.Stream(t, conn).ExpectRequest("INVITE"); !strings.HasPrefix(inv.Header("Via"), "SIP/2.0/TCP") {
		t.Errorf("INVITE by %s", inv.Header("Via"))
	}
}

func TestCallToNowhereFails(t *testing.T) {
	t.Parallel()
	h, ua, _ := caller(t)
	for _, bad := range []string{"", "bob", "sip:", "http://x", "sip:a@b c"} {
		if _, err := ua.Call(sip.CallOptions{To: bad}, nil); err == nil {
			t.Errorf("call to %q is accepted", bad)
		}
	}
	for _, target := range []string{"sip:bob@127.0.0.1:1;transport=tcp", "sips:bob@127.0.0.1", "sip:bob@127.0.0.1;transport=tls"} {
		h.call(ua, sip.CallOptions{To: target, SDP: []byte(siptest.Offer)})
		if e := h.wait("ended"); e.c.By != sip.ByError || e.c.Code != 503 {
			t.Errorf("%s ended %+v", target, e.c)
		}
	}
}

func TestTwoUAsTalk(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			a, b := newRecorder(t), newRecorder(t)
			ua, ub := serve(t, a), serve(t, b)
			d := a.call(ua, sip.CallOptions{
				To: "sip:x@" + addr(ub, transport).String(), Transport: transport, SDP: []byte(siptest.Offer),
			})
			b.wait("acked")
			done := make(chan int, 1)
			if err := d.Reinvite([]byte(siptest.Offer), func(r *sip.Response) { done <- r.Code() }); err != nil {
				t.Fatal(err)
			}
			if code := <-done; code != 200 {
				t.Errorf("re-INVITE answered %d", code)
			}
			b.wait("acked")
			_ = d.Bye("")
			a.wait("ended")
			b.wait("ended")
		})
	}
}

func TestCloseHangsUpWhatIsLeft(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	p.Established()
	h.wait("acked")
	closed := make(chan error, 1)
	go func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		closed <- ua.Close(ctx)
	}()
	bye := p.ExpectRequest("BYE")
	p.Reply(bye, 200, "", "")
	h.wait("ended")
	if err := <-closed; err != nil {
		t.Error(err)
	}
	if _, err := ua.Call(sip.CallOptions{To: to(p)}, nil); !errors.Is(err, sip.ErrClosed) {
		t.Errorf("call after Close: %v", err)
	}
}

func TestCloseDoesNotWaitForTheDead(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	peer(t, ua, "udp").Established()
	h.wait("acked")
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := ua.Close(ctx); err == nil {
		t.Error("closed without a word about the call")
	}
	h.wait("ended")
}

func TestLocalForNamesTheSourceAddress(t *testing.T) {
	t.Parallel()
	_, ua, _ := caller(t)
	ip, err := ua.LocalFor(context.Background(), "sip:x@127.0.0.1:5060")
	if err != nil || ip != netip.MustParseAddr("127.0.0.1") {
		t.Errorf("%s, %v", ip, err)
	}
}
