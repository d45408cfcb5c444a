package sip_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/sip"
	"rms/sip/siptest"
)

const other = "v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio 40010 RTP/AVP 8\r\n"

func TestRingingAndEarlyMediaThenAnswer(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(*sip.Dialog) {}
	ua := serve(t, h)
	c := peer(t, ua, "udp").Invite(siptest.Offer)
	d := h.wait("invite").d
	if err := d.Ring(180, "", nil); err != nil {
		t.Fatal(err)
	}
	ringing := c.Expect(180)
	if err := d.Ring(183, "", []byte(other)); err != nil {
		t.Fatal(err)
	}
	if m := c.Expect(183); m.Body != other || m.Tag("To") != ringing.Tag("To") || m.Contact() == "" {
		t.Errorf("183:\n%s", m.Raw)
	}
	if err := d.Answer([]byte(other), sip.Header{Name: "X-Answer", Value: "yes\r\nX-Evil: 1"}); err != nil {
		t.Fatal(err)
	}
	ok := c.Expect(200)
	if ok.Tag("To") != ringing.Tag("To") || ok.Header("X-Evil") != "" || ok.Header("X-Answer") != "yes X-Evil: 1" {
		t.Errorf("200:\n%s", ok.Raw)
	}
	if err := d.Ring(180, "", nil); !errors.Is(err, sip.ErrState) {
		t.Errorf("ringing after the answer: %v", err)
	}
	if err := d.Reject(486, ""); !errors.Is(err, sip.ErrState) {
		t.Errorf("rejecting after the answer: %v", err)
	}
	c.Ack()
	h.wait("acked")
	if d.State() != sip.StateConfirmed {
		t.Errorf("state %s", d.State())
	}
}

func TestRepeatedInviteGetsTheSameAnswer(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.T1 = time.Second })
	p := peer(t, ua, "udp")
	c := p.NewCall()
	text := c.Request("INVITE", siptest.Offer)
	first := c.Expect(200)
	p.Send(text)
	if again := p.Expect(200); again.Raw != first.Raw {
		t.Errorf("second answer differs:\n%s", again.Raw)
	}
	c.Ack()
	if n := ua.Stats().Calls; n != 1 {
		t.Errorf("%d calls", n)
	}
}

func TestRefusalIsRepeatedUntilItsAck(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) {
		_ = d.Redirect(302, "sip:other@elsewhere.test", `"B" <sip:b@elsewhere.test>;q=0.5`)
	}
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer)
	m := c.Expect(302)
	if got := m.All("Contact"); len(got) != 2 || got[0] != "<sip:other@elsewhere.test>" {
		t.Errorf("Contact %q", got)
	}
	c.Expect(302)
	c.AckRefusal()
	if e := h.wait("ended"); e.c.By != sip.ByUs || e.c.Code != 302 {
		t.Errorf("ended %+v", e.c)
	}
	for {
		if m, ok := p.Next(10 * t1); !ok {
			break
		} else if m.At.After(time.Now().Add(-5 * t1)) {
			t.Fatalf("repeated after its ACK: %s", m.Start)
		}
	}
}

func TestCancelWhileRinging(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) { _ = d.Ring(180, "", nil) }
	ua := serve(t, h)
	c := peer(t, ua, "udp").Invite(siptest.Offer)
	ringing := c.Expect(180)
	c.Cancel(`Reason: SIP;cause=200;text="Call completed elsewhere"`)
	if ok := c.Peer.Expect(200); !strings.HasSuffix(ok.Header("CSeq"), "CANCEL") || ok.Tag("To") != ringing.Tag("To") {
		t.Errorf("answer to CANCEL:\n%s", ok.Raw)
	}
	if m := c.Expect(487); m.Tag("To") != ringing.Tag("To") {
		t.Errorf("487 with another tag")
	}
	c.AckRefusal()
	if e := h.wait("request"); e.r.Method() != "CANCEL" || !e.r.Answered() {
		t.Errorf("owner got %s", e.r.Method())
	}
	e := h.wait("ended")
	if e.c.By != sip.ByCaller || e.c.Code != 487 || !strings.Contains(e.c.Reason, "elsewhere") {
		t.Errorf("ended %+v", e.c)
	}
	if err := e.d.Answer([]byte(siptest.Offer)); !errors.Is(err, sip.ErrState) {
		t.Errorf("answering after CANCEL: %v", err)
	}
}

