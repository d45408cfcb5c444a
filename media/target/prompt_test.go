package target_test

import (
	"context"
	"encoding/binary"
	"io"
	"net"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"

	"net/http"
	"net/http/httptest"

	"rms/media"
	"rms/media/target"
)

var mono8000 = media.Format{Rate: 8000, Channels: 1}

// promptly opens a connection to a URL and returns it as what can write without waiting.
func promptly(t testing.TB, to string) target.Prompter {
	t.Helper()
	u, err := url.Parse(to)
	if err != nil {
		t.Fatal(err)
	}
	scheme, _ := target.Lookup(u.Scheme)
	o := &target.Options{
		URL: u, Format: mono8000, Frame: 20 * time.Millisecond, CallID: "40325ec2-5efd-4bd3-805f-53576e581d13", Dial: &target.Dialer{},
	}
	if err := scheme.Check(o); err != nil {
		t.Fatal(err)
	}
	c, err := scheme.Open(context.Background(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	p, ok := c.(target.Prompter)
	if !ok || !p.Prompt() {
		t.Fatalf("%T is not prompt", c)
	}
	return p
}

// numbered is a frame whose samples are the number of the frame.
func numbered(n int) *media.Frame {
	pcm := make([]int16, 160)
	for i := range pcm {
		pcm[i] = int16(n)
	}
	return &media.Frame{PCM: pcm, Format: mono8000}
}

// flood writes frames until the far end must have stopped the connection, and returns
// how many were taken without waiting.
func flood(t *testing.T, p target.Prompter) int {
	t.Helper()
	for n, refused := 0, 0; n < 200000; {
		if p.TryWrite(numbered(n)) {
			n, refused = n+1, 0
			continue
		}
		if refused++; refused > 200 {
			return n
		}
		time.Sleep(time.Millisecond) // a late acknowledgement makes room
	}
	t.Fatal("a far end that does not read took 64 MB")
	return 0
}

func TestTryWriteOfAWebsocketNeverWaitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	read := make(chan struct{})
	heard := make(chan []int, 1)
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := websocket.Accept(w, r, nil)
		if err != nil {
			return
		}
		<-read
		var numbers []int
		for {
			_, b, err := c.Read(r.Context())
			if err != nil {
				break
			}
			if len(b) != 320 {
				t.Errorf("a message of %d bytes", len(b))
			}
			numbers = append(numbers, int(binary.LittleEndian.Uint16(b)))
		}
		heard <- numbers
	}))
	defer s.Close()
	p := promptly(t, "ws"+s.URL[len("http"):])
	n := flood(t, p)
	close(read)
	if err := p.Write(numbered(n)); err != nil {
		t.Fatal(err)
	}
	go func() { p.Serve(quietHandler{}) }()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	p.Finish(ctx, "")
	numbers := <-heard
	if len(numbers) != n+1 {
		t.Fatalf("%d messages arrived of %d", len(numbers), n+1)
	}
	for i, got := range numbers {
		if got != i&0xffff {
			t.Fatalf("message %d has number %d", i, got)
		}
	}
}

func TestTryWriteOfAudioSocketNeverWaitsAndLosesNothing(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	read, heard := make(chan struct{}), make(chan []byte, 1)
	go func() {
		c, err := l.Accept()
		if err != nil {
			heard <- nil
			return
		}
		<-read
		b, _ := io.ReadAll(c)
		_ = c.Close()
		heard <- b
	}()
	p := promptly(t, "audiosocket://"+l.Addr().String())
	n := flood(t, p)
	close(read)
	if err := p.Write(numbered(n)); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	p.Finish(ctx, "")
	b := <-heard
	if want := 19 + 323*(n+1) + 3; len(b) != want {
		t.Fatalf("%d bytes arrived of %d", len(b), want)
	}
	for i := range n + 1 {
		m := b[19+323*i:]
		if m[0] != 0x10 || m[1] != 1 || m[2] != 0x40 || int(binary.LittleEndian.Uint16(m[3:])) != i&0xffff {
			t.Fatalf("message %d begins with % x", i, m[:5])
		}
	}
}

func TestTryWriteAllocatesNothing(t *testing.T) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	go func() {
		if c, err := l.Accept(); err == nil {
			_, _ = io.Copy(io.Discard, c)
		}
	}()
	u, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = u.Close() }()
	far := newWSFar(t, func(p *wsPeer) { // allocates nothing either
		p.upgrade()
		_, _ = io.Copy(io.Discard, p.br)
	})
	for _, to := range []string{"audiosocket://" + l.Addr().String(), far.url("ws").String(), "rst://" + u.LocalAddr().String()} {
		p := promptly(t, to)
		f := numbered(1)
		p.TryWrite(f)
		n := 1e9 // the whole process is counted: others allocate now and then
		for try := 0; try < 20 && n > 0.5; try++ {
			n = min(n, testing.AllocsPerRun(50, func() {
				for !p.TryWrite(f) {
					time.Sleep(time.Millisecond)
				}
			}))
		}
		if n > 0.5 {
			t.Errorf("%s: %.2f allocations a frame", to, n)
		}
		_ = p.Close()
	}
}

// quietHandler takes nothing seriously.
type quietHandler struct{}

func (quietHandler) Audio([]int16, int) error  { return nil }
func (quietHandler) Clip(target.Clip) error    { return nil }
func (quietHandler) Text(string)               {}
func (quietHandler) Mark(string)               {}
func (quietHandler) Clear(bool)                {}
func (quietHandler) Digit(byte, time.Duration) {}
func (quietHandler) Control(string)            {}
func (quietHandler) Problem(int, string)       {}
