package load

import (
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"
)

// fakeServer answers calls and sends RTP; its fields change its manners.
type fakeServer struct {
	t     *testing.T
	udp   *net.UDPConn
	tcp   net.Listener
	media *net.UDPConn
	quit  chan struct{}
	wait  sync.WaitGroup

	refuse      func(n int) int // final code of the n-th INVITE; 0: 200
	ringOnly    bool
	ignore      int // INVITEs left without any answer
	recordRoute []string
	skipEach    int // leaves out each n-th RTP packet
	silent      bool
	repeat200   bool
	inDialog    []string // methods sent to the caller after its ACK
	hangUp      bool     // BYE after the ACK
	streamer    *fakeStreamer

	mu       sync.Mutex
	invites  int
	seen     map[string]int // requests by method, answers to ours by "method code"
	last     map[string]string
	legs     map[string]*leg
	received int
}

type leg struct {
	to       netip.AddrPort
	sequence int
	send     func(string)
	from     string
	contact  string
	callID   string
}

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

func startServer(t *testing.T, manners func(*fakeServer)) *fakeServer {
	t.Helper()
	s := &fakeServer{t: t, quit: make(chan struct{}), seen: map[string]int{}, last: map[string]string{}, legs: map[string]*leg{}}
	if manners != nil {
		manners(s)
	}
	var err error
	s.udp, s.tcp = listenBoth(t)
	s.media, err = net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s.wait.Go(s.readUDP)
	s.wait.Go(s.acceptTCP)
	s.wait.Go(s.readMedia)
	s.wait.Go(s.play)
	t.Cleanup(func() {
		close(s.quit)
		_ = s.udp.Close()
		_ = s.tcp.Close()
		_ = s.media.Close()
		s.wait.Wait()
	})
	return s
}

func (s *fakeServer) uri() string { return "sip:test@" + s.udp.LocalAddr().String() }

func (s *fakeServer) readUDP() {
	b := make([]byte, 65536)
	for {
		n, from, err := s.udp.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		s.handle(b[:n], func(msg string) { _, _ = s.udp.WriteToUDPAddrPort([]byte(msg), from) })
	}
}

func (s *fakeServer) acceptTCP() {
	for {
		conn, err := s.tcp.Accept()
		if err != nil {
			return
		}
		s.wait.Go(func() {
			<-s.quit
			_ = conn.Close()
		})
		s.wait.Go(func() { s.readTCP(conn) })
	}
}

func (s *fakeServer) readTCP(conn net.Conn) {
	var held []byte
	b := make([]byte, 4096)
	for {
		n, err := conn.Read(b)
		if err != nil {
			return
		}
		held = append(held, b[:n]...)
		for {
			msg, used, err := cutStream(held)
			if used == 0 || err != nil {
				break
			}
			s.handle(msg, func(msg string) { _, _ = conn.Write([]byte(msg)) })
			held = held[used:]
		}
	}
}

