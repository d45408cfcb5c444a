package target_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"rms/media/target"
)

// wsCloses opens a stream whose server runs script after the handshake and returns how
// the stream ended and what CLOSE the server got.
func wsCloses(t *testing.T, script func(p *wsPeer)) (target.Ended, int, string) {
	t.Helper()
	type answer struct {
		code   int
		reason string
	}
	got := make(chan answer, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		script(p)
		code, reason := p.closing()
		got <- answer{code, reason}
	})
	s := openWS(t, far.options())
	e := s.over()
	a := wsGot(t, got)
	return e, a.code, a.reason
}

func TestWebsocketCloseOfTheServerIsAnsweredAndTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		code   int
		reason string
		want   string
		answer int
		again  bool
	}{
		{1000, "", "Normal closure", 1000, false},
		{1000, "done", "done", 1000, false},
		{1001, "", "Going away", 1001, true},
		{1002, "", "Protocol error", 1002, false},
		{1003, "", "Unsupported data", 1003, false},
		{1007, "", "Invalid frame payload data", 1007, false},
		{1008, "", "Policy violation", 1008, false},
		{1009, "", "Message too big", 1009, false},
		{1010, "", "Mandatory extension", 1010, false},
		{1011, "", "Internal error", 1011, true},
		{1012, "", "Service restart", 1002, true},
		{1013, "later", "later", 1002, true},
		{1014, "", "Bad gateway", 1002, false},
		{3000, "", "", 3000, false},
		{4001, "bye now", "bye now", 4001, false},
		{4999, "", "", 4999, false},
	} {
		t.Run(fmt.Sprint(c.code, c.reason), func(t *testing.T) {
			t.Parallel()
			e, answer, _ := wsCloses(t, func(p *wsPeer) { p.goodbye(c.code, c.reason) })
			want := target.Ended{By: target.ByRemote, Code: c.code, Reason: c.want, Again: c.again}
			if e != want || answer != c.answer {
				t.Errorf("ended %+v, answered %d; want %+v, %d", e, answer, want, c.answer)
			}
		})
	}
}

func TestWebsocketCloseCodesThatNoServerMaySendAreAnsweredWith1002(t *testing.T) {
	t.Parallel()
	for _, code := range []int{0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			t.Parallel()
			e, answer, _ := wsCloses(t, func(p *wsPeer) { p.goodbye(code, "x") })
			if answer != 1002 || e.By != target.ByError || e.Code != 1002 || e.Error != target.CodeProtocol || e.Again {
				t.Errorf("ended %+v, answered %d", e, answer)
			}
		})
	}
}

func TestWebsocketCloseWithoutCodeIs1005(t *testing.T) {
	t.Parallel()
	e, answer, _ := wsCloses(t, func(p *wsPeer) { p.send(0x88, nil) })
	if answer != 1005 || e != (target.Ended{By: target.ByRemote, Code: 1005, Reason: "No status code"}) {
		t.Errorf("ended %+v, answered %d", e, answer)
	}
}

func TestWebsocketCloseThatIsMalformedIsRefused(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		frame  []byte
		answer int
		code   int
	}{
		"half a code":     {wsBytes(0x88, []byte{3}), 1002, target.CodeProtocol},
		"reason no UTF-8": {wsBytes(0x88, []byte{3, 0xe8, 0xff}), 1007, target.CodeProtocol},
		"126 bytes":       {wsBytes(0x88, make([]byte, 126)), 1002, target.CodeInvalidHeader},
		"in fragments":    {wsBytes(0x08, []byte{3, 0xe8}), 1002, target.CodeInvalidHeader},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e, answer, _ := wsCloses(t, func(p *wsPeer) { _, _ = p.Write(c.frame) })
			if answer != c.answer || e.Code != c.answer || e.Error != c.code || e.By != target.ByError {
				t.Errorf("ended %+v, answered %d", e, answer)
			}
		})
	}
}

