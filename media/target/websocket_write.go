package target

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"time"

	"github.com/coder/websocket"

	"rms/media"
)

// wsCauseLimit is how long a write that failed waits for the reader to say why.
const wsCauseLimit = time.Second

// Write cuts PCM into frames, signed 16 bit little-endian without header. What was
// lost before f is left out.
func (c *wsConn) Write(f *media.Frame) error {
	if len(f.PCM) == 0 {
		return nil
	}
	if f.Format != c.format {
		return fmt.Errorf("audio of %v for a stream of %v: %w", f.Format, c.format, media.ErrFormat)
	}
	if err := c.take(endless); err != nil {
		return err
	}
	defer c.release()
	if c.muted {
		return nil
	}
	for pcm := f.PCM; len(pcm) > 0; {
		if pcm = c.pack(pcm); len(c.frame) < c.length {
			break
		}
		if err := c.sendFrame(); err != nil {
			return err
		}
	}
	return nil
}

// pack adds samples to the frame, as many as it takes, and returns the others.
func (c *wsConn) pack(pcm []int16) []int16 {
	if c.frame == nil {
		c.frame = make([]byte, 0, c.length)
	}
	have := len(c.frame)
	n := min(len(pcm), (c.length-have)/2)
	c.frame = c.frame[:have+2*n] // its room is that of a whole frame
	out := c.frame[have:]
	for i, s := range pcm[:n] {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(s))
	}
	return pcm[n:]
}

// sendFrame sends what is kept; with the turn.
func (c *wsConn) sendFrame() error {
	if len(c.frame) == 0 {
		return nil
	}
	if err := c.writeFrame(); err != nil {
		return c.lost(err)
	}
	return nil
}

// writeFrame writes what is kept as one message. Without compression that is a frame
// which needs nothing of the library.
func (c *wsConn) writeFrame() error {
	var err error
	if c.wire.frames.deflate {
		err = c.ws.Write(endless, websocket.MessageBinary, c.frame)
	} else {
		c.out = appendWSBinary(c.out[:0], c.frame, rand.Uint32())
		err = c.wire.pass(c.out)
	}
	n := len(c.frame)
	c.frame = c.frame[:0]
	if err != nil {
		c.stats.dropped.Add(1)
		return err
	}
	c.stats.framesOut.Add(1)
	c.stats.bytesOut.Add(uint64(n))
	return nil
}

// Text sends one text message. When ctx ends while the far end does not read, the
// message is still sent as soon as it does, before anything else: half a message
// cannot be taken back.
func (c *wsConn) Text(ctx context.Context, text string) error {
	if at := invalidUTF8(text); at >= 0 {
		return fmt.Errorf("send text: byte %d (0x%02x) is not UTF-8", at, text[at])
	}
	if err := c.take(ctx); err != nil {
		return err
	}
	if ctx.Done() == nil {
		defer c.release()
		return c.sendText(text)
	}
	if !c.wire.work.begin() {
		c.release()
		return c.gone()
	}
	sent := make(chan error, 1)
	go func() {
		defer c.wire.work.group.Done()
		defer c.release()
		sent <- c.sendText(text)
	}()
	select {
	case err := <-sent:
		return err
	case <-ctx.Done():
		return fmt.Errorf("send text: %w", ctx.Err())
	}
}

// sendText sends a text; with the turn.
func (c *wsConn) sendText(text string) error {
	if err := c.ws.Write(endless, websocket.MessageText, []byte(text)); err != nil {
		return c.lost(err)
	}
	c.stats.textOut.Add(1)
	return nil
}

// Graceful ends the audio as mod_audio_fork does: the rest of it, then a binary
// message without bytes. The connection stays.
func (c *wsConn) Graceful() error {
	if err := c.take(endless); err != nil {
		return err
	}
	defer c.release()
	if c.muted {
		return nil
	}
	c.muted = true
	if err := c.sendFrame(); err != nil {
		return err
	}
	if err := c.ws.Write(endless, websocket.MessageBinary, nil); err != nil {
		return c.lost(err)
	}
	return nil
}

// take waits for the turn to write a message.
func (c *wsConn) take(ctx context.Context) error {
	if c.over.Load() {
		return c.gone()
	}
	switch {
	case c.turn.take(c.settled, ctx.Done()):
		return nil
	case c.over.Load():
		return c.gone()
	}
	return fmt.Errorf("wait for the stream to take a message: %w", ctx.Err())
}

func (c *wsConn) release() { c.turn.release() }

// lost finds out why a message could not be written. The reader knows best: the
// server's CLOSE may be on its way.
func (c *wsConn) lost(err error) error {
	if errors.Is(err, os.ErrDeadlineExceeded) {
		c.settle(Ended{
			By: ByTimeout, Code: 1006, Reason: wsReasons[1006],
			Error: CodeTimeout, Text: "Timeout", Again: true,
		})
		c.wire.cut()
		return c.gone()
	}
	_ = c.wire.raw.SetReadDeadline(time.Now().Add(wsCauseLimit))
	t := time.NewTimer(wsCauseLimit)
	defer t.Stop()
	select {
	case <-c.settled:
	case <-t.C:
		c.settle(wsBroke())
		c.wire.cut()
	}
	return c.gone()
}
