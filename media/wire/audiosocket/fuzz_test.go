package audiosocket_test

import (
	"bytes"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"testing/iotest"
	"time"

	"rms/media/wire/audiosocket"
)

// seeds adds the corpus and the beginnings of the captures.
func seeds(f *testing.F) {
	f.Helper()
	files, err := filepath.Glob("testdata/c*/*.bin")
	if err != nil || len(files) < 18 {
		f.Fatal(files, err)
	}
	for _, file := range files {
		b, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b[:min(len(b), 2000)])
	}
	f.Add(unhex(f, "02 00 06 01 35 00 00 00 00 03 00 01 04 ff 00 01 04 77 00 01 00"))
}

func FuzzAudioSocket(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, b []byte) {
		whole := audiosocket.NewReader(bytes.NewReader(b), 0)
		parts := audiosocket.NewReader(iotest.OneByteReader(bytes.NewReader(b)), 0)
		var again []byte
		for {
			m, err := whole.Next()
			n, err2 := parts.Next()
			if !errors.Is(err, err2) || m.Kind != n.Kind || !bytes.Equal(m.Payload, n.Payload) {
				t.Fatalf("whole: %v, %v; in parts: %v, %v", m, err, n, err2)
			}
			if whole.Buffered() > 512+2*len(b) || parts.Buffered() > 512+2*len(b) {
				t.Fatalf("%d bytes are kept in %d and %d", len(b), whole.Buffered(), parts.Buffered())
			}
			if err != nil {
				if rest := len(b) - len(again); (rest == 0) != errors.Is(err, io.EOF) {
					t.Fatalf("%v with %d bytes left", err, rest)
				}
				break
			}
			again = audiosocket.AppendMessage(again, m.Kind, m.Payload)
			checkMeanings(t, m)
		}
		if !bytes.HasPrefix(b, again) {
			t.Fatalf("%x was read as %x", b, again)
		}
	})
}

// checkMeanings checks what is true of every meaning.
func checkMeanings(t *testing.T, m audiosocket.Message) {
	t.Helper()
	for _, d := range []audiosocket.Dialect{audiosocket.Auto, audiosocket.Upstream, audiosocket.Fork} {
		for _, side := range []bool{server, client} {
			x := audiosocket.Interpret(m, side, d)
			switch {
			case x.What == audiosocket.Key && bytes.IndexByte([]byte("0123456789*#ABCD"), x.Digit) < 0,
				x.What != audiosocket.Key && x.Digit != 0,
				x.Duration < 0 || x.Duration > 1<<31*time.Millisecond,
				x.What == audiosocket.ControlSignal && side == server,
				x.What == audiosocket.Audio && (m.Kind.Rate() == 0 || len(m.Payload) == 0):
				t.Fatalf("%s %x means %+v", m.Kind, m.Payload, x)
			}
		}
	}
	if n := len(audiosocket.PCM(nil, m.Payload)); n != len(m.Payload)/2 {
		t.Fatalf("%d bytes are %d samples", len(m.Payload), n)
	}
}

// FuzzAudioSocketServer lets a far end say anything, in segments of any size, and
// checks that the server ends and says nothing that drops a call of Asterisk's.
func FuzzAudioSocketServer(f *testing.F) {
	seeds(f)
	s := listen(f, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
		for {
			m, err := p.Next()
			if err != nil {
				return
			}
			if p.Dialect() == audiosocket.Upstream {
				_ = errors.Join(p.Digit('1', 0), p.Signal(audiosocket.SignalAnswer), p.Write(nil, 8000))
			}
			_ = p.Write(p.PCM(nil, m), 8000)
		}
	})
	f.Fuzz(func(t *testing.T, b []byte) {
		here, there := net.Pipe()
		s.Admit(there)
		said := make(chan []byte)
		go func() {
			all, _ := io.ReadAll(here)
			said <- all
		}()
		size := 1 + len(b)/7
		for rest := b; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			if _, err := here.Write(rest[:min(size, len(rest))]); err != nil {
				break
			}
		}
		here.Close()
		in := audiosocket.NewReader(bytes.NewReader(<-said), 0)
		for {
			m, err := in.Next()
			if err != nil {
				break
			}
			if m.Kind != audiosocket.Terminate && m.Kind != audiosocket.Slin8 || m.Kind == audiosocket.Slin8 && len(m.Payload) == 0 {
				t.Fatalf("the server said %s with %d bytes", m.Kind, len(m.Payload))
			}
		}
		await(t, "the end", func() bool { return s.Stats().Open == 0 })
	})
}
