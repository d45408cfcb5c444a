// Package siptest is a scripted SIP peer for tests: it sends the text it is told
// to and checks what comes back, over loopback UDP or TCP, and knows nothing of
// the code under test.
//
//	p := siptest.UDP(t, addr)
//	c := p.Invite(offer)
//	c.Expect(200)
//	c.Ack()
//	c.Bye()
//	c.Expect(200)
package siptest

import (
	"bufio"
	"io"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// Patience is how long a peer waits for a message before it fails its test: messages
// take milliseconds, unless the machine has other things to do.
const Patience = 20 * time.Second

// Peer is one socket of the far end.
type Peer struct {
	t         testing.TB
	Transport string // "UDP" or "TCP"
	Local     netip.AddrPort
	to        netip.AddrPort
	udp       *net.UDPConn
	tcp       net.Conn
	in        chan Message
	once      sync.Once
	pending   []Message
	confirmed map[invite]bool // whose final response was acknowledged
	known     map[string]bool // requests that came; true: they were answered
}

// invite is one INVITE of a peer.
type invite struct {
	call string // Call-ID
	seq  int
}

// UDP opens a datagram socket on the loopback address of the same family that
// sends to a server.
func UDP(t testing.TB, to netip.AddrPort) *Peer {
	t.Helper()
	return UDPFrom(t, netip.AddrPortFrom(to.Addr(), 0), to)
}

// UDPFrom is UDP with the local address chosen.
func UDPFrom(t testing.TB, local, to netip.AddrPort) *Peer {
	t.Helper()
	conn, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(local))
	if err != nil {
		t.Fatalf("open a peer: %v", err)
	}
	a, _ := conn.LocalAddr().(*net.UDPAddr)
	p := &Peer{t: t, Transport: "UDP", udp: conn, to: to, Local: a.AddrPort(), in: make(chan Message, 4096)}
	go p.readUDP()
	t.Cleanup(p.Close)
	return p
}

// TCP connects to a server.
func TCP(t testing.TB, to netip.AddrPort) *Peer {
	t.Helper()
	conn, err := net.DialTimeout("tcp", to.String(), Patience)
	if err != nil {
		t.Fatalf("connect a peer: %v", err)
	}
	return Stream(t, conn)
}

// Stream is a peer on a connection that is there already.
func Stream(t testing.TB, conn net.Conn) *Peer {
	t.Helper()
	a, _ := conn.LocalAddr().(*net.TCPAddr)
	p := &Peer{t: t, Transport: "TCP", tcp: conn, Local: a.AddrPort(), in: make(chan Message, 4096)}
	go p.readTCP()
	t.Cleanup(p.Close)
	return p
}

// Close closes the socket.
func (p *Peer) Close() {
	p.once.Do(func() {
		if p.udp != nil {
			_ = p.udp.Close()
		} else {
			_ = p.tcp.Close()
		}
	})
}

func (p *Peer) readUDP() {
	defer close(p.in)
	buf := make([]byte, 65536)
	for {
		n, from, err := p.udp.ReadFromUDPAddrPort(buf)
		if err != nil {
			return
		}
		m := Parse(string(buf[:n]))
		m.From, m.At = from, time.Now()
		p.in <- m
	}
}

func (p *Peer) readTCP() {
	defer close(p.in)
	r := bufio.NewReader(p.tcp)
	for {
		head := ""
		for !strings.HasSuffix(head, "\r\n\r\n") {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if head += line; head == "\r\n" {
				p.in <- Message{Start: "PONG", At: time.Now()}
				head = ""
			}
		}
		m := Parse(head)
		n, _ := strconv.Atoi(m.Header("Content-Length"))
		body := make([]byte, n)
		if _, err := io.ReadFull(r, body); err != nil {
			return
		}
		m.Body, m.At = string(body), time.Now()
		p.in <- m
	}
}

