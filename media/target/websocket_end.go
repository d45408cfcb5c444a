package target

import (
	"context"
	"errors"
	"time"

	"rms/media/wire/audiostream"
)

// How long a CLOSE may take to be written, and how much of what the server still
// sends is read so that it gets to see ours: a socket that is closed with data unread
// resets the connection.
const (
	wsGoodbyeLimit = 200 * time.Millisecond
	wsLingerLimit  = time.Second
	wsLingerBytes  = 16 << 20
)

// wsReasons are the words for close codes that came without any.
var wsReasons = map[int]string{
	1000: audiostream.CloseReason(1000),
	1001: "Going away",
	1002: "Protocol error",
	1003: "Unsupported data",
	1005: "No status code",
	1006: audiostream.CloseReason(1006),
	1007: "Invalid frame payload data",
	1008: "Policy violation",
	1009: "Message too big",
	1010: "Mandatory extension",
	1011: "Internal error",
	1012: "Service restart",
	1013: "Try again later",
	1014: "Bad gateway",
}

// wsAgain are the codes after which the server may be tried again.
var wsAgain = map[int]bool{1001: true, 1006: true, 1011: true, 1012: true, 1013: true}

func wsLocalEnd(code int) Ended {
	return Ended{By: ByLocal, Code: code, Reason: wsReasons[code]}
}

// wsBroke is the end of a connection that broke.
func wsBroke() Ended {
	return Ended{
		By: ByError, Code: 1006, Reason: wsReasons[1006],
		Error: CodeIO, Text: audiostream.TextBroken, Again: true,
	}
}

// wsBrokeWith tells TLS that broke from TCP that did.
func wsBrokeWith(err error) Ended {
	e := wsBroke()
	if wsOfTLS(err) {
		e.Error, e.Text = CodeTLS, wsTLSText+innermost(err)
	}
	return e
}

// conclude works out why reading ended, and answers the server.
func (c *wsConn) conclude(err error) Ended {
	cause := c.wire.failed
	if cause == nil {
		cause = err
	}
	var bye *wsGoodbyeError
	var fault *wsFaultError
	var drop *wsDroppedError
	switch {
	case c.wire.saidBye():
		return wsLocalEnd(1000)
	case errors.As(cause, &bye):
		return c.part(bye)
	case c.wire.cutOff.Load():
		return wsLocalEnd(1006)
	case errors.As(cause, &fault):
		return c.refuse(fault)
	case errors.As(cause, &drop):
		return wsBrokeWith(drop.err)
	case errors.Is(cause, errWSHandler):
		c.wire.goodbye(1000, wsReasons[1000], wsGoodbyeLimit)
		return wsLocalEnd(1000)
	}
	// What is left is a message that does not inflate.
	return c.refuse(&wsFaultError{1007, CodeProtocol, "Server sent a message that cannot be read"})
}

// part answers the server's goodbye.
func (c *wsConn) part(bye *wsGoodbyeError) Ended {
	reason := bye.reason
	if reason == "" {
		reason = wsReasons[bye.code]
	}
	c.wire.goodbye(bye.answer, "", wsGoodbyeLimit)
	c.wire.hangUp()
	return Ended{By: ByRemote, Code: bye.code, Reason: reason, Again: wsAgain[bye.code]}
}

// refuse tells the server what it did wrong.
func (c *wsConn) refuse(f *wsFaultError) Ended {
	c.stats.malformed.Add(1)
	e := c.settle(Ended{By: ByError, Code: f.close, Reason: wsReasons[f.close], Error: f.code, Text: f.text})
	c.wire.goodbye(f.close, f.text, wsGoodbyeLimit)
	c.wire.linger()
	return e
}

// linger reads what the server still sends, without looking at it.
func (w *wsWire) linger() {
	_ = w.raw.SetReadDeadline(time.Now().Add(wsLingerLimit))
	b := make([]byte, 4096)
	for n := 0; n < wsLingerBytes; {
		k, err := w.raw.Read(b)
		if err != nil {
			return
		}
		n += k
	}
}

// hangUp closes the socket after both have said goodbye, TLS with its own goodbye.
func (w *wsWire) hangUp() {
	t := time.AfterFunc(wsGoodbyeLimit, w.cut)
	defer t.Stop()
	_ = w.raw.Close()
}

// Finish sends what is left, text, and CLOSE, and awaits the server's.
func (c *wsConn) Finish(ctx context.Context, text string) Ended {
	c.beat.stop()
	stop := context.AfterFunc(ctx, c.wire.cut)
	defer stop()
	if c.take(ctx) == nil {
		c.farewell(text)
		c.release()
	}
	c.await(ctx)
	code := 1006
	if c.wire.saidBye() {
		code = 1000
	}
	e := c.settle(wsLocalEnd(code))
	_ = c.Close()
	return e
}

// farewell writes the last messages; with the turn.
func (c *wsConn) farewell(text string) {
	if !c.muted && c.sendFrame() != nil {
		return
	}
	if text != "" && invalidUTF8(text) < 0 && c.sendText(text) != nil {
		return
	}
	c.muted = true
	c.wire.goodbye(1000, wsReasons[1000], wsLingerLimit)
}

// await waits for the server's CLOSE, and reads it when Serve never ran.
func (c *wsConn) await(ctx context.Context) {
	if c.reading.Swap(true) {
		select {
		case <-c.settled:
		case <-ctx.Done():
		}
		return
	}
	b := make([]byte, 1024)
	for {
		if _, err := c.wire.Read(b); err != nil {
			c.settle(c.conclude(err))
			return
		}
	}
}

// Close breaks off. Whatever waits for the connection returns.
func (c *wsConn) Close() error {
	c.settle(wsLocalEnd(1006))
	c.beat.stop()
	c.wire.cut()
	c.wire.work.wait()
	_ = c.ws.CloseNow() // the socket is closed already
	return nil
}
