package siptest_test

import (
	"net"
	"testing"
	"time"

	"rms/sip/siptest"
)

func TestRequestsThatComeAgainAreSkipped(t *testing.T) {
	t.Parallel()
	far, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer far.Close()
	p := siptest.UDP(t, far.LocalAddr().(*net.UDPAddr).AddrPort())
	say := func(method, branch string) {
		t.Helper()
		text := method + " sip:a@b SIP/2.0\r\nVia: SIP/2.0/UDP 127.0.0.1:9;branch=" + branch + "\r\nCall-ID: x\r\nCSeq: 1 " + method + "\r\n\r\n"
		if _, err := far.WriteToUDPAddrPort([]byte(text), p.Local); err != nil {
			t.Fatal(err)
		}
	}
	say("INVITE", "1")
	inv := p.ExpectRequest("INVITE")
	say("INVITE", "1")
	if again := p.ExpectRequest("INVITE"); again.Raw != inv.Raw { // not answered: a test may want to see it
		t.Errorf("got\n%s", again.Raw)
	}
	say("INVITE", "1")
	say("CANCEL", "1")
	p.Reply(p.ExpectRequest("CANCEL"), 200, "", "")
	p.Reply(inv, 487, "", "")
	say("INVITE", "1")
	say("CANCEL", "1")
	say("INVITE", "2")
	if next := p.ExpectRequest("INVITE"); next.Raw == inv.Raw {
		t.Error("an INVITE that was answered came again")
	}
	say("INVITE", "1")
	p.ExpectNone(50 * time.Millisecond)
}
