package target

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"rms/media/wire/audiosocket"
)

// maxAudioSocketDigit is the longest duration of a digit that is believed; Asterisk
// ignores what a server says, so some servers say anything.
const maxAudioSocketDigit = 10 * time.Second

// Serve hands what comes to h: audio of any rate and size, and what the dialect has
// besides. Unknown messages are skipped by their length and counted.
func (c *audioSocket) Serve(h Handler) Ended {
	if !c.serving.CompareAndSwap(false, true) { // Finish was faster
		<-c.done
		return c.end(Ended{By: ByLocal, Code: 1006, Reason: "Abnormal closure"})
	}
	defer close(c.done)
	e := c.end(c.read(h))
	_ = c.conn.Close()
	return e
}

// read returns how the far end ended, or why it had to.
func (c *audioSocket) read(h Handler) Ended {
	for {
		m, err := c.in.Next()
		if err != nil {
			return c.broken(err)
		}
		c.stats.bytesIn.Add(uint64(audioSocketHeader + len(m.Payload)))
		if e := c.handle(h, m); e.By != "" {
			return e
		}
	}
}

// handle returns an end when the message is one.
func (c *audioSocket) handle(h Handler, m audiosocket.Message) Ended {
	meaning := audiosocket.Interpret(m, false, c.dialect)
	switch meaning.What {
	case audiosocket.Audio:
		return c.audio(h, m)
	case audiosocket.Key:
		d := meaning.Duration
		if d > maxAudioSocketDigit {
			d = 0
		}
		h.Digit(meaning.Digit, d)
	case audiosocket.ControlSignal:
		return c.signal(h, meaning.Control)
	case audiosocket.Hangup:
		return hungUp()
	case audiosocket.Failure:
		e := hungUp()
		e.Error, e.Text = CodeIO, failureText(meaning.Code)
		return e
	default:
		c.stats.ignored.Add(1)
	}
	return Ended{}
}

func (c *audioSocket) audio(h Handler, m audiosocket.Message) Ended {
	c.stats.framesIn.Add(1)
	if len(m.Payload)%2 != 0 {
		c.stats.malformed.Add(1) // half a sample
	}
	c.pcm = audiosocket.PCM(c.pcm[:0], m.Payload)
	if len(c.pcm) == 0 {
		return Ended{}
	}
	if err := h.Audio(c.pcm, m.Kind.Rate()); err != nil {
		return Ended{By: ByLocal, Code: 1006, Reason: "Abnormal closure"}
	}
	return Ended{}
}

func (c *audioSocket) signal(h Handler, code int) Ended {
	word := audiosocket.SignalName(code)
	switch {
	case code == audiosocket.SignalHangup:
		return hungUp()
	case word == "":
		c.stats.ignored.Add(1)
	default:
		h.Control(word)
	}
	return Ended{}
}

func hungUp() Ended {
	return Ended{By: ByRemote, Code: 1000, Reason: "Normal closure", Hangup: true}
}

// failureText names the bits of the error codes of the protocol's description.
func failureText(code int) string {
	var words []string
	for i, w := range []string{"hang-up of the caller", "frame forwarding", "memory"} {
		if code>>i&1 != 0 {
			words = append(words, w)
		}
	}
	text := fmt.Sprintf("the far end reports error 0x%02x", code)
	if len(words) == 0 {
		return text
	}
	return text + ": " + strings.Join(words, ", ")
}

// broken says how the connection ended when reading failed. The end of the stream is
// a goodbye too, but servers that are restarted say it as well, so it may be tried again.
func (c *audioSocket) broken(err error) Ended {
	e := Ended{By: ByError, Code: 1006, Reason: "Abnormal closure", Again: true}
	switch {
	case errors.Is(err, io.EOF):
		return Ended{By: ByRemote, Code: 1000, Reason: "Normal closure", Again: true}
	case errors.Is(err, audiosocket.ErrStalled), errors.Is(err, os.ErrDeadlineExceeded):
		e.By, e.Error = ByTimeout, CodeTimeout
		c.stats.malformed.Add(1)
	case errors.Is(err, io.ErrUnexpectedEOF):
		e.Error = CodeProtocol
		c.stats.malformed.Add(1)
	default:
		e.Error = CodeIO
	}
	e.Text = err.Error()
	return e
}
