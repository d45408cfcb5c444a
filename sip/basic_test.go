package sip_test

import (
	"strings"
	"testing"

	"rms/sip"
	"rms/sip/siptest"
)

func TestCallIsAnsweredAndHungUpByTheCaller(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := newRecorder(t)
			ua := serve(t, h)
			p := peer(t, ua, transport)
			c := p.Invite(siptest.Offer)
			if m, _ := p.Next(siptest.Patience); m.Code() != 100 {
				t.Fatalf("first response %q, want 100", m.Start)
			}
			ok := c.Expect(200)
			if ok.Body != siptest.Offer || ok.Header("Content-Type") != "application/sdp" {
				t.Errorf("200 carries %q", ok.Body)
			}
			if want := addr(ua, transport).String(); !strings.Contains(ok.Header("Contact"), want) {
				t.Errorf("Contact %q, want our own address %s", ok.Header("Contact"), want)
			}
			c.Ack()
			h.wait("acked")
			c.Bye(`Reason: Q.850;cause=16;text="Normal"`)
			c.Expect(200)
			e := h.wait("ended")
			if e.c.By != sip.ByCaller || e.c.Code != 200 || !strings.Contains(e.c.Reason, "cause=16") {
				t.Errorf("ended with %+v", e.c)
			}
			if s := ua.Stats(); s.Calls != 0 || s.HalfOpen != 0 {
				t.Errorf("left behind: %+v", s)
			}
		})
	}
}

// peer opens a scripted peer of a transport.
func peer(t testing.TB, ua *sip.UA, transport string) *siptest.Peer {
	t.Helper()
	if transport == "tcp" {
		return siptest.TCP(t, addr(ua, "tcp"))
	}
	return siptest.UDP(t, addr(ua, "udp"))
}

func TestOurByeGoesToTheContactWithOneTag(t *testing.T) {
	t.Parallel()
	for _, transport := range []string{"udp", "tcp"} {
		t.Run(transport, func(t *testing.T) {
			t.Parallel()
			h := newRecorder(t)
			ua := serve(t, h)
			p := peer(t, ua, transport)
			c := p.Established()
			d := h.wait("acked").d
			if err := d.Bye("finished"); err != nil {
				t.Fatal(err)
			}
			bye := p.ExpectRequest("BYE")
			if got := bye.Header("To"); got != "<sip:caller@peer.test>;tag="+c.LocalTag {
				t.Errorf("To %q", got)
			}
			if got := bye.Header("From"); got != "<sip:ivr@rms.test>;tag="+c.RemoteTag {
				t.Errorf("From %q", got)
			}
			if !strings.HasPrefix(bye.URI(), "sip:caller@"+p.Local.String()) {
				t.Errorf("Request-URI %q", bye.URI())
			}
			if got := bye.Header("Reason"); got != `SIP;cause=200;text="finished"` {
				t.Errorf("Reason %q", got)
			}
			p.Reply(bye, 200, "", "")
			if e := h.wait("ended"); e.c.By != sip.ByUs {
				t.Errorf("ended with %+v", e.c)
			}
			if err := d.Bye(""); err == nil {
				t.Error("a second Bye is accepted")
			}
		})
	}
}
