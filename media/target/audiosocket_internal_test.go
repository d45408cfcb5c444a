package target

import (
	"bytes"
	"context"
	"io"
	"net"
	"net/url"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/wire/audiosocket"
)

// audioSocketWires is a connection that notes the size of each write, one system call
// each on a socket.
type audioSocketWires struct {
	net.Conn
	in     io.Reader
	writes []int
}

func (c *audioSocketWires) Write(b []byte) (int, error) {
	c.writes = append(c.writes, len(b))
	return len(b), nil
}

func (c *audioSocketWires) Read(b []byte) (int, error)     { return c.in.Read(b) }
func (*audioSocketWires) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (*audioSocketWires) SetReadDeadline(time.Time) error  { return nil }
func (*audioSocketWires) SetWriteDeadline(time.Time) error { return nil }
func (*audioSocketWires) Close() error                     { return nil }

func audioSocketOver(t testing.TB, conn net.Conn, dialect string) *audioSocket {
	t.Helper()
	o := &Options{CallID: "40325ec2-5efd-4bd3-805f-53576e581d13", Dialect: dialect}
	o.URL = &url.URL{Scheme: "audiosocket", Host: "127.0.0.1:9019"}
	if err := checkAudioSocket(o); err != nil {
		t.Fatal(err)
	}
	return newAudioSocket(conn, o)
}

func TestAudioSocketSendsEachMessageInOneWrite(t *testing.T) {
	t.Parallel()
	conn := &audioSocketWires{in: bytes.NewReader(nil)}
	c := audioSocketOver(t, conn, "fork")
	if err := c.identify(t.Context(), "40325ec2-5efd-4bd3-805f-53576e581d13"); err != nil {
		t.Fatal(err)
	}
	f := &media.Frame{PCM: make([]int16, 400), Format: media.Format{Rate: 8000, Channels: 1}}
	if err := c.Write(f); err != nil {
		t.Fatal(err)
	}
	if err := c.Digit('1', time.Second); err != nil {
		t.Fatal(err)
	}
	c.Finish(context.Background(), "")
	// The UUID; two frames and a half; the begin and the end of a digit; the hang-up.
	if want := []int{19, 323, 323, 18, 3 + 160, 3}; !cmp.Equal(conn.writes, want) {
		t.Errorf("writes of %v, want %v", conn.writes, want)
	}
}

func TestAudioSocketServeAllocatesNothing(t *testing.T) {
	message := audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))
	c := audioSocketOver(t, &audioSocketWires{in: &audioSocketLoop{message: message}}, "")
	h := &audioSocketSilent{}
	if n := testing.AllocsPerRun(500, func() {
		m, err := c.in.Next()
		if err != nil || c.handle(h, m) != (Ended{}) {
			t.Fatal(m, err)
		}
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
	if h.samples < 160*500 {
		t.Errorf("%d samples", h.samples)
	}
}

// audioSocketLoop repeats a message for ever.
type audioSocketLoop struct {
	message []byte
	at      int
}

func (l *audioSocketLoop) Read(b []byte) (int, error) {
	n := copy(b, l.message[l.at:])
	l.at = (l.at + n) % len(l.message)
	return n, nil
}

// audioSocketSilent counts what it is given.
type audioSocketSilent struct{ samples, odd int }

func (h *audioSocketSilent) Audio(pcm []int16, rate int) error {
	h.samples += len(pcm)
	if len(pcm) == 0 || rate < 8000 || rate > 192000 {
		h.odd++
	}
	return nil
}

func (h *audioSocketSilent) Digit(d byte, dur time.Duration) {
	if bytes.IndexByte([]byte("0123456789*#ABCD"), d) < 0 || dur < 0 || dur > maxAudioSocketDigit {
		h.odd++
	}
}

func (h *audioSocketSilent) Control(signal string) {
	if signal == "" || signal == "hangup" {
		h.odd++
	}
}

func (h *audioSocketSilent) Clip(Clip) error     { h.odd++; return nil }
func (h *audioSocketSilent) Text(string)         { h.odd++ }
func (h *audioSocketSilent) Mark(string)         { h.odd++ }
func (h *audioSocketSilent) Clear(bool)          { h.odd++ }
func (h *audioSocketSilent) Problem(int, string) { h.odd++ }

// FuzzAudioSocketServe lets a far end say anything.
func FuzzAudioSocketServe(f *testing.F) {
	f.Add([]byte("\x10\x00\x04\x01\x00\x02\x00\x03\x00\x015\x00\x00\x00"), "")
	f.Add([]byte("\x02\x00\x06\x005\xa0\x00\x00\x00\x03\x00\x01\x04\x03\x00\x01\x01"), "fork")
	f.Add([]byte("\x18\xff\xff\x00\xff\x00\x01\x04\x77\x00\x01\x00\x10\x00\x03abc"), "upstream")
	f.Fuzz(func(t *testing.T, b []byte, dialect string) {
		if _, err := audiosocket.ParseDialect(dialect); err != nil {
			return
		}
		var ends [2]Ended
		for i, in := range []io.Reader{bytes.NewReader(b), iotest.OneByteReader(bytes.NewReader(b))} {
			c, h := audioSocketOver(t, &audioSocketWires{in: in}, dialect), &audioSocketSilent{}
			ends[i] = c.Serve(h)
			if h.odd > 0 || h.samples > len(b)/2 || ends[i].By == "" || ends[i].Code == 0 {
				t.Fatalf("%d odd calls, %d samples of %d bytes, %+v", h.odd, h.samples, len(b), ends[i])
			}
			if again := c.Serve(h); again != ends[i] {
				t.Fatalf("%+v, then %+v", ends[i], again)
			}
		}
		if ends[0] != ends[1] {
			t.Fatalf("whole: %+v, byte by byte: %+v", ends[0], ends[1])
		}
	})
}
