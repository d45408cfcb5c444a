package call_test

import (
	"fmt"
	"testing"

	"rms/media/audiotest"
	"rms/sip/siprec"
	"rms/sip/siptest"
)

// srs is a recorder of SIPREC's: its signalling, and an ear for each stream.
type srs struct {
	*siptest.Peer
	t      *testing.T
	ears   [2]*recorder
	invite siptest.Message
	meta   *siprec.Metadata
	seen   map[string]bool // requests that came before
}

func newSRS(t *testing.T, h *house) *srs {
	t.Helper()
	return &srs{Peer: siptest.UDP(t, h.addr), t: t, ears: [2]*recorder{newRecorder(t), newRecorder(t)}, seen: map[string]bool{}}
}

// ExpectRequest is that of the peer, without requests that come again because the
// machine was busy.
func (s *srs) ExpectRequest(method string) siptest.Message {
	s.t.Helper()
	for {
		m, ok := s.Next(siptest.Patience)
		id := m.Method() + m.Header("Call-ID") + m.Header("CSeq")
		switch {
		case !ok:
			s.t.Fatalf("no request, want %s", method)
		case m.Code() != 0 || s.seen[id]:
		case m.Method() == method:
			s.seen[id] = true
			return m
		default:
			s.t.Fatalf("got %q, want %s", m.Start, method)
		}
	}
}

// Expect is that of the peer. The last answer that comes again, as the ACK took long, is
// skipped.
func (s *srs) Expect(code int) siptest.Message {
	s.t.Helper()
	for {
		m, ok := s.Next(siptest.Patience)
		switch id := m.Header("CSeq") + m.Header("Call-ID"); {
		case !ok:
			s.t.Fatalf("no response, want %d", code)
		case m.Code() >= 100 && m.Code() < 200 || s.seen[id] || s.seen[m.Method()+m.Header("Call-ID")+m.Header("CSeq")]:
		case m.Code() == code:
			s.seen[id] = true
			return m
		default:
			s.t.Fatalf("got %q, want %d", m.Start, code)
		}
	}
}

func (s *srs) uri() string { return fmt.Sprintf("sip:recorder@%s;transport=udp", s.Local) }

// answer describes the recorder's side. A format of "" refuses that stream.
func (s *srs) answer(direction string, formats ...string) string {
	text := "v=0\r\no=- 5 5 IN IP4 127.0.0.1\r\ns=-\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\n"
	for i, f := range formats {
		if f == "" {
			text += "m=audio 0 RTP/AVP 0\r\n"
			continue
		}
		text += fmt.Sprintf("m=audio %d RTP/AVP %s\r\na=%s\r\na=label:%d\r\n", s.ears[i].port(), f, direction, i+1)
	}
	return text
}

// invited takes the INVITE and looks at it.
func (s *srs) invited() siptest.Message {
	s.t.Helper()
	s.invite = s.ExpectRequest("INVITE")
	s.read(s.invite)
	return s.invite
}

// read takes both parts of a body.
func (s *srs) read(m siptest.Message) string {
	s.t.Helper()
	p, err := siprec.Parse(m.Header("Content-Type"), []byte(m.Body))
	if err != nil || len(p.SDP) == 0 || p.Metadata == nil {
		s.t.Fatalf("body: %v\n%s", err, m.Raw)
	}
	s.meta = p.Metadata
	return string(p.SDP)
}

// records answers the INVITE.
func (s *srs) records(formats ...string) {
	s.t.Helper()
	s.invited()
	s.Reply(s.invite, 200, "srs", s.answer("recvonly", formats...))
	s.ExpectRequest("ACK")
}

func (s *srs) listen() {
	for _, e := range s.ears {
		e.listen()
	}
}

func (s *srs) forget() {
	s.listen()
	for _, e := range s.ears {
		e.packets = nil
	}
}

// level is how loud a tone is in what a stream brought, in dB.
func (s *srs) level(i int, name string, rate int, pt uint8, hz float64) float64 {
	s.t.Helper()
	clock := rate
	if name == "G722" {
		clock = 8000
	}
	pcm := s.ears[i].heard(name, clock, pt)
	if len(pcm) < rate/4 {
		s.t.Fatalf("stream %d: %d samples, %d packets", i+1, len(pcm), len(s.ears[i].packets))
	}
	return audiotest.LevelAt(pcm[len(pcm)/4:], rate, hz)
}

// sides fails unless the caller's 1000 Hz are in stream 1 alone, and our 400 in 2.
func (s *srs) sides(name string, rate int, pt uint8) {
	s.t.Helper()
	for i, has := range []float64{1000, 400} {
		if l := s.level(i, name, rate, pt, has); l < -20 {
			s.t.Errorf("stream %d: %.0f Hz at %.1f dB", i+1, has, l)
		}
		if l := s.level(i, name, rate, pt, 1400-has); l > -45 {
			s.t.Errorf("stream %d: %.0f Hz at %.1f dB, which is the other side", i+1, 1400-has, l)
		}
	}
}