func TestCancelAfterTheAnswerChangesNothing(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	c := peer(t, ua, "udp").Established()
	h.wait("acked")
	branch := c.Branch
	c.Cancel()
	c.Peer.Expect(200)
	settle(t, "no transaction", func() bool { return ua.Stats().Transactions == 0 })
	c.Branch = branch
	c.Cancel()
	c.Peer.Expect(481)
	if ua.Stats().Calls != 1 {
		t.Error("the call is gone")
	}
}

func TestHangUpBeforeTheAckWaitsForIt(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer)
	c.Expect(200)
	d := h.wait("invite").d
	if err := d.Bye("enough"); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		c.Expect(200) // still repeated, no BYE
	}
	c.Ack()
	bye := p.ExpectRequest("BYE")
	p.Reply(bye, 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByUs || e.c.Code != 200 {
		t.Errorf("ended %+v", e.c)
	}
}

func TestHangUpWithoutAnAckLeavesAfter64T1(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	began := time.Now()
	c := p.Invite(siptest.Offer)
	c.Expect(200)
	_ = h.wait("invite").d.Bye("enough")
	bye := p.ExpectRequest("BYE")
	if got := time.Since(began); got < 64*t1 {
		t.Errorf("BYE after %s", got)
	}
	p.Reply(bye, 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
}

func TestByeBeforeTheAckEndsTheCall(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer)
	c.Expect(200)
	c.Bye()
	for {
		if m := p.Expect(200); strings.HasSuffix(m.Header("CSeq"), "BYE") {
			break
		}
	}
	h.wait("ended")
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 && ua.Stats().HalfOpen == 0 })
}

func TestByeOfAnEarlyDialogRefusesTheInvite(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) { _ = d.Ring(180, "", nil) }
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer)
	c.Expect(180)
	c.Bye()
	c.Expect(487)
	c.Expect(200)
	if e := h.wait("ended"); e.c.By != sip.ByCaller {
		t.Errorf("ended %+v", e.c)
	}
}

func TestNobodyAnswersUntilTheRingTimeout(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) { _ = d.Ring(180, "", nil) }
	ua := serve(t, h, func(o *sip.Options) { o.RingTimeout = 100 * time.Millisecond })
	c := peer(t, ua, "udp").Invite(siptest.Offer)
	c.Expect(480)
	c.AckRefusal()
	if e := h.wait("ended"); e.c.By != sip.ByTimeout || e.c.Code != 480 {
		t.Errorf("ended %+v", e.c)
	}
}

func TestByeThatDoesNotArriveIsLogged(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]string{404: `"code":404`, 0: `"code":408`, 200: "", 481: ""} {
		var log lockedBuffer
		h := newRecorder(t)
		ua := serve(t, h, func(o *sip.Options) { o.Log = zerolog.New(&log) })
		p := peer(t, ua, "udp")
		c := p.Established()
		if err := h.wait("acked").d.Bye(""); err != nil {
			t.Fatal(err)
		}
		bye := p.ExpectRequest("BYE")
		if code > 0 {
			p.Reply(bye, code, "", "")
		}
		ctx, cancel := context.WithTimeout(t.Context(), siptest.Patience)
		_ = ua.Close(ctx) // waits for the answer
		cancel()
		got := log.String()
		if said := strings.Contains(got, "BYE not accepted"); said != (want != "") || !strings.Contains(got, want) ||
			said && !strings.Contains(got, c.ID) {
			t.Errorf("answer %d: %q", code, got)
		}
	}
}

func TestInviteExpiresWhenItsSenderSaysSo(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) { _ = d.Ring(180, "", nil) }
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer, "Expires: 1")
	c.Expect(487)
	c.AckRefusal()
	if e := h.wait("ended"); e.c.By != sip.ByTimeout || e.c.Code != 487 {
		t.Errorf("ended %+v", e.c)
	}
	for _, v := range []string{"0", "-1", "soon", "99999999999999999999", "3600"} {
		c := p.Invite(siptest.Offer, "Expires: "+v)
		c.Expect(180)
		c.Cancel()
		c.Expect(200)
		c.Expect(487)
		c.AckRefusal()
	}
}

func TestOfferInOurAnswerNeedsAnAnswerInTheAck(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite("")
	if ok := c.Expect(200); ok.Body != siptest.Offer {
		t.Errorf("200 without our offer")
	}
	c.Ack(other)
	if e := h.wait("acked"); string(e.body) != other {
		t.Errorf("ACK gave %q", e.body)
	}
	c.Bye()
	c.Expect(200)
	h.wait("ended")
	c = p.Invite("")
	c.Expect(200)
	c.Ack()
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByError {
		t.Errorf("ended %+v", e.c)
	}
}

