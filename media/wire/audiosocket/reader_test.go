package audiosocket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/wire/audiosocket"
)

// conversation is one of everything, with the sizes at the edges.
func conversation(t testing.TB) []byte {
	t.Helper()
	b := hello(t, uuid)
	for _, n := range []int{0, 1, 2, 159, 160, 161, 320, 508, 509, 510, 8192, 65534, 65535, 0, 1} {
		b = audiosocket.AppendMessage(b, audiosocket.Slin8, bytes.Repeat([]byte{byte(n)}, n))
	}
	b = audiosocket.AppendMessage(b, 0x77, []byte("unknown"))
	return audiosocket.AppendMessage(b, audiosocket.Terminate, nil)
}

// chunks gives n bytes a Read.
type chunks struct {
	r io.Reader
	n int
}

func (c chunks) Read(b []byte) (int, error) { return c.r.Read(b[:min(len(b), c.n)]) }

func TestReaderTakesAnyFragmentation(t *testing.T) {
	t.Parallel()
	all := conversation(t)
	want := read(t, all)
	if len(want) != 18 {
		t.Fatalf("%d messages", len(want))
	}
	for name, r := range map[string]io.Reader{
		"one byte":         iotest.OneByteReader(bytes.NewReader(all)),
		"two":              chunks{bytes.NewReader(all), 2},
		"halves":           iotest.HalfReader(bytes.NewReader(all)),
		"data with EOF":    iotest.DataErrReader(bytes.NewReader(all)),
		"segments of 1448": chunks{bytes.NewReader(all), 1448},
	} {
		in := audiosocket.NewReader(r, time.Second)
		for i := range want {
			m, err := in.Next()
			if err != nil || m.Kind != want[i].Kind || !bytes.Equal(m.Payload, want[i].Payload) {
				t.Fatalf("%s: message %d is %s of %d bytes, %v", name, i, m.Kind, len(m.Payload), err)
			}
		}
		if _, err := in.Next(); !errors.Is(err, io.EOF) {
			t.Errorf("%s: end: %v", name, err)
		}
	}
}

func TestReaderTellsTheEndInsideAMessageFromTheEndBetween(t *testing.T) {
	t.Parallel()
	whole := audiosocket.AppendAudio(nil, audiosocket.Slin8, []int16{1, 2, 3})
	for n := range whole {
		_, err := audiosocket.NewReader(bytes.NewReader(whole[:n]), 0).Next()
		want := io.ErrUnexpectedEOF
		if n == 0 {
			want = io.EOF
		}
		if !errors.Is(err, want) || want == io.ErrUnexpectedEOF && errors.Is(err, io.EOF) {
			t.Errorf("%d bytes: %v, want %v", n, err, want)
		}
	}
}

func TestReaderGivesUpOnAMessageThatIsNotCompleted(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer a.Close()
	defer b.Close()
	in := audiosocket.NewReader(b, 100*time.Millisecond)
	go func() { _, _ = a.Write(unhex(t, "10 00 02 01 00 10 00")) }()
	if m, err := in.Next(); err != nil || m.Kind != audiosocket.Slin8 {
		t.Fatal(m, err)
	}
	if m, err := in.Next(); !errors.Is(err, audiosocket.ErrStalled) {
		t.Errorf("%v, %v", m, err)
	}
}

// trickle sends a byte every few ms for ever: each alone comes in time, the message
// does not.
func TestReaderGivesUpOnAMessageThatTrickles(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer b.Close()
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = a.Write([]byte{0x10, 0xff, 0xff})
		for {
			if _, err := a.Write([]byte{0}); err != nil {
				return
			}
			time.Sleep(5 * time.Millisecond)
		}
	}()
	started := time.Now()
	_, err := audiosocket.NewReader(b, 100*time.Millisecond).Next()
	if took := time.Since(started); !errors.Is(err, audiosocket.ErrStalled) || took > 10*time.Second {
		t.Errorf("%v after %v", err, took)
	}
	b.Close()
	<-done
}

// clock is a connection that notes its deadlines.
type clock struct {
	io.Reader
	set []time.Time
}

func (c *clock) SetReadDeadline(t time.Time) error {
	c.set = append(c.set, t)
	return nil
}

