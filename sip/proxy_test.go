package sip_test

import (
	"fmt"
	"net"
	"net/netip"
	"slices"
	"strings"
	"testing"

	"rms/sip"
	"rms/sip/siptest"
)

// Each test here is a rule for a server behind a proxy.

func TestReplyGoesToTheSentByPortWithoutRport(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p, other := peer(t, ua, "udp"), peer(t, ua, "udp")
	c := p.NewCall()
	text := strings.Replace(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""), ";rport", "", 1)
	text = strings.Replace(text, "Via: SIP/2.0/UDP "+p.Local.String(), fmt.Sprintf("Via: SIP/2.0/TCP proxy.test:%d", other.Local.Port()), 1)
	p.Send(text)
	m := other.Expect(200)
	if via := m.Header("Via"); !strings.Contains(via, ";received=127.0.0.1") || strings.Contains(via, "rport") {
		t.Errorf("Via %q", via)
	}
	p.ExpectNone(3 * t1)
}

func TestReplyGoesToPort5060WhenViaHasNone(t *testing.T) {
	local := netip.MustParseAddrPort("127.77.9.9:5060")
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		t.Skip("port 5060 of the test's address is taken")
	}
	_ = conn.Close()
	ua := serve(t, newRecorder(t))
	at5060 := siptest.UDPFrom(t, local, addr(ua, "udp"))
	p := siptest.UDPFrom(t, netip.MustParseAddrPort("127.77.9.9:0"), addr(ua, "udp"))
	c := p.NewCall()
	text := strings.Replace(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""), ";rport", "", 1)
	p.Send(strings.Replace(text, p.Local.String(), "127.77.9.9", 1))
	at5060.Expect(200)
}

func TestRportIsFilledAndReceivedAdded(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	c := p.NewCall()
	c.ViaParams = ";rport;x=y"
	text := strings.Replace(c.Text("OPTIONS", "z9hG4bKb", 1, ""), "UDP "+p.Local.String(), "UDP 10.1.1.10", 1)
	p.Send(text)
	want := fmt.Sprintf("SIP/2.0/UDP 10.1.1.10;branch=z9hG4bKb;rport=%d;x=y;received=127.0.0.1", p.Local.Port())
	if got := p.Expect(200).Header("Via"); got != want {
		t.Errorf("Via %q, want %q", got, want)
	}
}

func TestViaAndRecordRouteAreCopiedInOrder(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	h.on = func(d *sip.Dialog) {
		_ = d.Ring(180, "", nil)
		_ = d.Answer([]byte(siptest.Offer))
	}
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	rr := []string{"<sip:p3.test;lr>, <sip:p2.test:5070;lr=on;ftag=a>", "<sip:p1.test;transport=tcp;r2=on;lr>"}
	c := p.Invite(siptest.Offer, "Record-Route: "+rr[0],
		"Via: SIP/2.0/TCP p2.test;branch=z9hG4bK2;received=1.2.3.4, SIP/2.0/UDP  10.0.0.1 ;branch=z9hG4bK3",
		"Record-Route: "+rr[1])
	for _, code := range []int{180, 200} {
		m := c.Expect(code)
		if got := m.All("Record-Route"); !slices.Equal(got, rr) {
			t.Errorf("%d has Record-Route %q", code, got)
		}
		via := m.All("Via")
		if len(via) != 2 || via[1] != "SIP/2.0/TCP p2.test;branch=z9hG4bK2;received=1.2.3.4, SIP/2.0/UDP  10.0.0.1 ;branch=z9hG4bK3" {
			t.Errorf("%d has Via %q", code, via)
		}
	}
	c.Ack()
}