func TestReinviteIsAnsweredAndMovesTheTarget(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.request = func(r *sip.Request) {
		if r.Method() == "INVITE" || r.Method() == "UPDATE" {
			_ = r.Reply(200, "", sip.ReplyOptions{SDP: []byte(other)})
			return
		}
		r.Default()
	}
	ua := serve(t, h)
	p, moved := peer(t, ua, "udp"), peer(t, ua, "udp")
	c := p.Established()
	d := h.wait("acked").d
	c.Peer = moved
	c.Request("INVITE", siptest.Offer)
	if m := c.Expect(200); m.Body != other {
		t.Errorf("answer %q", m.Body)
	}
	c.Expect(200) // repeated until the ACK
	c.Ack()
	h.wait("acked")
	_ = d.Bye("")
	moved.Reply(moved.ExpectRequest("BYE"), 200, "", "")
	h.wait("ended")
}

func TestBuiltInAnswersInADialog(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	h.wait("acked")
	for method, code := range map[string]int{
		"INFO": 200, "OPTIONS": 200, "UPDATE": 200, "MESSAGE": 405, "REFER": 405, "FOO": 501,
	} {
		c.Request(method, "")
		m := c.Expect(code)
		if code > 400 && !strings.Contains(m.Header("Allow"), "INVITE") {
			t.Errorf("%d to %s without Allow", code, method)
		}
	}
	c.Request("INVITE", siptest.Offer)
	if m := c.Expect(200); m.Body != siptest.Offer {
		t.Errorf("an unchanged offer got %q", m.Body)
	}
	c.Ack()
	c.Request("INVITE", other)
	if m := c.Expect(488); m.Header("Warning") == "" {
		t.Error("488 without Warning")
	}
	c.AckRefusal()
	if ua.Stats().Calls != 1 {
		t.Error("the call is gone")
	}
}

func TestUnansweredRequestGetsTheBuiltInAnswer(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.request = func(*sip.Request) {}
	ua := serve(t, h, func(o *sip.Options) { o.ReplyTimeout = 50 * time.Millisecond })
	p := peer(t, ua, "udp")
	c := p.Established()
	h.wait("acked")
	c.Bye()
	c.Expect(200)
	h.wait("ended")
}

func TestSecondInviteWhileOneIsPendingIs500(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.request = func(*sip.Request) {}
	ua := serve(t, h)
	c := peer(t, ua, "udp").Established()
	h.wait("acked")
	c.Request("INVITE", siptest.Offer)
	first := h.wait("request").r
	c.Request("INVITE", siptest.Offer)
	if m := c.Expect(500); m.Header("Retry-After") == "" {
		t.Error("500 without Retry-After")
	}
	if err := first.Reply(200, "", sip.ReplyOptions{SDP: []byte(other)}); err != nil {
		t.Fatal(err)
	}
	if err := first.Reply(200, "", sip.ReplyOptions{SDP: []byte(other)}); !errors.Is(err, sip.ErrAnswered) {
		t.Errorf("second answer: %v", err)
	}
	c.Expect(200)
}

func TestOldCSeqIs500(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	c := peer(t, ua, "udp").NewCall()
	c.Seq = 9
	c.Request("INVITE", siptest.Offer)
	c.Expect(200)
	c.Ack()
	c.Seq = 4
	c.Request("INFO", "")
	c.Expect(500)
}

func TestReinviteOfOurs(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	d := h.wait("acked").d
	done := make(chan *sip.Response, 1)
	if err := d.Reinvite([]byte(other), func(r *sip.Response) { done <- r }); err != nil {
		t.Fatal(err)
	}
	req := p.ExpectRequest("INVITE")
	if req.Body != other || req.Tag("To") != c.LocalTag || req.Contact() == "" {
		t.Errorf("re-INVITE:\n%s", req.Raw)
	}
	if err := d.Reinvite([]byte(other), nil); !errors.Is(err, sip.ErrState) {
		t.Errorf("a second change at once: %v", err)
	}
	c.Request("INVITE", siptest.Offer) // glare
	c.Expect(491)
	c.AckRefusal()
	p.Reply(req, 100, "", "")
	p.Reply(req, 200, "", siptest.Offer)
	ack := p.ExpectRequest("ACK")
	if ack.CSeq() != req.CSeq() {
		t.Errorf("ACK with CSeq %d, INVITE %d", ack.CSeq(), req.CSeq())
	}
	if r := <-done; r.Code() != 200 || string(r.SDP()) != siptest.Offer {
		t.Errorf("answer %d %q", r.Code(), r.SDP())
	}
	p.Reply(req, 200, "", siptest.Offer)
	p.ExpectRequest("ACK")
}

