package load

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

const (
	tapLazy    = 200 * time.Millisecond // a stream that is not probed is read this often
	tapPatient = 5 * time.Second        // a connection says within this which call it is of
)

// tap is the far end of the streams of a run: it accepts them, counts what comes and
// looks for pulses. Streams that are not probed are read rarely after their first
// audio, so that receiving costs the machine little: what they count is exact.
type tap struct {
	kind     wire
	listener net.Listener
	probed   func(index int) bool
	stalled  func(index int) bool
	pulses   func(index int) bool // the caller sends pulses: the delay is measured
	pulsed   []atomic.Int64       // when the last pulse of a call was sent, ns of the wall clock; 0: none yet

	quit chan struct{}
	thaw chan struct{} // closed: streams that are not read are read again
	live atomic.Int64  // from when on those are measured, ns of the wall clock; 0: not yet
	wait sync.WaitGroup

	mu      sync.Mutex
	open    map[net.Conn]struct{}
	streams map[int]*tapped
	strange int // connections of no call of ours
	again   int // second connections of a call
	delays  histogram
	heard   uint64
	belated histogram // delays of stalled streams that are read again
}

// tapped is the stream of one call. Its connection alone writes it.
type tapped struct {
	index     int
	connected int64 // ns of the wall clock: the handshake was answered, or the identity came
	first     int64 // arrival of the first audio
	ended     int64 // the connection was over
	frames    uint64
	bytes     uint64
	size      int    // bytes of the first audio message
	odd       uint64 // audio messages of another size
	text      uint64
	seen      int64 // send time of the last pulse that was seen
	back      bool  // it was stalled, and is live again
	clean     bool  // the end was a goodbye
}

func newTap(ctx context.Context, kind wire, listen string, calls int) (*tap, error) {
	var config net.ListenConfig
	l, err := config.Listen(ctx, "tcp", listen)
	if err != nil {
		return nil, fmt.Errorf("listen for streams: %w", err)
	}
	t := &tap{
		kind: kind, listener: l, pulsed: make([]atomic.Int64, calls),
		probed: func(int) bool { return false }, stalled: func(int) bool { return false }, pulses: func(int) bool { return false },
		quit: make(chan struct{}), thaw: make(chan struct{}),
		open: map[net.Conn]struct{}{}, streams: map[int]*tapped{},
	}
	return t, nil
}

func (t *tap) url() string { return t.kind.url(t.listener.Addr().String()) }

func (t *tap) start() { t.wait.Go(t.accept) }

func (t *tap) accept() {
	for {
		c, err := t.listener.Accept()
		if err != nil {
			return
		}
		if !t.keep(c) {
			_ = c.Close()
			return
		}
		t.wait.Go(func() {
			t.serve(c)
			t.drop(c)
		})
	}
}

func (t *tap) keep(c net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		return false
	}
	t.open[c] = struct{}{}
	return true
}

func (t *tap) drop(c net.Conn) {
	_ = c.Close()
	t.mu.Lock()
	delete(t.open, c)
	t.mu.Unlock()
}

func (t *tap) serve(conn net.Conn) {
	c := &tapSource{conn: conn, fd: -1, quit: t.quit, lazy: tapLazy}
	defer c.release()
	r := bufio.NewReaderSize(c, tapBuffer)
	_ = conn.SetReadDeadline(time.Now().Add(tapPatient))
	index, err := t.kind.greet(c, r)
	s := &tapped{index: index, connected: time.Now().UnixNano()}
	if err != nil || !t.admit(s) {
		return
	}
	_ = conn.SetReadDeadline(time.Time{})
	if t.stalled(index) {
		c.stall(t.thaw)
	}
	for err == nil {
		if err = t.read(c, r, s); s.frames == 1 && !t.probed(index) {
			c.calm()
		}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	s.ended, s.clean = time.Now().UnixNano(), errors.Is(err, errGoodbye)
}

// admit books a stream under its call.
func (t *tap) admit(s *tapped) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if s.index < 0 || s.index >= len(t.pulsed) {
		t.strange++
		return false
	}
	if t.streams[s.index] != nil {
		t.again++
		return false
	}
	t.streams[s.index] = s
	return true
}

// read takes one message.
func (t *tap) read(c io.Writer, r *bufio.Reader, s *tapped) error {
	audio, text, err := t.kind.next(c, r)
	if err != nil {
		return err
	}
	if text {
		s.text++
	}
	if audio != nil {
		t.count(s, audio)
	}
	return nil
}

func (t *tap) count(s *tapped, audio []byte) {
	if s.frames == 0 {
		s.first, s.size = time.Now().UnixNano(), len(audio)
	}
	s.frames++
	s.bytes += uint64(len(audio))
	if len(audio) != s.size {
		s.odd++
	}
	if t.pulses(s.index) && pulseIn(audio) {
		t.pulse(s, t.stalled(s.index))
	}
}

// pulse measures how long a pulse took.
func (t *tap) pulse(s *tapped, stalled bool) {
	at, sent, live := time.Now().UnixNano(), t.pulsed[s.index].Load(), t.live.Load()
	if sent == 0 || sent == s.seen || stalled && (live == 0 || sent < live) {
		return
	}
	s.seen = sent
	t.mu.Lock()
	defer t.mu.Unlock()
	if stalled {
		s.back = true
		t.belated.add(at - sent)
		return
	}
	t.delays.add(at - sent)
	t.heard++
}

// stop waits a while for the streams to end by themselves, then ends them.
func (t *tap) stop(patience time.Duration) {
	close(t.quit)
	_ = t.listener.Close()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline) && t.standing() > 0; {
		timer := time.NewTimer(20 * time.Millisecond)
		<-timer.C
	}
	t.mu.Lock()
	for c := range t.open {
		_ = c.Close()
	}
	t.open = nil
	t.mu.Unlock()
	t.wait.Wait()
}

func (t *tap) standing() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return len(t.open)
}
