package esl

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

var seeds = []string{
	"auth ClueCon\n\n", "api status\n\n", "bgapi version short\nJob-UUID: my-job-1\n\n", "event plain BACKGROUND_JOB CUSTOM a::b\n\n",
	"sendmsg 00000000-0000-0000-0000-000000000000\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: a.wav\nloops: -1\nevent-lock: true\n\n",
	"sendevent CUSTOM\nEvent-Subclass: my::sub\nContent-Length: 5\n\nhello", "\r\n\nexit\r\n\r\n", "x\nContent-Length: -1\n\n",
	"sendevent CUSTOM\nContent-Length: 9223372036854775808\n\n", "filter X /(a/\n\nfilter delete all\n\n", "nixevent all\n\nnoevents\n\n", "myevents x json\n\nlinger 5\n\n",
	"event json ALL\n\nsendevent NOTIFY\nA: b\nA: c\nContent-Length: 2\n\n\xff\n", "log 7\n\nnolog\n\ndivert_events on\n\ngetvar x\n\nresume\n\nconnect\n\n",
}

// What the parser takes it takes whole, and never more than it may.
func FuzzESL(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		in := bufio.NewReaderSize(bytes.NewReader(data), lineBuffer)
		for {
			c, err := readCommand(in, maxBody)
			if err != nil {
				if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, errBlock) && !errors.Is(err, errLength) {
					t.Fatal(err)
				}
				return
			}
			if c.line == "" || strings.ContainsAny(c.line, "\n") || len(c.body) > maxBody || len(c.body) > len(data) || c.hasBody != (c.body != "") {
				t.Fatalf("%+v", c)
			}
			for _, h := range c.headers {
				if strings.Contains(h.name+h.value, "\n") {
					t.Fatalf("%+v", h)
				}
			}
			e := &event{lists: true, headers: c.headers, body: c.body, hasBody: c.hasBody}
			for form := range formats {
				checkWire(t, e.wire(form))
			}
		}
	})
}

// checkWire reads an event as a client does.
func checkWire(t *testing.T, wire []byte) {
	t.Helper()
	in := bufio.NewReader(bytes.NewReader(wire))
	left := 1 << 30
	first, err := readLine(in, &left)
	if err != nil || !strings.HasPrefix(first, "Content-Length: ") {
		t.Fatalf("%q, %v", first, err)
	}
	_, rest, ok := bytes.Cut(wire, []byte("\n\n"))
	if !ok || number(int64(len(rest))) != strings.TrimPrefix(first, "Content-Length: ") {
		t.Fatalf("the length of %q is not that of its %d bytes", wire, len(rest))
	}
}

// nobody is a script without routes.
type nobody struct{}

func (nobody) Has(string) bool                           { return false }
func (nobody) Run(*call.Exec, string, func(error)) error { return errors.New("no script") }

// halfClosed is a connection to a client that has said all it will ever say and listens:
// a body that never comes ends there, and is not waited for.
type halfClosed struct {
	net.Conn
	said io.Reader
}

func (h *halfClosed) Read(p []byte) (int, error) { return h.said.Read(p) }

// Whatever a client says, the server answers in whole messages and lets go of it.
func FuzzSession(f *testing.F) {
	for _, s := range seeds {
		f.Add([]byte(s))
	}
	f.Add([]byte(strings.Join(seeds[1:], "")))
	m := call.NewManager(call.Options{Router: nobody{}, Log: zerolog.Nop()})
	s := New(Options{Manager: m, Password: "secret", Logs: NewLogRing(), Log: zerolog.Nop()})
	s.start()
	f.Cleanup(func() {
		s.Close()
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		m.Close(ctx)
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		far, near := net.Pipe()
		said := io.MultiReader(strings.NewReader("auth secret\n\n"), bytes.NewReader(data), strings.NewReader("\n\nexit\n\n"))
		c := newConn(s, &halfClosed{near, said})
		if err := s.enter(c); err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer s.wait.Done()
			c.inbound()
		}()
		checkStream(t, far)
		_ = far.Close()
		<-done
	})
}

// checkStream reads messages until the end.
func checkStream(t *testing.T, from io.Reader) {
	t.Helper()
	in := bufio.NewReader(from)
	for {
		length, left := 0, 1<<20
		for begun := false; ; begun = true {
			line, err := readLine(in, &left)
			if err != nil {
				return
			}
			if line == "" {
				break
			}
			name, value, ok := strings.Cut(line, ":")
			if !ok {
				t.Errorf("line %q (first of a message: %v)", line, !begun)
				return
			}
			if name == "Content-Length" {
				for _, ch := range strings.TrimSpace(value) {
					length = 10*length + int(ch-'0')
				}
			}
		}
		if _, err := io.CopyN(io.Discard, in, int64(length)); err != nil {
			return
		}
	}
}