func TestWebsocketCloseBetweenFragmentsIsHeard(t *testing.T) {
	t.Parallel()
	e, answer, _ := wsCloses(t, func(p *wsPeer) {
		p.send(0x01, []byte("half a "))
		p.goodbye(4002, "enough")
	})
	if answer != 4002 || e.Code != 4002 || e.Reason != "enough" {
		t.Errorf("ended %+v, answered %d", e, answer)
	}
}

func TestWebsocketFinishSendsTailTextThenClose1000NormalClosure(t *testing.T) {
	t.Parallel()
	frames := make(chan wsFrame, 8)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for {
			f, ok := p.frame()
			if !ok {
				close(frames)
				return
			}
			frames <- f
			if f.op == 8 {
				p.goodbye(1000, "Normal closure")
			}
		}
	})
	s := openWS(t, far.options())
	if err := s.write(make([]int16, 200)); err != nil {
		t.Fatal(err)
	}
	want := target.Ended{By: target.ByLocal, Code: 1000, Reason: "Normal closure"}
	if e := s.finish(`{"bye":1}`); e != want {
		t.Errorf("finish %+v", e)
	}
	if e := s.over(); e != want {
		t.Errorf("serve %+v", e)
	}
	for i, want := range []struct {
		op   byte
		size int
		text string
	}{{2, 320, ""}, {2, 80, ""}, {1, 9, `{"bye":1}`}, {8, 16, "\x03\xe8Normal closure"}} {
		f := wsGot(t, frames)
		if f.op != want.op || len(f.data) != want.size || want.text != "" && string(f.data) != want.text {
			t.Errorf("frame %d is %v (%d bytes), want %x of %d bytes %q", i, f, len(f.data), want.op, want.size, want.text)
		}
	}
	if f, ok := <-frames; ok {
		t.Errorf("%v after CLOSE", f)
	}
}

func TestWebsocketFinishGoesOnWhenTheServerDoesNotAnswer(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		for ok := true; ok; _, ok = p.frame() {
		}
	})
	s := openWS(t, far.options())
	began := time.Now()
	e := s.finishWithin(time.Second, "")
	if took := time.Since(began); took < time.Second {
		t.Errorf("finish took %v, want the second that it was given", took)
	}
	if e.By != target.ByLocal || e.Code != 1000 || s.over() != e {
		t.Errorf("finish %+v, serve %+v", e, s.over())
	}
}

func TestWebsocketFinishIsBoundedWhenTheServerDoesNotRead(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-t.Context().Done()
	})
	s := openWS(t, far.options())
	stuck := make(chan error, 1)
	go func() {
		for {
			if err := s.write(make([]int16, 8000)); err != nil {
				stuck <- err
				return
			}
		}
	}()
	wsStill(t, s.conn)
	e := s.finishWithin(time.Second, "late")
	if e.By != target.ByLocal || e.Code != 1006 {
		t.Errorf("finish %+v", e)
	}
	if err := wsGot(t, stuck); err != target.ErrClosed {
		t.Errorf("write: %v, want ErrClosed", err)
	}
	s.over()
}

// wsStill waits until nothing more goes out: the far end's buffers are full. It looks
// often, which takes longer on a machine that has no time for the writer either.
func wsStill(t *testing.T, c target.Conn) {
	t.Helper()
	last, looks := c.Stats().BytesOut, 0
	wsEventually(t, "the connection to fill up", func() bool {
		looks++
		if n := c.Stats().BytesOut; n != last {
			last, looks = n, 0
		}
		return last > 0 && looks > 300
	})
}

func TestWebsocketFinishWithoutServeReadsTheAnswerItself(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		p.text("unheard")
		p.closing()
		p.goodbye(1000, "")
	})
	conn := dialWS(t, far.options())
	s := &wsStream{t: t, conn: conn}
	if e := s.finish(""); e.By != target.ByLocal || e.Code != 1000 {
		t.Errorf("finish %+v", e)
	}
	if e := conn.Serve(&wsEar{}); e.By != target.ByLocal || e.Code != 1000 {
		t.Errorf("serve after finish %+v", e)
	}
}