func TestReaderWaitsForEverBetweenMessages(t *testing.T) {
	t.Parallel()
	c := &clock{Reader: chunks{bytes.NewReader(unhex(t, "1000020100 1000020100")), 5}}
	in := audiosocket.NewReader(c, time.Second)
	for range 2 {
		if _, err := in.Next(); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.set) != 0 {
		t.Errorf("whole messages set the deadlines %v", c.set)
	}
	c.Reader = chunks{bytes.NewReader(unhex(t, "1000020100")), 2}
	if _, err := in.Next(); err != nil {
		t.Fatal(err)
	}
	if len(c.set) != 2 || c.set[0].IsZero() || !c.set[1].IsZero() {
		t.Errorf("a message in three parts set the deadlines %v, want one, then none", c.set)
	}
}

func TestReaderReturnsADeadlineThatIsNotItsOwn(t *testing.T) {
	t.Parallel()
	_, err := audiosocket.NewReader(iotest.ErrReader(os.ErrDeadlineExceeded), time.Second).Next()
	if !errors.Is(err, os.ErrDeadlineExceeded) || errors.Is(err, audiosocket.ErrStalled) {
		t.Errorf("%v", err)
	}
}

func TestReaderDoesNotSpinOnAReaderThatGivesNothing(t *testing.T) {
	t.Parallel()
	if _, err := audiosocket.NewReader(chunks{bytes.NewReader([]byte{1}), 0}, 0).Next(); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("%v", err)
	}
}

func TestReaderMemoryGrowsWithWhatCameNotWithWhatALengthPromises(t *testing.T) {
	t.Parallel()
	in := audiosocket.NewReader(bytes.NewReader([]byte{0x10, 0xff, 0xff, 1, 2}), 0)
	if _, err := in.Next(); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Fatal(err)
	}
	if n := in.Buffered(); n > 1024 {
		t.Errorf("5 bytes are kept in %d", n)
	}
	all := bytes.Repeat(audiosocket.AppendMessage(nil, audiosocket.Slin192, make([]byte, 65535)), 3)
	all = append(all, bytes.Repeat(audiosocket.AppendMessage(nil, audiosocket.Slin8, make([]byte, 320)), 500)...)
	in = audiosocket.NewReader(bytes.NewReader(all), 0)
	for range 503 {
		if _, err := in.Next(); err != nil {
			t.Fatal(err)
		}
		if n := in.Buffered(); n > 65538 {
			t.Fatalf("a message is kept in %d bytes", n)
		}
	}
	if _, err := in.Next(); !errors.Is(err, io.EOF) || in.Buffered() > 8192 {
		t.Errorf("after small messages the buffer has %d bytes (%v)", in.Buffered(), err)
	}
}

func TestReaderAllocatesNothingPerMessage(t *testing.T) {
	message := audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))
	src := &endless{message: message}
	in := audiosocket.NewReader(src, time.Second)
	var pcm []int16
	if n := testing.AllocsPerRun(1000, func() {
		m, err := in.Next()
		if err != nil || audiosocket.Interpret(m, true, audiosocket.Upstream).What != audiosocket.Audio {
			t.Fatal(m, err)
		}
		pcm = audiosocket.PCM(pcm[:0], m.Payload)
	}); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

// endless repeats a message, in pieces of 100 bytes.
type endless struct {
	message []byte
	at      int
}

func (e *endless) Read(b []byte) (int, error) {
	n := copy(b[:min(len(b), 100)], e.message[e.at:])
	e.at = (e.at + n) % len(e.message)
	return n, nil
}

// TestCapturesOfAsterisk23 counts what the recordings hold.
func TestCapturesOfAsterisk23(t *testing.T) {
	t.Parallel()
	type count struct {
		Kinds  map[audiosocket.Kind]int
		Sizes  map[int]int
		Digits string
	}
	for file, want := range map[string]count{
		"audiosocket-asterisk.bin":             {map[audiosocket.Kind]int{1: 1, 0x10: 167, 3: 4}, map[int]int{16: 1, 320: 167, 1: 4}, "15#*"},
		"audiosocket-asterisk-chan-slin16.bin": {map[audiosocket.Kind]int{1: 1, 0x12: 92, 3: 1}, map[int]int{16: 1, 640: 92, 1: 1}, "7"},
	} {
		got := count{Kinds: map[audiosocket.Kind]int{}, Sizes: map[int]int{}}
		for _, m := range read(t, capture(t, file)) {
			got.Kinds[m.Kind]++
			got.Sizes[len(m.Payload)]++
			if x := audiosocket.Interpret(m, true, audiosocket.Upstream); x.What == audiosocket.Key {
				got.Digits += string(x.Digit)
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", file, diff)
		}
	}
}

func capture(t testing.TB, file string) []byte {
	t.Helper()
	b, err := os.ReadFile("testdata/captures/" + file)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
