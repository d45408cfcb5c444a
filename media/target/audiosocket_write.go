package target

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rms/media"
	"rms/media/wire/audiosocket"
)

// audioSocketHeader is the length of what stands before the payload of a message.
const audioSocketHeader = 3

// Write sends messages of Options.Frame, each in one system call, and keeps the rest.
// Audio that was dropped before f leaves no gap: what waits at the far end gets shorter.
func (c *audioSocket) Write(f *media.Frame) error {
	if len(f.PCM) == 0 {
		return nil
	}
	if f.Format != c.format {
		return fmt.Errorf("write to %s: %w: %s, want %s", c.remote, media.ErrFormat, f.Format, c.format)
	}
	c.busy.take(nil, nil) // not for long: Digit and Finish send a few bytes
	defer c.free()
	if c.bye || c.local() {
		return ErrClosed
	}
	for pcm := f.PCM; len(pcm) > 0; {
		pcm = c.pack(pcm)
		if c.fill < len(c.buf) {
			return nil
		}
		if err := c.sendFrame(); err != nil {
			return err
		}
	}
	return nil
}

// Prompt reports whether TryWrite may be used.
func (c *audioSocket) Prompt() bool { return c.prompt }

// Instant reports whether TryWrite is a system call and nothing else that takes time.
func (c *audioSocket) Instant() bool { return c.prompt && instantSend }

// TryWrite is Write for a far end that keeps up.
func (c *audioSocket) TryWrite(f *media.Frame) bool {
	if len(f.PCM) == 0 {
		return true
	}
	if !c.busy.try() {
		return false
	}
	defer c.free()
	if f.Format != c.format || c.bye || c.ended.Load() != nil || !c.sock.clear() {
		return false
	}
	c.sock.hold = true
	defer func() { c.sock.hold = false }()
	if c.fill == audioSocketHeader && 2*len(f.PCM) == len(c.buf)-audioSocketHeader && len(f.PCM) <= onStack {
		return c.writeWhole(f.PCM)
	}
	for pcm := f.PCM; len(pcm) > 0; {
		if pcm = c.pack(pcm); c.fill == len(c.buf) && c.sendFrame() != nil {
			return false
		}
	}
	return true
}

// writeWhole writes samples that are a message, which is what each tick brings as a
// rule.
func (c *audioSocket) writeWhole(pcm []int16) bool {
	var room [audioSocketHeader + 2*onStack]byte
	b := append(room[:0], byte(c.kind), byte(2*len(pcm)>>8), byte(2*len(pcm)))
	b = appendSamples(b, pcm, 0)
	if err := c.sock.push(b); err != nil {
		return false
	}
	c.stats.framesOut.Add(1)
	c.stats.bytesOut.Add(uint64(len(b)))
	return true
}

func (c *audioSocket) free() { c.busy.release() }

// local reports whether the connection ended from our side.
func (c *audioSocket) local() bool {
	e := c.ended.Load()
	return e != nil && e.By == ByLocal
}

// pack moves samples into the message, as many as it takes, and returns the others.
func (c *audioSocket) pack(pcm []int16) []int16 {
	n := min(len(pcm), (len(c.buf)-c.fill)/2)
	out := c.buf[c.fill : c.fill+2*n]
	for i, s := range pcm[:n] {
		binary.LittleEndian.PutUint16(out[2*i:], uint16(s))
	}
	c.fill += 2 * n
	return pcm[n:]
}

// sendFrame sends the samples of the message; it is full, but for the last.
func (c *audioSocket) sendFrame() error {
	n := c.fill - audioSocketHeader
	binary.BigEndian.PutUint16(c.buf[1:], uint16(n))
	if err := c.send(c.buf[:c.fill]); err != nil {
		return err
	}
	c.fill = audioSocketHeader
	c.stats.framesOut.Add(1)
	return nil
}

// send writes whole messages at once. When the far end takes them too slowly the
// connection is over, because part of a message may be out.
func (c *audioSocket) send(b []byte) error {
	err := c.stall.Extend()
	if err == nil {
		_, err = c.conn.Write(b)
	}
	switch {
	case err == nil:
		c.stats.bytesOut.Add(uint64(len(b)))
		return nil
	case c.local():
		return ErrClosed
	case errors.Is(err, os.ErrDeadlineExceeded):
		c.end(Ended{
			By: ByTimeout, Code: 1006, Reason: "Abnormal closure", Error: CodeTimeout,
			Text: "the far end does not read", Again: true,
		})
		_ = c.conn.Close()
	}
	return fmt.Errorf("write to %s: %w", c.remote, err)
}

// Digit sends a key that the caller pressed, as the dialect has it.
func (c *audioSocket) Digit(digit byte, duration time.Duration) error {
	b := audiosocket.AppendDigit(nil, c.dialect, digit, duration)
	if len(b) == 0 {
		return nil
	}
	c.busy.take(nil, nil)
	defer c.free()
	if c.bye || c.local() {
		return ErrClosed
	}
	return c.send(b)
}

// Text returns ErrNoText.
func (c *audioSocket) Text(context.Context, string) error { return ErrNoText }

// Finish sends the samples that do not fill a message, the hang-up, and the end of
// our direction, and awaits the far end's until ctx ends. The text goes nowhere.
func (c *audioSocket) Finish(ctx context.Context, _ string) Ended {
	e := c.end(Ended{By: ByLocal, Code: 1000, Reason: "Normal closure"})
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	defer stop()
	if c.busy.take(nil, ctx.Done()) {
		c.goodbye()
		c.free()
	}
	c.await(ctx)
	_ = c.conn.Close()
	return e
}

// goodbye is sent once, and not to a far end that is gone.
func (c *audioSocket) goodbye() {
	if c.bye || !c.local() {
		return
	}
	c.bye = true
	if c.fill > audioSocketHeader && c.sendFrame() != nil {
		return
	}
	if c.send(audiosocket.AppendMessage(nil, audiosocket.Terminate, nil)) != nil {
		return
	}
	if half, ok := c.conn.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite()
	}
}

// await waits for the far end's end, which Serve sees, or nobody if it does not run.
func (c *audioSocket) await(ctx context.Context) {
	if c.serving.CompareAndSwap(false, true) {
		_, _ = io.Copy(io.Discard, c.conn) // the end of ctx closes the connection
		close(c.done)
		return
	}
	select {
	case <-c.done:
	case <-ctx.Done():
	}
}

// Close breaks off.
func (c *audioSocket) Close() error {
	c.end(Ended{By: ByLocal, Code: 1006, Reason: "Abnormal closure"})
	_ = c.conn.Close() // the second time it says that it was closed
	return nil
}

// end notes how the connection ended, unless that is known, and returns it.
func (c *audioSocket) end(e Ended) Ended {
	if c.ended.CompareAndSwap(nil, &e) {
		return e
	}
	return *c.ended.Load()
}
