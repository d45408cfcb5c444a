package audiosocket_test

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"rms/media/wire/audiosocket"
)

// patience is how long a test waits for what must come.
const patience = 20 * time.Second

// station is a server under test with what it reported.
type station struct {
	*audiosocket.Server
	mu      sync.Mutex
	refused []error
	heard   chan []audiosocket.Meaning // of each connection, when it ended
}

// listen starts a server with short limits; h nil keeps what each peer sends.
func listen(t testing.TB, o audiosocket.ServerOptions, h func(*audiosocket.Peer)) *station {
	t.Helper()
	s := &station{heard: make(chan []audiosocket.Meaning, 100)}
	if o.Listen == "" {
		o.Listen = "127.0.0.1:0"
	}
	o.Refused = func(_ netip.AddrPort, why error) {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refused = append(s.refused, why)
	}
	if h == nil {
		h = func(p *audiosocket.Peer) {
			all, _ := listenTo(p)
			s.heard <- all
		}
	}
	var err error
	if s.Server, err = audiosocket.Listen(o, h); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.close(t) })
	return s
}

func (s *station) close(t testing.TB) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := s.Close(ctx); err != nil {
		t.Errorf("close: %v", err)
	}
}

// listenTo reads all that a peer sends, with the samples counted in Code.
func listenTo(p *audiosocket.Peer) (all []audiosocket.Meaning, err error) {
	for {
		m, err := p.Next()
		if err != nil {
			return all, err
		}
		x := audiosocket.Interpret(m, true, p.Dialect())
		if x.What == audiosocket.Audio {
			x.Code = len(p.PCM(nil, m))
			x.Control = m.Kind.Rate()
		}
		all = append(all, x)
	}
}

func (s *station) why() []error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return append([]error(nil), s.refused...)
}

// awaitRefusal returns the first error of n.
func (s *station) awaitRefusal(t testing.TB, want error) {
	t.Helper()
	await(t, "a refusal", func() bool { return len(s.why()) > 0 })
	if got := s.why()[0]; !errors.Is(got, want) {
		t.Errorf("refused because %v, want %v", got, want)
	}
}

func await(t testing.TB, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s did not come", what)
		}
	}
}

// asterisk is the far end: a connection to the server.
type asterisk struct {
	net.Conn
	t  testing.TB
	in *audiosocket.Reader
}

func dial(t testing.TB, s *station) *asterisk {
	t.Helper()
	c, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return &asterisk{Conn: c, t: t, in: audiosocket.NewReader(onlyRead{c}, 0)}
}

// onlyRead hides the deadlines, which are the test's.
type onlyRead struct{ io.Reader }

func (a *asterisk) say(b []byte) {
	a.t.Helper()
	if _, err := a.Write(b); err != nil {
		a.t.Fatalf("write: %v", err)
	}
}

// next returns the next message that is not silence of 20 ms, and the number of those.
func (a *asterisk) next() (m audiosocket.Message, silent int, err error) {
	_ = a.SetReadDeadline(time.Now().Add(patience))
	for {
		if m, err = a.in.Next(); err != nil || !isSilence(m) {
			return m, silent, err
		}
		silent++
	}
}

func isSilence(m audiosocket.Message) bool {
	return m.Kind == audiosocket.Slin8 && len(m.Payload) == 320 && string(m.Payload) == string(make([]byte, 320))
}

// ends checks that after silence the server closes, with or without goodbye.
func (a *asterisk) ends(goodbye bool) {
	a.t.Helper()
	m, _, err := a.next()
	if goodbye {
		if err != nil || m.Kind != audiosocket.Terminate || len(m.Payload) != 0 {
			a.t.Errorf("got %s %x, %v, want a hang-up", m.Kind, m.Payload, err)
			return
		}
		m, _, err = a.next()
	}
	if err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		a.t.Errorf("the server goes on: %s, %v", m.Kind, err)
	}
}

func (a *asterisk) finish() {
	a.t.Helper()
	if err := a.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		a.t.Fatal(err)
	}
}

// hears returns what the handler of the next connection that ended has heard.
func (s *station) hears(t testing.TB) []audiosocket.Meaning {
	t.Helper()
	select {
	case all := <-s.heard:
		return all
	case <-time.After(patience):
		t.Fatal("no call ended")
		return nil
	}
}
