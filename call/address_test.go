package call_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/rtp"
	"rms/sip"
	"rms/sip/siptest"
)

// connection returns the address of c= in a session description.
func connection(t *testing.T, sdp string) string {
	t.Helper()
	_, rest, ok := strings.Cut(sdp, "\r\nc=IN ")
	if !ok {
		t.Fatalf("no c= in %q", sdp)
	}
	line, _, _ := strings.Cut(rest, "\r\n")
	_, addr, _ := strings.Cut(line, " ")
	return addr
}

func TestAddressInSDP(t *testing.T) {
	t.Parallel()
	addr := netip.MustParseAddr
	tests := map[string]struct {
		change func(*call.Options)
		want   string
	}{
		"the one that the INVITE came to": {func(*call.Options) {}, "127.0.0.1"},
		"rtp.bind":                        {func(o *call.Options) { o.Bind = addr("127.0.0.2") }, "127.0.0.2"},
		"rtp.bind to all":                 {func(o *call.Options) { o.Bind = addr("0.0.0.0") }, "127.0.0.1"},
		"rtp.advertise":                   {func(o *call.Options) { o.Advertise = addr("192.0.2.7") }, "192.0.2.7"},
		"rtp.advertise of the other IP":   {func(o *call.Options) { o.Advertise = addr("2001:db8::7") }, "127.0.0.1"},
		"both": {func(o *call.Options) {
			o.Bind, o.Advertise = addr("0.0.0.0"), addr("192.0.2.7")
		}, "192.0.2.7"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, script{"rms:start": tone400}, tc.change)
			e := newEar(t)
			c := h.invite(e, e.offer("0"))
			ok := c.Expect(200)
			c.Ack()
			if got := connection(t, ok.Body); got != tc.want {
				t.Errorf("c= is %s, want %s", got, tc.want)
			}
			if !strings.Contains(ok.Header("Contact"), h.addr.String()) {
				t.Errorf("Contact %q, want %s", ok.Header("Contact"), h.addr)
			}
			h.until("audio", func() bool { e.listen(); return len(e.packets) > 0 })
			c.Bye()
			c.Expect(200)
		})
	}
}

func TestServerOnAllAddressesNamesTheOneThatWasCalled(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	h.listen("udp://0.0.0.0:0")
	c := siptest.UDP(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.3"), h.addr.Port()))
	p := c.Invite(newEar(t).offer("0"))
	ok := p.Expect(200)
	p.Ack()
	if got := connection(t, ok.Body); got != "127.0.0.3" {
		t.Errorf("c= is %s", got)
	}
	if !strings.Contains(ok.Header("Contact"), "@127.0.0.3:") {
		t.Errorf("Contact %q", ok.Header("Contact"))
	}
	p.Bye()
	p.Expect(200)
}

// listen puts another user agent in the place of the house's.
func (h *house) listen(at string) {
	h.t.Helper()
	ctx, cancel := contextWithTimeout(5 * time.Second)
	defer cancel()
	err := h.ua.Close(ctx)
	if err == nil {
		h.ua, err = sip.Listen(sip.Options{Listen: []string{at}, Log: zerolog.Nop()}, h.calls)
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.addr = h.ua.Listeners()[0].Addr
}

func TestMediaOfTheOtherIPFamilyThanTheSignalling(t *testing.T) {
	t.Parallel()
	conn, err := net.ListenUDP("udp6", &net.UDPAddr{IP: net.IPv6loopback})
	if err != nil {
		t.Skip("no IPv6 here")
	}
	e := &ear{t: t, conn: conn}
	t.Cleanup(func() { _ = conn.Close() })
	offer := strings.ReplaceAll(e.offer("0"), "IP4 127.0.0.1", "IP6 ::1")

	h := newHouse(t, script{"rms:start": tone400})
	c := h.invite(e, offer)
	ok := c.Expect(200)
	c.Ack()
	if got := connection(t, ok.Body); got != "::1" {
		t.Errorf("c= is %s", got)
	}
	h.until("audio", func() bool { e.listen(); return len(e.packets) > 5 })
	c.Bye()
	c.Expect(200)

	h = newHouse(t, script{}, func(o *call.Options) { o.Bind = netip.MustParseAddr("127.0.0.1") })
	c = h.invite(e, offer)
	if m := c.Expect(488); !strings.HasPrefix(m.Header("Warning"), "304") {
		t.Errorf("Warning %q", m.Header("Warning"))
	}
	c.AckRefusal()
	h.wait("rms:end")
}

func TestOfferOfOurOwnPortIsRefused(t *testing.T) {
	t.Parallel()
	for name, bind := range map[string]string{"127.0.0.1": "", "127.0.0.2": "127.0.0.2", "127.0.0.4": "0.0.0.0"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, script{}, func(o *call.Options) {
				if bind != "" {
					o.Bind = netip.MustParseAddr(bind)
				}
			})
			e := newEar(t)
			first := h.dial(e, e.offer("0"))
			loop := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\nc=IN IP4 %s\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", name, e.to.Port())
			c := h.invite(e, loop)
			c.Expect(488)
			c.AckRefusal()
			first.Bye()
			first.Expect(200)
		})
	}
	t.Run("the same port on another address", func(t *testing.T) {
		t.Parallel()
		h := newHouse(t, script{})
		e := newEar(t)
		first := h.dial(e, e.offer("0"))
		c := h.invite(e, fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 x\r\ns=-\r\nc=IN IP4 127.0.0.9\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\n", e.to.Port()))
		c.Expect(200)
		c.Ack()
		c.Bye()
		c.Expect(200)
		first.Bye()
		first.Expect(200)
	})
}

