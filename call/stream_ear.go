package call

import (
	"encoding/json"
	"errors"
	"time"

	"rms/media/clip"
	"rms/media/filter"
	"rms/media/target"
	"rms/media/wire/audiostream"
)

// streamEar takes what a far end sends, on the goroutine that reads its connection.
// Audio waits while the playout is full, and a message until the script has dealt
// with the one before: then nothing more is read, and the far end feels it.
type streamEar struct {
	life   *streamLife
	stream *stream

	rate    int // of the audio that resampler takes
	convert *filter.Resampler
	pcm     []int16

	second time.Time // in which
	logged int       // messages came
}

var _ target.Handler = (*streamEar)(nil)

// TakesBinary tells whether binary messages are texts for the application, as they were
// for the first generation of mod_audio_stream.
func (e *streamEar) TakesBinary() bool {
	return e.stream.compat() == audiostream.G1 && !e.stream.set.playback
}

// Audio plays PCM to the caller.
func (e *streamEar) Audio(pcm []int16, rate int) error {
	if !e.stream.set.playback {
		return nil
	}
	e.life.sound()
	return e.write(pcm, rate)
}

func (e *streamEar) write(pcm []int16, rate int) error {
	out := e.life.playout.Out().Rate
	if rate != out {
		if err := e.adapt(rate, out); err != nil {
			return err
		}
		e.pcm = e.convert.Process(e.pcm[:0], pcm)
		pcm = e.pcm
	}
	return e.life.playout.Write(pcm, e.life.ctx.Done())
}

// adapt has a resampler ready for audio of another rate.
func (e *streamEar) adapt(rate, out int) error {
	if e.convert != nil && e.rate == rate {
		return nil
	}
	r, err := filter.NewRate(rate, out, 1)
	if err != nil {
		return err
	}
	r.Stream()
	e.rate, e.convert = rate, r
	return nil
}

// maxClip bounds the audio of one message, in samples: ten minutes at 8000 Hz, 100 s at
// 48 kHz. Only what is compressed gets near it.
const maxClip = 10 * 60 * 8000

// Clip plays audio that came in a message.
func (e *streamEar) Clip(c target.Clip) error {
	s := e.stream
	file := e.life.files.keep(&c)
	if !e.life.tell(func() []*Event { return s.playEvents(c.Body, file) }) {
		return target.ErrClosed
	}
	if !s.set.playback {
		return nil
	}
	pcm, format, err := clip.Decode(c.Kind, c.Rate, c.Data, maxClip)
	if err != nil {
		e.Problem(0, "audio of a message: "+err.Error())
		return nil
	}
	if pcm, err = resampled(pcm, format.Rate, e.life.playout.Out().Rate); err != nil {
		e.Problem(0, "audio of a message: "+err.Error())
		return nil
	}
	e.life.sound()
	if err := e.life.playout.Write(pcm, e.life.ctx.Done()); err != nil {
		return err
	}
	e.life.files.played(file)
	return nil
}

// resampled returns a whole piece of audio at another rate.
func resampled(pcm []int16, from, to int) ([]int16, error) {
	if from == to {
		return pcm, nil
	}
	r, err := filter.NewRate(from, to, 1)
	if err != nil {
		return nil, err
	}
	return r.Flush(r.Process(nil, pcm)), nil
}

// Text hands a message to the application.
func (e *streamEar) Text(text string) {
	s := e.stream
	if !s.set.quiet && e.mayLog(time.Now()) {
		s.call.info().Str("stream", s.name).Str("text", cut(text, 1024)).Msg("stream said")
	}
	e.life.tell(func() []*Event { return s.textEvents(text) })
}

// logsPerSecond bounds what the messages of one far end write to the log.
const logsPerSecond = 20

// mayLog tells whether another message may go to the log this second.
func (e *streamEar) mayLog(now time.Time) bool {
	if now.Sub(e.second) >= time.Second {
		e.second, e.logged = now, 0
	}
	e.logged++
	return e.logged <= logsPerSecond
}

// cut shortens a text for the log.
func cut(text string, most int) string {
	if len(text) > most {
		return text[:most] + "..."
	}
	return text
}

// Mark wants to know when the audio so far was heard.
func (e *streamEar) Mark(name string) {
	for e.life.telling.Load() >= filter.MaxMarks {
		if !e.life.rest(10 * time.Millisecond) {
			return
		}
	}
	if err := e.life.playout.Mark(markFar + name); err != nil {
		e.Problem(0, "mark "+name+": "+err.Error())
	}
	e.life.sound()
}

// Clear drops what waits to be played. Marks of audio that is never heard are told as
// cleared.
func (e *streamEar) Clear(bool) { e.life.playout.Clear(true) }

// ClearMarks drops the marks alone.
func (e *streamEar) ClearMarks() { e.life.playout.ClearMarks() }

// Digit sends a key to the caller.
func (e *streamEar) Digit(digit byte, d time.Duration) {
	c := e.stream.call
	e.life.tell(func() []*Event {
		if !c.leg.live() {
			return nil
		}
		if err := c.leg.line.digits(string(digit), d, 0); err != nil {
			c.debug().Err(err).Str("stream", e.stream.name).Msg("key not sent")
		}
		return nil
	})
}

// Control takes a signal, which is for the script.
func (e *streamEar) Control(signal string) {
	body, _ := json.Marshal(map[string]string{"type": "control", "signal": signal})
	e.life.tell(func() []*Event { return e.stream.textEvents(string(body)) })
}

// Problem tells of a mistake that the stream survives.
func (e *streamEar) Problem(code int, text string) {
	s := e.stream
	e.life.tell(func() []*Event {
		return s.errorEvents(&target.ConnectError{Code: max(code, target.CodeProtocol), Text: text}, 0)
	})
}

// sound connects the playout to the caller.
func (v *streamLife) sound() {
	if v.sounding.Swap(true) {
		return
	}
	_ = v.call.box.must(v.s.play)
}

// tell sends events from outside the mailbox and waits until their routes have ended;
// false: the stream or the call is over.
func (v *streamLife) tell(events func() []*Event) bool {
	told := make(chan struct{})
	for {
		err := v.call.box.post(func() { v.call.emitAll(events(), func() { close(told) }) })
		switch {
		case err == nil:
			select {
			case <-told:
				return true
			case <-v.ctx.Done():
				return false
			}
		case !errors.Is(err, ErrBusy):
			return false
		case !v.rest(10 * time.Millisecond):
			return false
		}
	}
}

func (v *streamLife) rest(d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-v.ctx.Done():
		return false
	}
}
