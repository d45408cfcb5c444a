package sip_test

import (
	"slices"
	"testing"
	"time"

	"rms/sip"
	"rms/sip/siptest"
)

// short makes session timers of seconds possible.
func short(o *sip.Options) { o.SessionExpires, o.MinSE = 2*time.Second, time.Second }

func TestTooSmallASessionIntervalIs422(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer, "Supported: timer", "Session-Expires: 60")
	if m := c.Expect(422); m.Header("Min-SE") != "90" {
		t.Errorf("Min-SE %q", m.Header("Min-SE"))
	}
	c = p.Invite(siptest.Offer, "Supported: timer", "Require: timer", "x: 120;refresher=uac")
	m := c.Expect(200)
	if m.Header("Session-Expires") != "120;refresher=uac" || !slices.Contains(m.All("Require"), "timer") {
		t.Errorf("Session-Expires %q, Require %q", m.Header("Session-Expires"), m.All("Require"))
	}
	c.Ack()
	c = p.Invite(siptest.Offer)
	if m := c.Expect(200); m.Header("Session-Expires") != "1800;refresher=uas" || m.Header("Require") != "" {
		t.Errorf("to a caller without timers: %q, Require %q", m.Header("Session-Expires"), m.Header("Require"))
	}
	c.Ack()
}

func TestWeRefreshTheSessionByUpdate(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, short)
	p := peer(t, ua, "udp")
	p.Established("Supported: timer", "Session-Expires: 2;refresher=uas", "Allow: INVITE, ACK, BYE, UPDATE")
	for range 2 {
		up := p.ExpectRequest("UPDATE")
		if up.Header("Session-Expires") != "2;refresher=uac" || up.Body != "" || up.Contact() == "" {
			t.Errorf("UPDATE:\n%s", up.Raw)
		}
		p.Reply(up, 200, "", "", "Session-Expires: 2;refresher=uac", "Require: timer")
	}
	p.Reply(p.ExpectRequest("UPDATE"), 481, "", "")
	bye := p.ExpectRequest("BYE")
	p.Reply(bye, 481, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByTimeout || e.c.Code != 481 {
		t.Errorf("ended %+v", e.c)
	}
}

func TestWeRefreshByReinviteWithoutUpdate(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, short)
	p := peer(t, ua, "udp")
	p.Established()
	re := p.ExpectRequest("INVITE")
	if re.Body != siptest.Offer {
		t.Errorf("refresh with another session: %q", re.Body)
	}
	p.Reply(re, 200, "", siptest.Offer)
	p.ExpectRequest("ACK")
	if ua.Stats().Calls != 1 {
		t.Error("the call is gone")
	}
}

func TestSessionThatNobodyRefreshesEnds(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, short)
	p := peer(t, ua, "udp")
	c := p.Established("Supported: timer", "Session-Expires: 2;refresher=uac")
	began := time.Now()
	time.Sleep(500 * time.Millisecond)
	c.Extra = []string{"Supported: timer", "Session-Expires: 2;refresher=uac"}
	c.Request("UPDATE", "")
	if m := c.Expect(200); m.Header("Session-Expires") != "2;refresher=uac" {
		t.Errorf("Session-Expires %q", m.Header("Session-Expires"))
	}
	bye := p.ExpectRequest("BYE")
	if d := time.Since(began); d < 1800*time.Millisecond {
		t.Errorf("BYE after %s in spite of the refresh", d)
	}
	p.Reply(bye, 200, "", "")
	if e := h.wait("ended"); e.c.By != sip.ByTimeout || e.c.Code != 408 {
		t.Errorf("ended %+v", e.c)
	}
}