// Send sends text as it is.
func (p *Peer) Send(text string) {
	p.t.Helper()
	var err error
	if p.udp != nil {
		_, err = p.udp.WriteToUDPAddrPort([]byte(text), p.to)
	} else {
		_, err = p.tcp.Write([]byte(text))
	}
	if err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// CloseWrite ends the stream in our direction; the other one stays open.
func (p *Peer) CloseWrite() {
	p.t.Helper()
	conn, ok := p.tcp.(*net.TCPConn)
	if !ok {
		p.t.Fatal("CloseWrite: not a TCP connection")
	}
	if err := conn.CloseWrite(); err != nil {
		p.t.Fatalf("end the stream: %v", err)
	}
}

// SendTo sends text to another address over UDP.
func (p *Peer) SendTo(to netip.AddrPort, text string) {
	p.t.Helper()
	if _, err := p.udp.WriteToUDPAddrPort([]byte(text), to); err != nil {
		p.t.Fatalf("send: %v", err)
	}
}

// Next returns the next message; ok is false when none came in time or the
// connection is closed.
func (p *Peer) Next(d time.Duration) (m Message, ok bool) {
	if len(p.pending) > 0 {
		m, p.pending = p.pending[0], p.pending[1:]
		return m, true
	}
	select {
	case m, ok = <-p.in:
		return m, ok
	case <-time.After(d):
		return m, false
	}
}

// Unread puts a message back, to come next.
func (p *Peer) Unread(m Message) { p.pending = append([]Message{m}, p.pending...) }

// WaitClosed fails the test unless the connection is closed in time.
func (p *Peer) WaitClosed(d time.Duration) {
	p.t.Helper()
	limit := time.After(d)
	for {
		select {
		case _, ok := <-p.in:
			if !ok {
				return
			}
		case <-limit:
			p.t.Fatalf("connection still open after %s", d)
		}
	}
}

// Expect returns the next response, which must have this code. Provisional
// responses in front of it are skipped unless one is what is asked for.
func (p *Peer) Expect(code int) Message {
	p.t.Helper()
	return p.expect(code, func(Message) bool { return false })
}

// expect is Expect without the messages to skip.
func (p *Peer) expect(code int, skip func(m Message) bool) Message {
	p.t.Helper()
	for {
		m, ok := p.Next(Patience)
		switch {
		case !ok:
			p.t.Fatalf("no response, want %d", code)
		case skip(m):
		case m.Code() == code:
			return m
		case m.Code() >= 100 && m.Code() < 200:
		default:
			p.t.Fatalf("got %q, want a response %d", m.Start, code)
		}
	}
}

// ExpectRequest returns the next message, which must be a request of the method.
// Responses in front of it are skipped, and so is what is sent again because the peer
// took long over it: requests that it has answered, and those of another method that it
// has seen.
func (p *Peer) ExpectRequest(method string) Message {
	p.t.Helper()
	for {
		m, ok := p.Next(Patience)
		switch {
		case !ok:
			p.t.Fatalf("no request, want %s", method)
		case p.stale(m, method):
		case m.Method() == method:
			p.know(m, false)
			return m
		case m.Code() == 0:
			p.t.Fatalf("got %q, want %s", m.Start, method)
		}
	}
}

// stale tells whether a message is a request that comes again, and not for the first
// time as one of the method.
func (p *Peer) stale(m Message, method string) bool {
	answered, seen := p.known[m.Raw]
	return p.udp != nil && seen && (answered || m.Method() != method)
}

// know notes a request; an ACK is never answered.
func (p *Peer) know(m Message, answered bool) {
	if p.known == nil {
		p.known = map[string]bool{}
	}
	p.known[m.Raw] = p.known[m.Raw] || answered
}

// ExpectNone fails the test when something comes within d that did not come before.
func (p *Peer) ExpectNone(d time.Duration) {
	p.t.Helper()
	for end := time.Now().Add(d); ; {
		m, ok := p.Next(time.Until(end))
		switch {
		case !ok:
			return
		case p.known[m.Raw], m.Code() >= 200 && p.confirmed[invite{m.Header("Call-ID"), m.CSeq()}]:
		default:
			p.t.Fatalf("got %q, want nothing", m.Start)
		}
	}
}

// Closed tells whether the socket has come to its end.
func (p *Peer) Closed() bool {
	select {
	case m, ok := <-p.in:
		if ok {
			p.Unread(m)
		}
		return !ok
	default:
		return false
	}
}
