package sink

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"rms/media"
)

// wsStream is one client of a websocket sink.
type wsStream struct {
	*stream
	server *wsServer
	conn   *websocket.Conn
	raw    net.Conn // below conn

	lane     *lane
	rate     int
	channels int
	known    bool // the URL or the metadata said rate and channels
	heard    bool // a text message came
	held     []byte
	heldAt   time.Time
	rest     []byte // of a sample that is not whole yet
	pcm      []int16
	buf      []byte
	echo     chan []byte
	backRate atomic.Int64 // in Hz, of what is sent to the client

	tuned chan struct{} // closed once rate and channels are sure
	local chan struct{} // closed when our side ends the stream
	wg    sync.WaitGroup
}

const (
	wsBuffer = 8 << 10 // bytes that are read at a time
	echoMost = 64      // frames that wait to be sent back
)

// serve reads until the stream ends from either side.
func (c *wsStream) serve(ctx context.Context) {
	c.lane = c.newLane("", "", true)
	c.buf, c.tuned, c.local = make([]byte, wsBuffer), make(chan struct{}), make(chan struct{})
	c.backRate.Store(int64(c.rate))
	if c.known {
		c.tune()
	}
	ctx, cancel := context.WithCancel(ctx)
	c.startBack(ctx)
	err := c.read(ctx)
	cancel()
	c.wg.Wait()
	c.flushHeld()
	cause, why, code := c.ending(err)
	_ = c.raw.Close()
	c.end(cause, why, code)
}

func (c *wsStream) read(ctx context.Context) error {
	stall := newStall(c.board.o, c.started)
	for {
		stall.wait(c.local)
		kind, r, err := c.conn.Reader(ctx)
		if err != nil {
			return err
		}
		if kind == websocket.MessageText {
			err = c.text(r)
		} else {
			err = c.binary(r)
		}
		if err != nil {
			return err
		}
	}
}

// ending says how the connection ended.
func (c *wsStream) ending(err error) (cause, why string, code int) {
	var closed websocket.CloseError
	switch {
	case isClosed(c.local) && c.board.o.WS.CloseCode == 1006:
		return causeLocal, "connection broken off", 1006
	case isClosed(c.local):
		return causeLocal, c.board.o.WS.CloseReason, c.board.o.WS.CloseCode
	case errors.As(err, &closed):
		return causeRemote, closed.Reason, int(closed.Code)
	case errors.Is(err, websocket.ErrMessageTooBig):
		return causeError, fmt.Sprintf("message of more than %d bytes", messageMost), int(websocket.StatusMessageTooBig)
	case errors.Is(err, io.EOF):
		return causeRemote, "connection closed without a close frame", 1006
	}
	return causeError, err.Error(), 1006
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// binary takes one message of audio. However large it is, it is read piece by piece.
func (c *wsStream) binary(r io.Reader) error {
	at := time.Now()
	if !c.known && !c.heard && c.held == nil {
		return c.hold(r, at)
	}
	c.flushHeld()
	n, err := c.pieces(r)
	c.count(n, at)
	return err
}

// pieces takes what is left of a message.
func (c *wsStream) pieces(r io.Reader) (size int, err error) {
	for {
		n, err := r.Read(c.buf)
		c.samples(c.buf[:n])
		size += n
		if errors.Is(err, io.EOF) {
			return size, nil
		}
		if err != nil {
			return size, err
		}
	}
}

// hold keeps the first message back when nothing has said its format: libwsc sends one
// before the metadata now and then. One that is too large to be a frame is taken at once.
func (c *wsStream) hold(r io.Reader, at time.Time) error {
	b, err := io.ReadAll(io.LimitReader(r, wsBuffer))
	if err != nil {
		return err
	}
	c.held, c.heldAt = b, at
	if len(b) < wsBuffer {
		if len(b) == 0 {
			c.held = nil
		}
		return nil
	}
	c.held, c.known = nil, true
	c.tune()
	c.samples(b)
	n, err := c.pieces(r)
	c.count(len(b)+n, at)
	return err
}

func (c *wsStream) flushHeld() {
	c.tune()
	if b := c.held; b != nil {
		c.held, c.known = nil, true
		c.samples(b)
		c.count(len(b), c.heldAt)
	}
}

// count counts a message. One without a byte says that no more audio follows
// (graceful-shutdown of mod_audio_fork).
func (c *wsStream) count(size int, at time.Time) {
	if size == 0 {
		c.board.add("ws_empty")
		return
	}
	c.arrive(c.lane, at, size)
}

// samples takes audio; a sample may be cut anywhere.
func (c *wsStream) samples(b []byte) {
	c.sendBack(b)
	block := 2 * c.channels
	if len(c.rest) > 0 {
		n := min(block-len(c.rest), len(b))
		c.rest = append(c.rest, b[:n]...)
		b = b[n:]
		if len(c.rest) < block {
			return
		}
		c.decode(c.rest)
		c.rest = c.rest[:0]
	}
	whole := len(b) - len(b)%block
	c.decode(b[:whole])
	c.rest = append(c.rest, b[whole:]...)
}

func (c *wsStream) decode(b []byte) {
	c.pcm = c.pcm[:0]
	for ; len(b) >= 2; b = b[2:] {
		c.pcm = append(c.pcm, int16(binary.LittleEndian.Uint16(b)))
	}
	if len(c.pcm) > 0 {
		c.audio(c.lane, c.pcm, media.Format{Rate: c.rate, Channels: c.channels}, "L16")
	}
}

// tune makes rate and channels sure for what is sent back.
func (c *wsStream) tune() {
	c.backRate.Store(int64(c.rate))
	if !isClosed(c.tuned) {
		close(c.tuned)
	}
}
