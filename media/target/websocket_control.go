package target

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"time"
)

// wsWork counts goroutines of a connection, so that its Close can wait for them.
type wsWork struct {
	mu     sync.Mutex
	closed bool
	group  sync.WaitGroup
}

// begin allows one more; group.Done ends it. It is false when the connection ends.
func (w *wsWork) begin() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed {
		return false
	}
	w.group.Add(1)
	return true
}

func (w *wsWork) wait() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.group.Wait()
}

// control writes a control frame of at most 125 bytes, masked (RFC 6455 section 5.3).
func (w *wsWire) control(opcode byte, payload []byte) error {
	frame := make([]byte, 6, 6+len(payload))
	frame[0], frame[1] = 0x80|opcode, 0x80|byte(len(payload))
	_, _ = rand.Read(frame[2:6]) // never fails
	for i, b := range payload {
		frame = append(frame, b^frame[2+i%4])
	}
	return w.send(frame, opcode == wsClose)
}

// goodbye writes CLOSE; the code 1005 stands for one without code. When it cannot be
// written in time the connection is cut.
func (w *wsWire) goodbye(code int, reason string, limit time.Duration) {
	var payload []byte
	if code != 1005 {
		payload = binary.BigEndian.AppendUint16(nil, uint16(code))
		payload = append(payload, reason[:min(len(reason), 123)]...)
	}
	t := time.AfterFunc(limit, w.cut)
	defer t.Stop()
	_ = w.control(wsClose, payload) // who cannot be told finds out
}

// wsPongsMost is how many pings may wait for their answer; of a flood only the last
// ones are answered, as RFC 6455 section 5.5.3 allows.
const wsPongsMost = 16

// wsPongs are the answers to pings. They are written on a goroutine that lives while
// there are any: the one that reads must not wait for a far end that does not.
type wsPongs struct {
	mu     sync.Mutex
	queue  [][]byte
	active bool
}

// answer queues the answer to a ping.
func (w *wsWire) answer(payload []byte) {
	p := &w.pongs
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.queue) == wsPongsMost {
		p.queue = p.queue[:wsPongsMost-1]
	}
	p.queue = append(p.queue, bytes.Clone(payload))
	if !p.active && w.work.begin() {
		p.active = true
		go w.writePongs()
	}
}

func (w *wsWire) writePongs() {
	defer w.work.group.Done()
	for {
		w.pongs.mu.Lock()
		queue := w.pongs.queue
		w.pongs.queue = nil
		w.pongs.active = len(queue) > 0
		w.pongs.mu.Unlock()
		if len(queue) == 0 {
			return
		}
		for _, payload := range queue {
			_ = w.control(wsPong, payload) // the reader learns of a broken connection
		}
	}
}

// wsPingTimeout is how the first generation of mod_audio_stream words it.
const wsPingTimeout = "Ping timeout"

// wsHeartbeat pings at an interval and expects a pong within the next one. It is a
// timer: between pings it costs no goroutine.
type wsHeartbeat struct {
	every time.Duration // 0 is none
	timer *time.Timer

	busy atomic.Bool // a ping is being written
	mu   sync.Mutex
	owed bool          // no pong since the ping at asked
	at   time.Duration // wsIdle.waited at that ping
}

// start begins to ping; the first goes out after one interval.
func (c *wsConn) startHeartbeat(every time.Duration) {
	if every <= 0 {
		return
	}
	c.beat.every = every
	c.wire.idle.on = true
	c.beat.mu.Lock()
	defer c.beat.mu.Unlock()
	c.beat.timer = time.AfterFunc(every, c.ping)
}

// stop ends it; a ping that is being written ends with the connection.
func (h *wsHeartbeat) stop() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Stop()
		h.timer = nil
	}
}

// again sets the timer for the next ping, unless it was stopped.
func (h *wsHeartbeat) again() {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.timer != nil {
		h.timer.Reset(h.every)
	}
}

// ping is run by the timer.
func (c *wsConn) ping() {
	w := c.wire
	if !w.work.begin() {
		return
	}
	defer w.work.group.Done()
	if c.beat.missed(w.idle.waited()) {
		c.settle(Ended{
			By: ByTimeout, Code: 1011, Reason: wsPingTimeout,
			Error: CodePingTimeout, Text: wsPingTimeout, Again: true,
		})
		w.goodbye(1011, wsPingTimeout, wsGoodbyeLimit)
		w.cut()
		return
	}
	c.beat.again()
	if c.beat.busy.Swap(true) {
		return
	}
	defer c.beat.busy.Store(false)
	_ = w.control(wsPing, []byte("ping")) // the reader learns of a broken connection
}

// missed notes that a ping goes out now, and says whether the one before went
// unanswered for an interval in which there was nothing else to read: while we take
// our time over what the server sent, its pong waits behind that.
func (h *wsHeartbeat) missed(waited time.Duration) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.owed {
		return waited-h.at >= h.every*3/4
	}
	h.owed, h.at = true, waited
	return false
}

// pong notes that one came, whatever it holds.
func (h *wsHeartbeat) pong() {
	h.mu.Lock()
	h.owed = false
	h.mu.Unlock()
}
