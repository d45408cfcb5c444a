//go:build unix

package target

import (
	"io"
	"math/rand/v2"
	"net"
	"testing"
	"time"
)

// accepted returns both ends of a TCP connection.
func accepted(t *testing.T) (ours, theirs net.Conn) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = l.Close() }()
	if ours, err = net.Dial("tcp", l.Addr().String()); err != nil {
		t.Fatal(err)
	}
	if theirs, err = l.Accept(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = ours.Close(), theirs.Close() })
	return ours, theirs
}

func TestPromptConnThatWasClosedWritesToNobodyElse(t *testing.T) {
	t.Parallel()
	ours, theirs := accepted(t)
	p := newPromptConn(ours)
	p.hold = true
	if n, err := p.Write([]byte("one")); n != 3 || err != nil || !p.clear() {
		t.Fatal(n, err)
	}
	if err := p.Close(); err != nil {
		t.Fatal(err)
	}
	var others []net.Conn
	for range 20 { // one of them gets the number of the descriptor
		a, b := accepted(t)
		others = append(others, a, b)
	}
	if _, err := p.Write([]byte("two")); err == nil {
		t.Error("a closed socket took something")
	}
	if b, err := io.ReadAll(theirs); string(b) != "one" || err != nil {
		t.Errorf("the far end read %q, %v", b, err)
	}
	for _, c := range others {
		_ = c.SetReadDeadline(time.Now().Add(time.Millisecond))
		if n, _ := c.Read(make([]byte, 8)); n > 0 {
			t.Error("another connection was written to")
		}
	}
}

func TestPromptConnOfNoSocketIsNeverWrittenWithoutWaiting(t *testing.T) {
	t.Parallel()
	a, b := net.Pipe()
	defer func() { _, _ = a.Close(), b.Close() }()
	if newPromptConn(a).clear() {
		t.Error("a pipe can be written to without waiting")
	}
}

func TestSamplesOfAWholeFrameAreMaskedAsAnyOther(t *testing.T) {
	t.Parallel()
	for n := range 300 {
		pcm := make([]int16, n)
		plain := []byte{}
		for i := range pcm {
			pcm[i] = int16(rand.Uint32())
			plain = append(plain, byte(pcm[i]), byte(uint16(pcm[i])>>8))
		}
		mask := rand.Uint32()
		want := string(appendWSBinary(nil, plain, mask))
		if got := string(appendSamples(appendWSHead(nil, 2*n, mask), pcm, mask)); got != want {
			t.Fatalf("%d samples: % x, want % x", n, got, want)
		}
	}
}