func TestByeTakesTheRouteSet(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		routes func(p *siptest.Peer) []string
		uri    string
		want   func(p *siptest.Peer) []string
	}{
		"loose": {
			func(p *siptest.Peer) []string {
				return []string{fmt.Sprintf("<sip:%s;lr=on;ftag=x>", p.Local), "<sip:far.test;lr>"}
			},
			"sip:10.1.1.10;line=sr-N6IAzBFwMJZfWBZLM.-",
			func(p *siptest.Peer) []string {
				return []string{fmt.Sprintf("<sip:%s;lr=on;ftag=x>", p.Local), "<sip:far.test;lr>"}
			},
		},
		"strict": {
			func(p *siptest.Peer) []string { return []string{fmt.Sprintf("<sip:%s>", p.Local), "<sip:far.test;lr>"} },
			"",
			func(*siptest.Peer) []string {
				return []string{"<sip:far.test;lr>", "<sip:10.1.1.10;line=sr-N6IAzBFwMJZfWBZLM.->"}
			},
		},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newRecorder(t)
			ua := serve(t, h)
			p := peer(t, ua, "udp")
			call := p.NewCall()
			call.ID = "!!:QSVO*(" + call.ID
			call.ContactLine = "Contact: <sip:10.1.1.10;line=sr-N6IAzBFwMJZfWBZLM.->"
			call.Extra = []string{"Record-Route: " + strings.Join(c.routes(p), ",")}
			call.Request("INVITE", siptest.Offer)
			call.Expect(200)
			call.Ack()
			_ = h.wait("acked").d.Bye("")
			bye := p.ExpectRequest("BYE")
			if c.uri == "" {
				c.uri = "sip:" + p.Local.String()
			}
			if bye.URI() != c.uri || bye.Header("Call-ID") != call.ID {
				t.Errorf("BYE to %s of %s", bye.URI(), bye.Header("Call-ID"))
			}
			if got := bye.All("Route"); !slices.Equal(got, c.want(p)) {
				t.Errorf("Route %q, want %q", got, c.want(p))
			}
			p.Reply(bye, 200, "", "")
			h.wait("ended")
		})
	}
}

func TestByeChangesTransportWithTheRoute(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	p := peer(t, ua, "udp")
	c := p.Invite(siptest.Offer, fmt.Sprintf("Record-Route: <sip:%s;transport=tcp;r2=on;lr>, <sip:%s;r2=on;lr>", l.Addr(), p.Local))
	c.Expect(200)
	c.Ack()
	_ = h.wait("acked").d.Bye("")
	conn, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	tp := siptest.Stream(t, conn)
	bye := tp.ExpectRequest("BYE")
	if want := "SIP/2.0/TCP " + addr(ua, "tcp").String(); !strings.HasPrefix(bye.Header("Via"), want) {
		t.Errorf("Via %q, want %q", bye.Header("Via"), want)
	}
	tp.Reply(bye, 200, "", "")
	settle(t, "no call", func() bool { return ua.Stats().Transactions == 1 && ua.Stats().Calls == 0 })
}

func TestInDialogRequestsMayComeFromElsewhere(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p, direct := peer(t, ua, "udp"), peer(t, ua, "udp")
	c := p.Invite(siptest.Offer)
	c.Expect(200)
	c.Peer = direct
	c.Ack()
	h.wait("acked")
	c.Bye()
	c.Expect(200)
	h.wait("ended")
}

