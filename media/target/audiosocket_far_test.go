package target_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"sync"
	"testing"
	"time"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/audiosocket"
)

const (
	audioSocketPatience = 20 * time.Second
	audioSocketUUID     = "40325ec2-5efd-4bd3-805f-53576e581d13"
)

// audioSocketFar is somebody's AudioSocket server with one connection.
type audioSocketFar struct {
	net.Conn
	t  testing.TB
	in *audiosocket.Reader
}

// next returns the next message, in words: "0x10 320".
func (f *audioSocketFar) next() (audiosocket.Message, error) {
	_ = f.SetReadDeadline(time.Now().Add(audioSocketPatience))
	return f.in.Next()
}

// expect reads messages in hex, whole.
func (f *audioSocketFar) expect(want ...string) {
	f.t.Helper()
	for _, w := range want {
		m, err := f.next()
		if got := fmt.Sprintf("%s %x", m.Kind, m.Payload); err != nil || got != w {
			f.t.Fatalf("the far end got %q, %v, want %q", got, err, w)
		}
	}
}

func (f *audioSocketFar) say(b []byte) {
	f.t.Helper()
	if _, err := f.Write(b); err != nil {
		f.t.Fatalf("far end writes: %v", err)
	}
}

// audioSocketReads hides the deadlines, which are the test's.
type audioSocketReads struct{ io.Reader }

// audioSocketStream is a stream to a far end under test.
type audioSocketStream struct {
	target.Conn
	t     testing.TB
	far   *audioSocketFar
	ended chan target.Ended
	heard audioSocketHandler
}

// openAudioSocketTo opens a stream and serves it. The UUID is read.
func openAudioSocketTo(t testing.TB, o target.Options) *audioSocketStream {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	o.URL = &url.URL{Scheme: "audiosocket", Host: ln.Addr().String()}
	if o.UUID == "" {
		o.UUID = audioSocketUUID
	}
	s := &audioSocketStream{t: t, ended: make(chan target.Ended, 1)}
	s.Conn = mustOpenAudioSocket(t, &o)
	c, err := ln.Accept()
	if err != nil {
		t.Fatal(err)
	}
	s.far = &audioSocketFar{Conn: c, t: t, in: audiosocket.NewReader(audioSocketReads{c}, 0)}
	if m, err := s.far.next(); err != nil || m.Kind != audiosocket.ID {
		t.Fatalf("the first message is %s, %v", m.Kind, err)
	}
	go func() { s.ended <- s.Serve(&s.heard) }()
	t.Cleanup(func() {
		_ = c.Close()
		_ = s.Close()
		s.end()
	})
	return s
}

func mustOpenAudioSocket(t testing.TB, o *target.Options) target.Conn {
	t.Helper()
	c, err := tryAudioSocket(t, o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func audioSocketURL(t testing.TB, hostport string) *url.URL {
	t.Helper()
	return &url.URL{Scheme: "audiosocket", Host: hostport}
}

func tryAudioSocket(t testing.TB, o *target.Options) (target.Conn, error) {
	t.Helper()
	scheme, ok := target.Lookup("audiosocket")
	if !ok {
		t.Fatal("no such scheme")
	}
	if err := scheme.Check(o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), audioSocketPatience)
	defer cancel()
	return scheme.Open(ctx, o)
}

// end returns what Serve returned, as often as it is asked.
func (s *audioSocketStream) end() target.Ended {
	s.t.Helper()
	select {
	case e := <-s.ended:
		s.ended <- e
		return e
	case <-time.After(audioSocketPatience):
		s.t.Error("Serve goes on")
		return target.Ended{}
	}
}

// write sends samples at 8000 Hz.
func (s *audioSocketStream) write(pcm []int16) {
	s.t.Helper()
	if err := s.Write(audioSocketPCM(pcm, 8000)); err != nil {
		s.t.Fatal(err)
	}
}

func audioSocketPCM(pcm []int16, rate int) *media.Frame {
	return &media.Frame{PCM: pcm, Format: media.Format{Rate: rate, Channels: 1}}
}

func (s *audioSocketStream) finish() target.Ended {
	ctx, cancel := context.WithTimeout(context.Background(), audioSocketPatience)
	defer cancel()
	return s.Finish(ctx, "text that goes nowhere")
}

// audioSocketHandler notes what it hears in lines, audio of a rate in one.
type audioSocketHandler struct {
	mu    sync.Mutex
	lines []string
	pcm   map[int][]int16
	fail  error         // what Audio returns
	hold  chan struct{} // not nil: Audio waits for it
}

func (h *audioSocketHandler) note(format string, args ...any) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.lines = append(h.lines, fmt.Sprintf(format, args...))
}

func (h *audioSocketHandler) Audio(pcm []int16, rate int) error {
	h.mu.Lock()
	hold := h.hold
	if h.pcm == nil {
		h.pcm = map[int][]int16{}
	}
	h.pcm[rate] = append(h.pcm[rate], pcm...)
	err := h.fail
	h.mu.Unlock()
	if hold != nil {
		<-hold
	}
	return err
}

// samples returns what came at a rate.
func (h *audioSocketHandler) samples(rate int) []int16 {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]int16(nil), h.pcm[rate]...)
}

func (h *audioSocketHandler) all() []string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return append([]string(nil), h.lines...)
}

func (h *audioSocketHandler) Clip(target.Clip) error          { return errors.New("no clips") }
func (h *audioSocketHandler) Text(text string)                { h.note("text %q", text) }
func (h *audioSocketHandler) Mark(name string)                { h.note("mark %q", name) }
func (h *audioSocketHandler) Clear(marks bool)                { h.note("clear %v", marks) }
func (h *audioSocketHandler) Digit(d byte, dur time.Duration) { h.note("digit %c %v", d, dur) }
func (h *audioSocketHandler) Control(signal string)           { h.note("control %s", signal) }
func (h *audioSocketHandler) Problem(code int, text string)   { h.note("problem %d %s", code, text) }
