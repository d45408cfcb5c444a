package target

import (
	"bytes"
	"errors"
	"io"
	"strings"
	"unicode/utf8"

	"github.com/coder/websocket"

	"rms/media/wire/audiostream"
)

// wsKeep is the storage that a reader keeps between texts, in bytes.
const wsKeep = 4 << 10

// wsInput is what Serve reads with.
type wsInput struct {
	text  []byte  // of the message that is being read
	bytes []byte  // 20 ms of binary audio
	pcm   []int16 // the same
	odd   bool    // bytes[0] is the first half of a sample
}

// errWSHandler says that the handler wants no more.
var errWSHandler = errors.New("the stream is over")

// Serve reads until the connection ends. Pings are answered only while it runs.
func (c *wsConn) Serve(h Handler) Ended {
	if c.reading.Swap(true) {
		<-c.settled // Finish came first, and reads itself
		return c.settle(Ended{})
	}
	var err error
	for err == nil {
		err = c.message(h)
	}
	e := c.settle(c.conclude(err))
	_ = c.Close()
	return e
}

// message reads one message and hands it over.
func (c *wsConn) message(h Handler) error {
	kind, r, err := c.ws.Reader(endless)
	if err != nil {
		return err
	}
	if kind == websocket.MessageBinary {
		if m, ok := h.(Messenger); ok && m.TakesBinary() {
			return c.cString(r, h)
		}
		return c.binary(r, h)
	}
	return c.text(r, h)
}

// binary hands audio over while it comes: signed 16 bit little-endian, one channel.
// An odd last byte is the first of the next message.
func (c *wsConn) binary(r io.Reader, h Handler) error {
	in := &c.in
	if in.bytes == nil {
		n := c.playRate / 50
		in.bytes, in.pcm = make([]byte, 2*n), make([]int16, n)
	}
	c.stats.framesIn.Add(1)
	for size := 0; ; {
		have := 0
		if in.odd {
			have = 1
		}
		n, err := r.Read(in.bytes[have:])
		c.stats.bytesIn.Add(uint64(n))
		if size += n; size > wsMaxMessage {
			return wsTooBig()
		}
		if failed := c.play(have+n, h); failed != nil {
			return failed
		}
		if err != nil {
			return ended(err)
		}
	}
}

// wsCStringMost is how much of a binary message may be a text.
const wsCStringMost = 64 << 10

// cString hands a binary message over as the text that a C program sees in it.
func (c *wsConn) cString(r io.Reader, h Handler) error {
	c.stats.framesIn.Add(1)
	b, err := io.ReadAll(io.LimitReader(r, wsCStringMost))
	if err != nil {
		return err
	}
	rest, err := io.Copy(io.Discard, r)
	if err != nil {
		return err
	}
	c.stats.bytesIn.Add(uint64(len(b)) + uint64(rest))
	if rest > wsMaxMessage {
		return wsTooBig()
	}
	text, _, _ := bytes.Cut(b, []byte{0})
	h.Text(strings.ToValidUTF8(string(text), "\uFFFD"))
	return nil
}

// play hands the first n of the bytes over, and keeps an odd one.
func (c *wsConn) play(n int, h Handler) error {
	in := &c.in
	for i := range n / 2 {
		in.pcm[i] = int16(uint16(in.bytes[2*i]) | uint16(in.bytes[2*i+1])<<8)
	}
	in.odd = n%2 == 1
	if in.odd {
		in.bytes[0] = in.bytes[n-1]
	}
	if n < 2 {
		return nil
	}
	if err := h.Audio(in.pcm[:n/2], c.playRate); err != nil {
		return errWSHandler
	}
	return nil
}

// ended is nil for the end of a message.
func ended(err error) error {
	if errors.Is(err, io.EOF) {
		return nil
	}
	return err
}

// text reads a text and does what it says. Its storage grows with what really comes.
func (c *wsConn) text(r io.Reader, h Handler) error {
	b := c.in.text[:0]
	if cap(b) == 0 {
		b = make([]byte, 0, 512)
	}
	for err := error(nil); err == nil; {
		var n int
		if len(b) == cap(b) {
			b = append(b, 0)[:len(b)]
		}
		n, err = r.Read(b[len(b):cap(b)])
		if b = b[:len(b)+n]; len(b) > wsMaxMessage {
			return wsTooBig()
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
	}
	if c.in.text = b; cap(b) > wsKeep {
		c.in.text = nil
	}
	c.stats.textIn.Add(1)
	if !utf8.Valid(b) {
		return &wsFaultError{1007, CodeProtocol, "Server sent a text that is not UTF-8"}
	}
	return c.obey(b, h)
}

// obey does what a text says. Every text but audio is for the application too, as it
// was for mod_audio_stream, whose servers may mean something of their own by it.
func (c *wsConn) obey(text []byte, h Handler) error {
	m := audiostream.ParseMessage(text, c.g1)
	switch m.Kind {
	case audiostream.StreamAudio, audiostream.PlayAudio:
		clip := Clip{Kind: m.Type, Rate: m.Rate, Data: m.Audio, Body: m.Body, Text: string(text)}
		if err := h.Clip(clip); err != nil {
			return errWSHandler
		}
		return nil
	case audiostream.KillAudio:
		// The second half of an odd sample does not come: what follows is other audio.
		c.in.odd = false
		h.Clear(false)
	case audiostream.Mark:
		h.Mark(m.Name)
	case audiostream.ClearMarks:
		clearMarks(h)
	default:
	}
	h.Text(string(text))
	return nil
}

func clearMarks(h Handler) {
	if m, ok := h.(MarksClearer); ok {
		m.ClearMarks()
		return
	}
	h.Clear(true)
}