func TestOptionsAreAnsweredInAndOutOfDialogs(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	for _, uri := range []string{"sip:" + addr(ua, "udp").String(), "sip:anything@elsewhere.test"} {
		c := p.NewCall()
		c.Target, c.NoContact = uri, true
		c.Request("OPTIONS", "")
		m := c.Expect(200)
		if m.Header("Allow") == "" || !strings.Contains(m.Header("Accept"), "application/sdp") {
			t.Errorf("200 without Allow or Accept:\n%s", m.Raw)
		}
	}
	c := p.Established()
	c.Request("OPTIONS", "")
	c.Expect(200)
	ua.Drain()
	p.NewCall().Request("OPTIONS", "")
	if m := p.Expect(503); m.Header("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	c.Request("OPTIONS", "")
	c.Expect(200)
	p.Invite(siptest.Offer)
	if m := p.Expect(503); m.Header("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
}

func TestMaxForwardsZeroIsAnswered(t *testing.T) {
	t.Parallel()
	ua := serve(t, newRecorder(t))
	p := peer(t, ua, "udp")
	c := p.NewCall()
	p.Send(strings.Replace(c.Text("OPTIONS", "z9hG4bK"+c.ID, 1, ""), "Max-Forwards: 70", "Max-Forwards: 0", 1))
	p.Expect(200)
}

func TestDialogIsCallIDAndBothTagsExactly(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	p := peer(t, ua, "udp")
	c := p.Established()
	h.wait("acked")
	for _, change := range []func(*siptest.Call){
		func(c *siptest.Call) { c.RemoteTag += "x" },
		func(c *siptest.Call) { c.LocalTag += "x" },
		func(c *siptest.Call) { c.LocalTag = strings.ToUpper(c.LocalTag) },
		func(c *siptest.Call) { c.ID = strings.ToUpper(c.ID) },
	} {
		wrong := *c
		change(&wrong)
		wrong.Bye()
		wrong.Expect(481)
	}
	c.Seq += 10
	c.Bye()
	c.Expect(200)
	c.Bye()
	c.Expect(481)
}

func TestXHeadersReachTheHandler(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h)
	c := peer(t, ua, "udp").Invite(siptest.Offer, "X-RMS-Route: ivr", "X-List: a", "x-list: b", "k: timer")
	c.Expect(200)
	c.Ack()
	r := h.wait("invite").d.Invite()
	if got := r.Header("x-rms-route"); !slices.Equal(got, []string{"ivr"}) {
		t.Errorf("X-RMS-Route %q", got)
	}
	if got := r.Header("X-List"); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("X-List %q", got)
	}
	if got := r.Header("Supported"); !slices.Equal(got, []string{"timer"}) {
		t.Errorf("Supported %q", got)
	}
	if r.Source() != c.Local || r.From().User() != "caller" || r.URI() != "sip:ivr@rms.test" {
		t.Errorf("source %s, from %s, URI %s", r.Source(), r.From().User(), r.URI())
	}
	if m := r.Msg(); m == nil || m.From().Address.User != "caller" || len(m.GetHeaders("X-List")) != 2 {
		t.Errorf("as a message of sipgo: %v", m)
	}
}

func TestEveryFamilyIsServed(t *testing.T) {
	t.Parallel()
	if c, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skip("no IPv6 here")
	} else {
		_ = c.Close()
	}
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.Listen = []string{"udp://[::]:0", "tcp://[::1]:0", "udp://127.0.0.1:0"} })
	for i, l := range ua.Listeners() {
		to := l.Addr
		if i == 0 {
			to = netip.AddrPortFrom(netip.MustParseAddr("::1"), to.Port())
		}
		var p *siptest.Peer
		if l.Transport == "tcp" {
			p = siptest.TCP(t, to)
		} else {
			p = siptest.UDP(t, to)
		}
		c := p.Invite(siptest.Offer)
		if ok := c.Expect(200); !strings.Contains(ok.Header("Contact"), to.String()) {
			t.Errorf("%s: Contact %s", l, ok.Header("Contact"))
		}
		c.Ack()
		_ = h.wait("acked").d.Bye("")
		p.Reply(p.ExpectRequest("BYE"), 200, "", "")
		h.wait("ended")
	}
}

func TestAdvertisedAddressIsInContactAndVia(t *testing.T) {
	t.Parallel()
	h := newRecorder(t)
	ua := serve(t, h, func(o *sip.Options) { o.Advertise = "203.0.113.7" })
	p := peer(t, ua, "udp")
	c := p.NewCall()
	c.Request("INVITE", siptest.Offer)
	want := fmt.Sprintf("203.0.113.7:%d", addr(ua, "udp").Port())
	if got := c.Expect(200).Contact(); got != "sip:rms@"+want {
		t.Errorf("Contact %s, want %s", got, want)
	}
	c.Ack()
	_ = h.wait("acked").d.Bye("")
	if bye := p.ExpectRequest("BYE"); !strings.Contains(bye.Header("Via"), want) {
		t.Errorf("Via %s, want %s", bye.Header("Via"), want)
	}
}