func TestGlareIsTriedAgain(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	p.Established()
	d := h.wait("acked").d
	done := make(chan *sip.Response, 1)
	_ = d.Reinvite([]byte(other), func(r *sip.Response) { done <- r })
	p.Reply(p.ExpectRequest("INVITE"), 491, "", "")
	p.ExpectRequest("ACK")
	req := p.ExpectRequest("INVITE")
	p.Reply(req, 200, "", siptest.Offer)
	p.ExpectRequest("ACK")
	if r := <-done; r.Code() != 200 {
		t.Errorf("answer %d", r.Code())
	}
}

func TestRequestsOfOursInADialog(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	p.Established()
	d := h.wait("acked").d
	done := make(chan *sip.Response, 1)
	if err := d.Send("INFO", "application/dtmf-relay", []byte("Signal=5\r\n"), func(r *sip.Response) { done <- r }); err != nil {
		t.Fatal(err)
	}
	req := p.ExpectRequest("INFO")
	if req.Header("Content-Type") != "application/dtmf-relay" || req.Body != "Signal=5\r\n" {
		t.Errorf("INFO:\n%s", req.Raw)
	}
	p.ExpectRequest("INFO") // repeated
	p.Reply(req, 200, "", "")
	if r := <-done; r.Code() != 200 || r.Local() {
		t.Errorf("answer %d", r.Code())
	}
	_ = d.Send("INFO", "text/plain", []byte("x"), func(r *sip.Response) { done <- r })
	p.Reply(p.ExpectRequest("INFO"), 481, "", "")
	if r := <-done; r.Code() != 481 {
		t.Errorf("answer %d", r.Code())
	}
	p.ExpectRequest("BYE")
	if e := h.wait("ended"); e.c.Code != 481 {
		t.Errorf("ended %+v", e.c)
	}
	for _, m := range []string{"INVITE", "BYE", "A B"} {
		if err := d.Send(m, "", nil, nil); err == nil {
			t.Errorf("Send takes %q", m)
		}
	}
}

func TestCrossingByesAreBothAnswered(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	d := h.wait("acked").d
	_ = d.Bye("")
	bye := p.ExpectRequest("BYE")
	c.Bye()
	c.Expect(200)
	p.Reply(bye, 200, "", "")
	h.wait("ended")
	settle(t, "state ended", func() bool { return d.State() == sip.StateEnded })
	select {
	case e := <-h.events:
		if e.kind == "ended" {
			t.Error("ended twice")
		}
	default:
	}
}

func TestRFC2543CallWithoutTagAndContact(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.NewCall()
	old := func(method string, seq int, to, body string) string {
		return strings.Join([]string{
			method + " sip:ivr@rms.test SIP/2.0", "Via: SIP/2.0/UDP " + p.Local.String(),
			"From: <sip:old@" + p.Local.String() + ">", "To: <sip:ivr@rms.test>" + to, "Call-ID: " + c.ID,
			"CSeq: " + string(rune('0'+seq)) + " " + method, "Content-Type: application/sdp", "", body,
		}, "\r\n")
	}
	p.Send(old("INVITE", 1, "", siptest.Offer))
	ok := p.Expect(200)
	p.Send(old("INVITE", 1, "", siptest.Offer))
	p.Expect(200)
	tag := ";tag=" + ok.Tag("To")
	p.Send(old("ACK", 1, tag, ""))
	d := h.wait("acked").d
	p.Send(old("INFO", 2, tag, ""))
	p.Expect(200)
	_ = d.Bye("")
	bye := p.ExpectRequest("BYE")
	if bye.URI() != "sip:old@"+p.Local.String() || bye.Header("To") != "<sip:old@"+p.Local.String()+">" {
		t.Errorf("BYE %s to %s", bye.URI(), bye.Header("To"))
	}
	p.Reply(bye, 200, "", "")
	h.wait("ended")
	if ua.Stats().Calls != 0 {
		t.Error("call left")
	}
}

func TestPendingInviteIsRefusedWhenTheHandlerWantsNothing(t *testing.T) {
	t.Parallel()
	ua := serve(t, refuser{})
	c := peer(t, ua, "udp").Invite(siptest.Offer)
	c.Expect(503)
	c.AckRefusal()
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 })
}

type refuser struct{}

func (refuser) Invite(*sip.Dialog) sip.Owner { return nil }
func (refuser) Request(*sip.Request)         {}