func TestWebsocketFinishStillHearsLastResults(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		p.text("ready")
		p.closing()
		p.text("final result")
		p.goodbye(1000, "")
	})
	s := openWS(t, far.options())
	wsEventually(t, "a text", func() bool { return s.ear.heard() == "text" })
	s.finish("")
	s.over()
	if len(s.ear.texts) != 2 || s.ear.texts[1] != "final result" {
		t.Errorf("heard %q", s.ear.texts)
	}
}

func TestWebsocketCloseBreaksOffWriteTextAndServe(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		<-t.Context().Done()
	})
	s := openWS(t, far.options())
	results := make(chan error, 2)
	go func() {
		for {
			if err := s.write(make([]int16, 8000)); err != nil {
				results <- err
				return
			}
		}
	}()
	wsStill(t, s.conn)
	go func() { results <- s.conn.Text(t.Context(), "never") }()
	if err := s.conn.Close(); err != nil {
		t.Error(err)
	}
	for range 2 {
		if err := wsGot(t, results); err != target.ErrClosed {
			t.Errorf("error %v, want ErrClosed", err)
		}
	}
	if e := s.over(); e.By != target.ByLocal || e.Code != 1006 || e.Again || e.Error != 0 {
		t.Errorf("ended %+v", e)
	}
	if err := s.conn.Close(); err != nil {
		t.Errorf("second close: %v", err)
	}
	if err := s.write(make([]int16, 160)); err != target.ErrClosed {
		t.Errorf("write after close: %v", err)
	}
}

func TestWebsocketTCPDropIsCode1AbnormalEOF(t *testing.T) {
	t.Parallel()
	want := target.Ended{
		By: target.ByError, Code: 1006, Reason: "Abnormal closure", Again: true,
		Error: target.CodeIO, Text: "Connection closed without WebSocket CLOSE (abnormal EOF)",
	}
	for name, drop := range map[string]func(p *wsPeer){
		"FIN":                 func(*wsPeer) {},
		"RST":                 func(p *wsPeer) { _ = p.Conn.(*net.TCPConn).SetLinger(0) },
		"inside a header":     func(p *wsPeer) { _, _ = p.Write([]byte{0x82, 126, 1}) },
		"inside a message":    func(p *wsPeer) { _, _ = p.Write([]byte{0x81, 10, 'h', 'a'}) },
		"inside a close":      func(p *wsPeer) { _, _ = p.Write([]byte{0x88, 10, 3}) },
		"between fragments":   func(p *wsPeer) { p.send(0x01, []byte("a")) },
		"inside the handover": func(p *wsPeer) { _, _ = p.Write([]byte{0x81}) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			far := newWSFar(t, func(p *wsPeer) {
				p.upgrade()
				drop(p)
			})
			s := openWS(t, far.options())
			if e := s.over(); e != want {
				t.Errorf("ended %+v", e)
			}
			if len(s.ear.texts) != 0 {
				t.Errorf("heard %q, which was cut off", s.ear.texts)
			}
		})
	}
}

func TestWebsocketWriteThatFailsAwaitsTheServersReason(t *testing.T) {
	t.Parallel()
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		p.frame()
		p.goodbye(4001, "bye now")
		p.frame()
	})
	s := openWS(t, far.options())
	var err error
	for err == nil {
		err = s.write(make([]int16, 160))
	}
	if !strings.Contains(err.Error(), "4001") {
		t.Errorf("write: %v, want the server's code", err)
	}
	s.conn.Close() // as a caller does that gives up
	if e := s.over(); e.By != target.ByRemote || e.Code != 4001 || e.Reason != "bye now" {
		t.Errorf("ended %+v", e)
	}
}

func TestWebsocketHalfOpenServerIsStillWrittenTo(t *testing.T) {
	t.Parallel()
	got := make(chan int, 1)
	far := newWSFar(t, func(p *wsPeer) {
		p.upgrade()
		_ = p.Conn.(*net.TCPConn).CloseWrite()
		n := 0
		for {
			f, ok := p.frame()
			if !ok {
				break
			}
			n += len(f.data)
		}
		got <- n
	})
	s := openWS(t, far.options())
	if e := s.over(); e.Error != target.CodeIO || e.Code != 1006 {
		t.Errorf("ended %+v", e)
	}
	wsGot(t, got)
}
