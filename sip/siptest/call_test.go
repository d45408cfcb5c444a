package siptest_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"rms/sip/siptest"
)

// A server sends its 200 again when the ACK takes long; a test that asks for the answer
// to its next request must not be given that one.
func TestA200ThatComesAgainIsNoAnswerToTheNextRequest(t *testing.T) {
	server, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer server.Close()
	to := netip.MustParseAddrPort(server.LocalAddr().String())
	c := siptest.UDP(t, to).NewCall()
	say := func(code, seq int) {
		text := fmt.Sprintf("SIP/2.0 %d x\r\nCall-ID: %s\r\nCSeq: %d INVITE\r\nContent-Length: 0\r\n\r\n", code, c.ID, seq)
		if _, err := server.WriteToUDPAddrPort([]byte(text), c.Local); err != nil {
			t.Fatal(err)
		}
	}
	c.Request("INVITE", "")
	say(200, 1)
	c.Expect(200)
	c.Ack()
	c.Request("INVITE", "")
	say(200, 1)
	say(488, 2)
	c.Expect(488)
	c.AckRefusal()
	c.Request("INVITE", "")
	say(488, 2)
	say(200, 3)
	say(200, 3)
	if m := c.Expect(200); !strings.HasPrefix(m.Header("CSeq"), "3 ") {
		t.Errorf("answer %q", m.Header("CSeq"))
	}
	c.Expect(200) // not acknowledged yet: a test may want to see it again
	c.Request("UPDATE", "")
	say(200, 3)
	say(491, 4)
	c.Expect(491)
}
