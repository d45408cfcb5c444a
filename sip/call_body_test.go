package sip_test

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"rms/sip"
	"rms/sip/siptest"
)

const twoParts = "--b\r\nContent-Type: application/sdp\r\n\r\n" + siptest.Offer + "\r\n--b\r\nContent-Type: text/plain\r\n\r\nmore\r\n--b--\r\n"

func TestCallOfOursSendsABodyOfSeveralParts(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	d := h.call(ua, sip.CallOptions{
		To: to(p) + ";transport=udp", SDP: []byte(siptest.Offer), Body: []byte(twoParts), ContentType: "multipart/mixed;boundary=b",
		Feature: "+sip.src", Headers: []sip.Header{{Name: "Require", Value: "siprec"}},
	})
	inv := p.ExpectRequest("INVITE")
	if inv.Body != twoParts || inv.Header("Content-Type") != "multipart/mixed;boundary=b" || inv.Header("Require") != "siprec" {
		t.Errorf("INVITE:\n%s", inv.Raw)
	}
	if !strings.HasSuffix(inv.Header("Contact"), ">;+sip.src") {
		t.Errorf("Contact: %s", inv.Header("Contact"))
	}
	p.Reply(inv, 200, "b1", other)
	p.ExpectRequest("ACK")
	h.wait("response")
	done := make(chan *sip.Response, 1)
	err := d.Renew(sip.Change{
		SDP: []byte(other), Body: []byte(twoParts), ContentType: "multipart/mixed;boundary=b",
		Headers: []sip.Header{{Name: "Require", Value: "siprec"}},
	}, func(r *sip.Response) { done <- r })
	if err != nil {
		t.Fatal(err)
	}
	again := p.ExpectRequest("INVITE")
	if again.Body != twoParts || again.Header("Content-Type") != "multipart/mixed;boundary=b" || again.Header("Require") != "siprec" ||
		!strings.HasSuffix(again.Header("Contact"), ">;+sip.src") {
		t.Errorf("re-INVITE:\n%s", again.Raw)
	}
	p.Reply(again, 200, "", siptest.Offer)
	p.ExpectRequest("ACK")
	if r := <-done; r.Code() != 200 {
		t.Errorf("answer %d", r.Code())
	}
	_ = d.Bye("")
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	h.wait("ended")
}

func TestCallOfOursReachesOnlyWhatItsCheckAllows(t *testing.T) {
	t.Parallel()
	h, ua, p := caller(t)
	elsewhere := peer(t, ua, "udp")
	errNo := errors.New("not there")
	check := func(network string, to netip.AddrPort) error {
		if network != "udp" || to.String() != p.Local.String() {
			return errNo
		}
		return nil
	}
	h.call(ua, sip.CallOptions{To: to(elsewhere), SDP: []byte(siptest.Offer), Check: check})
	if e := h.wait("response"); e.resp.Code() != 503 || !e.resp.Local() || e.resp.Reason() != errNo.Error() {
		t.Errorf("answer %d %q", e.resp.Code(), e.resp.Reason())
	}
	h.wait("ended")

	// A far end that sends us elsewhere by its Contact.
	d := h.call(ua, sip.CallOptions{To: to(p), SDP: []byte(siptest.Offer), Check: check})
	inv := p.ExpectRequest("INVITE")
	p.Send(strings.Replace(p.ReplyText(inv, 200, "b1", other), "Contact: <sip:", "Contact: <sip:x@"+elsewhere.Local.String()+">\r\nX-Was: <sip:", 1))
	h.wait("response")
	_ = d.Bye("")
	if e := h.wait("ended"); e.c.By != sip.ByUs {
		t.Errorf("ended %+v", e.c)
	}
	if m, ok := elsewhere.Next(0); ok {
		t.Errorf("sent where it may not go:\n%s", m.Raw)
	}
	settle(t, "no call", func() bool { return ua.Stats().Calls == 0 })
}
