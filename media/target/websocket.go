package target

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/coder/websocket"

	"rms/media"
)

func init() {
	Register(&Scheme{
		Names: []string{"ws", "wss"},
		Doc:   "frames of mod_audio_stream over a websocket: ws://host/path, wss://host/path",
		Check: websocketCheck,
		Open:  websocketOpen,
	})
}

// endless bounds nothing. The library pays for contexts that can end with every
// message; a connection here is broken off by closing its socket.
var endless = context.Background()

// MarksClearer is a Handler that can drop the marks that have not been reached and
// go on playing, as clearMarks of jambonz wants. Clear(true) is called for others.
type MarksClearer interface {
	ClearMarks()
}

// Messenger is a Handler for which binary messages may be texts, as they were for the
// first generation of mod_audio_stream: up to their first zero byte.
type Messenger interface {
	TakesBinary() bool
}

// Graceful is a Conn that can end the audio and stay open for what the far end has
// still to say (graceful-shutdown).
type Graceful interface {
	// Graceful sends the audio that Write kept, then a binary message without bytes.
	// What is written later is dropped.
	Graceful() error
}

// wsConn is a connection to a websocket server. The library makes the handshake, reads
// messages, writes texts and compresses; control frames are wsWire's, and frames of
// audio that is not compressed are made here.
type wsConn struct {
	// What each frame needs lies together.
	turn   turn         // to write a message
	over   atomic.Bool  // settled is closed, or about to be
	prompt bool         // TryWrite may be used
	muted  bool         // Graceful was called; with turn
	format media.Format // of what Write gets
	wire   *wsWire
	length int    // of a frame, in bytes
	frame  []byte // audio that waits for the rest of its frame; with turn
	stats  wsStats

	out      []byte // a frame as it leaves; with turn
	ws       *websocket.Conn
	remote   netip.AddrPort
	playRate int // of binary messages, in Hz
	g1       bool

	reading atomic.Bool // Serve, or Finish without it, reads
	in      wsInput
	beat    wsHeartbeat

	mu      sync.Mutex
	ended   *Ended
	settled chan struct{} // closed when ended is set
}

// wsStats are the counters behind Stats.
type wsStats struct {
	framesOut, bytesOut, framesIn, bytesIn, textOut, textIn, dropped, malformed atomic.Uint64
}

// Stats returns the counters. Bytes are those of audio.
func (c *wsConn) Stats() Stats {
	s := &c.stats
	return Stats{
		FramesOut: s.framesOut.Load(), BytesOut: s.bytesOut.Load(),
		FramesIn: s.framesIn.Load(), BytesIn: s.bytesIn.Load(),
		TextOut: s.textOut.Load(), TextIn: s.textIn.Load(),
		Dropped: s.dropped.Load(), Malformed: s.malformed.Load(),
	}
}

// Remote returns the server's address, or its proxy's.
func (c *wsConn) Remote() netip.AddrPort { return c.remote }

// Digit sends nothing: the protocol has no message for keys.
func (c *wsConn) Digit(byte, time.Duration) error { return nil }

// settle decides how the connection ended, unless that is decided already, and
// returns the decision.
func (c *wsConn) settle(e Ended) Ended {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil {
		c.ended = &e
		c.over.Store(true)
		close(c.settled)
	}
	return *c.ended
}

// gone is the error of a connection that has ended.
func (c *wsConn) gone() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.ended == nil || c.ended.By == ByLocal {
		return ErrClosed
	}
	if c.ended.Text != "" {
		return errors.New(c.ended.Text)
	}
	return fmt.Errorf("the far end closed the stream: %d %q", c.ended.Code, c.ended.Reason)
}