func TestNoPortIs503(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.Ports = rtp.NewPorts(rtp.PortsOptions{Min: 39998, Max: 39998}) })
	c := h.invite(newEar(t), siptest.Offer)
	if m := c.Expect(503); m.Header("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	c.AckRefusal()
	h.wait("rms:end")
}

func TestScriptCannotFillTheLogWithALine(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "log", strings.Repeat("ü", 100_000))
		return err
	}}, func(o *call.Options) { o.Log = zerolog.New(&log) })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	if n := strings.Count(log.String(), "ü"); n != 2048 {
		t.Errorf("%d letters", n)
	}
}

func TestMaskedKeysAreNotInTheLog(t *testing.T) {
	t.Parallel()
	for _, masked := range []bool{true, false} {
		var log lockedBuffer
		h := newHouse(t, script{}, func(o *call.Options) {
			o.MaskDigits, o.Log = masked, zerolog.New(&log)
		})
		e := newEar(t)
		c := h.dial(e, e.offer("0"))
		c.Extra = []string{"Content-Type: application/dtmf-relay"}
		c.Request("INFO", "Signal=7\r\nDuration=777\r\n")
		c.Expect(200)
		if ev := h.wait("rms:dtmf"); ev.Get("digit") != "7" {
			t.Errorf("event %v", ev.Fields)
		}
		c.Bye()
		c.Expect(200)
		h.wait("rms:end")
		if shown := strings.Contains(log.String(), `"digit":"7"`); shown == masked {
			t.Errorf("masked %v: %s", masked, log.String())
		}
	}
}

func TestTraceIsSwitchedForOneCall(t *testing.T) {
	t.Parallel()
	type switched struct {
		id string
		on bool
	}
	got := make(chan switched, 2)
	h := newHouse(t, script{"rms:start": func(x *call.Exec) error {
		for _, on := range []bool{true, false} {
			if _, err := do(x, "trace", on); err != nil {
				return err
			}
		}
		return nil
	}}, func(o *call.Options) {
		o.Trace = func(sipCallID, callID string, on bool) { got <- switched{sipCallID + callID, on} }
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	id := c.ID + h.wait("rms:start").Call
	if a, b := <-got, <-got; a != (switched{id, true}) || b != (switched{id, false}) {
		t.Errorf("%+v, %+v", a, b)
	}
	c.Bye()
	c.Expect(200)
}

func TestMediaOutsideOfACallThatAProxyOfThisMachineForwards(t *testing.T) {
	t.Parallel()
	probe, err := net.Dial("udp4", "192.0.2.77:4000")
	if err != nil {
		t.Skip("no way out of this machine")
	}
	want, _ := probe.LocalAddr().(*net.UDPAddr)
	_ = probe.Close()
	h := newHouse(t, script{})
	c := h.invite(newEar(t), strings.Replace(siptest.Offer, "c=IN IP4 127.0.0.1", "c=IN IP4 192.0.2.77", 1))
	ok := c.Expect(200)
	c.Ack()
	if got := connection(t, ok.Body); got != want.IP.String() {
		t.Errorf("c= is %s, want %s", got, want.IP)
	}
	c.Bye()
	c.Expect(200)
}
