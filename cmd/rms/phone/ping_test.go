package phone

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"strings"
	"testing"
	"time"
)

// listenBoth opens a UDP and a TCP socket on one port of 127.0.0.1.
func listenBoth(t *testing.T) (*net.UDPConn, net.Listener) {
	t.Helper()
	for range 100 { // the TCP port of that number may be somebody else's
		udp, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		if tcp, err := net.Listen("tcp", udp.LocalAddr().String()); err == nil {
			return udp, tcp
		}
		_ = udp.Close()
	}
	t.Fatal("no port is free for both UDP and TCP")
	return nil, nil
}

// answerOptions answers each OPTIONS over UDP and TCP with a status line, but
// the first so many over UDP with nothing.
func answerOptions(t *testing.T, status string, ignore int) string {
	t.Helper()
	udp, tcp := listenBoth(t)
	done := make(chan struct{}, 2)
	reply := func(request string) []byte {
		m, _, _ := strings.Cut(request[strings.Index(request, "Call-ID: ")+9:], "\r\n")
		return []byte("SIP/2.0 100 Trying\r\nCall-ID: other\r\n\r\n" +
			fmt.Sprintf("%s\r\nCall-ID: %s\r\nServer: fake\x1b\r\nContent-Length: 0\r\n\r\n", status, m))
	}
	go func() {
		b := make([]byte, 4096)
		for {
			n, from, err := udp.ReadFrom(b)
			if err != nil {
				done <- struct{}{}
				return
			}
			if ignore--; ignore < 0 {
				whole := reply(string(b[:n]))
				_, _ = udp.WriteTo(whole[strings.Index(string(whole), "\r\n\r\n")+4:], from)
			}
		}
	}()
	go func() {
		for {
			conn, err := tcp.Accept()
			if err != nil {
				done <- struct{}{}
				return
			}
			r := bufio.NewReader(conn)
			head := ""
			for !strings.HasSuffix(head, "\r\n\r\n") {
				line, err := r.ReadString('\n')
				if err != nil {
					break
				}
				head += line
			}
			_, _ = conn.Write(reply(head))
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() {
		_ = udp.Close()
		_ = tcp.Close()
		<-done
		<-done
	})
	return udp.LocalAddr().String()
}

func TestPingTellsHealthFromTrouble(t *testing.T) {
	for _, transport := range []string{"udp", "tcp"} {
		good := answerOptions(t, "SIP/2.0 200 OK", 0)
		pong, err := Ping(t.Context(), "sip:"+good+";transport="+transport)
		if err != nil || pong.Code != 200 || pong.Server != "fake" || pong.RTT <= 0 {
			t.Errorf("%s: %+v %v", transport, pong, err)
		}
		drains := answerOptions(t, "SIP/2.0 503 Service Unavailable", 0)
		if pong, err = Ping(t.Context(), "sip:"+drains+";transport="+transport); err == nil || pong.Code != 503 {
			t.Errorf("%s: %+v %v", transport, pong, err)
		}
	}
	if _, err := Ping(t.Context(), "sips:x"); err == nil {
		t.Error("sips: was taken")
	}
}

func TestPingAsksAgain(t *testing.T) {
	if pong, err := Ping(t.Context(), answerOptions(t, "SIP/2.0 200 OK", 1)); err != nil || pong.RTT < 400*time.Millisecond {
		t.Errorf("%+v %v", pong, err)
	}
}

func TestPingGivesUp(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := Ping(ctx, answerOptions(t, "SIP/2.0 200 OK", 100)); err == nil || !strings.Contains(err.Error(), "no answer") {
		t.Error(err)
	}
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	closed := conn.LocalAddr().String()
	_ = conn.Close()
	for _, transport := range []string{"udp", "tcp"} {
		if _, err = Ping(t.Context(), "sip:"+closed+";transport="+transport); err == nil || !strings.Contains(err.Error(), "nothing listens") {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

func FuzzPong(f *testing.F) {
	f.Add("SIP/2.0 200 OK\r\nCall-ID: id\r\nServer: x\r\n\r\n")
	f.Fuzz(func(t *testing.T, s string) {
		pong, err := parsePong(bufio.NewReader(strings.NewReader(s)), "id")
		if err == nil && (pong.Code < 200 || strings.ContainsAny(pong.Reason+pong.Server, "\x1b\r\n")) {
			t.Errorf("%+v", pong)
		}
	})
}