func (s *fakeServer) handle(raw []byte, send func(string)) {
	m, err := parseMessage(raw)
	if err != nil {
		s.t.Errorf("the caller sent what is no SIP: %q", raw)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if m.code != 0 {
		s.seen[fmt.Sprintf("%s %d", m.method, m.code)]++
		s.last[m.method] = string(raw)
		if m.method == "INVITE" && m.code >= 200 {
			send(s.request("ACK", s.legs[m.callID], 1))
		}
		return
	}
	s.seen[m.method]++
	s.last[m.method] = string(raw)
	switch m.method {
	case "INVITE":
		s.invite(&m, send)
	case "ACK":
		s.acked(&m)
	case "CANCEL":
		send(respond(&m, 200, "", ""))
		invite := m
		invite.cseq, invite.method = fmt.Sprintf("%d INVITE", m.cseqNumber), "INVITE"
		send(respond(&invite, 487, ";tag=srv", ""))
	default:
		if l := s.legs[m.callID]; l != nil && s.streamer != nil {
			s.streamer.end(l.to)
		}
		delete(s.legs, m.callID)
		send(respond(&m, 200, "", ""))
	}
}

func (s *fakeServer) invite(m *message, send func(string)) {
	if s.ignore > 0 {
		s.ignore--
		return
	}
	n := s.invites
	s.invites++
	if s.refuse != nil {
		if code := s.refuse(n); code != 0 {
			send(respond(m, code, ";tag=srv", ""))
			return
		}
	}
	send(respond(m, 180, ";tag=srv", ""))
	if s.ringOnly {
		return
	}
	offer, err := parseAnswer(m.body)
	if err != nil {
		s.t.Errorf("offer: %v in %q", err, m.body)
	}
	if s.streamer != nil {
		s.streamer.open(offer.remote, string(s.last["INVITE"]))
	}
	s.legs[m.callID] = &leg{to: offer.remote, send: send, from: m.from, contact: m.contact, callID: m.callID}
	extra := "Contact: <sip:srv@" + s.udp.LocalAddr().String() + ">\r\n"
	for _, r := range s.recordRoute {
		extra += "Record-Route: " + r + "\r\n"
	}
	sdp := fmt.Sprintf("v=0\r\no=- 1 1 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=ptime:20\r\n",
		s.media.LocalAddr().(*net.UDPAddr).Port)
	ok := respond(m, 200, ";tag=srv", extra+"Content-Type: application/sdp\r\n", sdp)
	send(ok)
	if s.repeat200 {
		send(ok)
	}
}

func (s *fakeServer) acked(m *message) {
	l := s.legs[m.callID]
	if l == nil || s.seen["sent "+m.callID] > 0 {
		return
	}
	s.seen["sent "+m.callID]++
	for i, method := range s.inDialog {
		l.send(s.request(method, l, i+1))
	}
	if s.hangUp {
		delete(s.legs, m.callID)
		l.send(s.request("BYE", l, 9))
	}
}

func (s *fakeServer) request(method string, l *leg, cseq int) string {
	target, _ := addressURI(l.contact)
	body, kind := "", ""
	if method == "INVITE" {
		body = fmt.Sprintf("v=0\r\no=- 1 2 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=audio %d RTP/AVP 0\r\na=sendonly\r\n",
			s.media.LocalAddr().(*net.UDPAddr).Port)
		kind = "Content-Type: application/sdp\r\nContact: <sip:srv@" + s.udp.LocalAddr().String() + ">\r\n"
	}
	return fmt.Sprintf("%s %s SIP/2.0\r\nVia: SIP/2.0/UDP %s;rport;branch=z9hG4bKs%d%s\r\nMax-Forwards: 70\r\n"+
		"From: <sip:test@srv>;tag=srv\r\nTo: %s\r\nCall-ID: %s\r\nCSeq: %d %s\r\n%sContent-Length: %d\r\n\r\n%s",
		method, target.text, s.udp.LocalAddr(), cseq, l.callID, l.from, l.callID, cseq, method, kind, len(body), body)
}

func respond(m *message, code int, tag, extra string, body ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "SIP/2.0 %d Whatever\r\n", code)
	for _, v := range m.vias {
		fmt.Fprintf(&b, "Via: %s\r\n", v)
	}
	fmt.Fprintf(&b, "From: %s\r\nTo: %s%s\r\nCall-ID: %s\r\nCSeq: %s\r\n%sContent-Length: %d\r\n\r\n%s",
		m.from, m.to, tag, m.callID, m.cseq, extra, len(strings.Join(body, "")), strings.Join(body, ""))
	return b.String()
}

func (s *fakeServer) readMedia() {
	b := make([]byte, 2048)
	for {
		n, from, err := s.media.ReadFromUDPAddrPort(b)
		if err != nil {
			return
		}
		if s.streamer != nil {
			s.streamer.forward(from, b[rtpHeader:n])
		}
		s.mu.Lock()
		s.received++
		s.mu.Unlock()
	}
}

func (s *fakeServer) play() {
	ticker := time.NewTicker(20 * time.Millisecond)
	defer ticker.Stop()
	packet := make([]byte, 172)
	for i := range 160 {
		packet[12+i] = byte(i)
	}
	for {
		select {
		case <-s.quit:
			return
		case <-ticker.C:
		}
		s.mu.Lock()
		for _, l := range s.legs {
			if s.silent {
				continue
			}
			l.sequence++
			if s.skipEach > 0 && l.sequence%s.skipEach == 0 {
				continue
			}
			packet[0], packet[1] = 0x80, 0
			binary.BigEndian.PutUint16(packet[2:], uint16(l.sequence+65500))
			binary.BigEndian.PutUint32(packet[4:], uint32(l.sequence*160))
			_, _ = s.media.WriteToUDPAddrPort(packet, l.to)
		}
		s.mu.Unlock()
	}
}

func (s *fakeServer) count(what string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.seen[what]
}

func (s *fakeServer) text(what string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last[what]
}
