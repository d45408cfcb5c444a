package call

import (
	"errors"
	"fmt"
	"time"

	"rms/media/record"
)

// How many recordings a call may have at a time, and how many more may be waiting for
// the disk to close them.
const (
	maxRecordings  = 8
	maxRecordsOpen = 32
)

// recording is one use of the verb record_start. It belongs to the call's mailbox.
//
//	waiting (for media) -> running <-> paused -> stopping (the disk closes it) -> told
type recording struct {
	call  *Call
	name  string
	route string
	set   recordSettings

	to    *record.Recording // nil until there is media
	rate  int               // of the file, in Hz
	taker *taker            // nil unless it is fed
	feed  *feed
	end   time.Duration // how long it was, when it is not fed any more

	began    bool          // audio goes into it, or went
	stream   *siprecStream // of a recording session that is recorded alone; nil: both sides
	open     bool          // the file is there
	told     bool          // rms:record_start was sent
	paused   bool
	masked   bool // keys are hidden while it is paused
	beeping  bool // the caller hears a tone first
	stopping bool
	key      string // that ended it
	secret   bool   // the key is for the script only
}

// recordSettings is what a recording was asked to be.
type recordSettings struct {
	spec        record.Spec
	format      string // of the samples, as the script says it
	rate        int    // 0: of the leg's codec
	required    bool
	beep        bool
	terminators string
}

// errRecordingOff says that this server keeps no recordings.
var errRecordingOff = errors.New("recording is off: set record.root")

// recording returns the live recording of that name.
func (c *Call) recording(name string) (*recording, error) {
	live := 0
	for _, r := range c.recordings {
		if r.stopping {
			continue
		}
		if live++; r.name == name {
			return r, nil
		}
	}
	switch {
	case c.state >= leaving:
		return nil, ErrGone
	case live == 0:
		return nil, errors.New("the call is not recorded")
	}
	return nil, fmt.Errorf("the call has no recording %q", name)
}

// liveRecordings counts those that were not stopped.
func (c *Call) liveRecordings() int {
	n := 0
	for _, r := range c.recordings {
		if !r.stopping {
			n++
		}
	}
	return n
}

// record begins a recording, now or when there is media.
func (c *Call) record(r *recording) error {
	switch {
	case c.state >= leaving:
		return ErrGone
	case c.state == answered && c.leg == nil:
		return errors.New("the media of the call was stopped")
	}
	if _, err := c.recording(r.name); err == nil {
		return fmt.Errorf("the call has a recording %q already: stop it first, or give this one another name", r.name)
	}
	if c.liveRecordings() >= maxRecordings {
		return fmt.Errorf("the call has %d recordings already", maxRecordings)
	} else if len(c.recordings) >= maxRecordsOpen {
		return errors.New("too many recordings of the call wait for the disk")
	}
	if c.manager.opts.Records == nil {
		return c.unrecorded(r, errRecordingOff)
	}
	r.call = c
	c.recordings = append(c.recordings, r)
	if !c.leg.live() {
		return nil
	}
	if err := c.openRecording(r); err != nil {
		c.recordings = without(c.recordings, r)
		return c.unrecorded(r, err)
	}
	return nil
}

// resumeRecordings begins the recordings that were asked for before there was media.
// The error is that of one that the call cannot do without: the call is ended.
func (c *Call) resumeRecordings() error {
	if !c.leg.live() {
		return nil
	}
	for _, r := range append([]*recording(nil), c.recordings...) {
		if r.to != nil || r.stopping {
			continue
		}
		if err := c.openRecording(r); err != nil {
			r.fail(err)
			r.tell(ReasonError, nil, err)
			if err := c.unrecorded(r, err); r.set.required {
				return err
			}
		}
	}
	return nil
}

// openRecording begins to record.
func (c *Call) openRecording(r *recording) error {
	l := c.leg
	spec := r.set.spec
	spec.Rate = r.set.rate
	if spec.Rate == 0 {
		spec.Rate = l.codec.Rate
	}
	spec.Events = (*recordEvents)(r)
	to, err := c.manager.opts.Records.Start(spec)
	if err != nil {
		return err
	}
	r.to, r.rate = to, spec.Rate
	if r.paused {
		r.leaveOut(0)
	}
	c.info().Str("recording", r.name).Str("file", to.File()).Str("sides", spec.Sides.String()).Int("rate", spec.Rate).Msg("recording started")
	if r.set.beep {
		c.beep(r)
		return nil
	}
	r.begin()
	return nil
}

// begin feeds the recording from the next tick on.
func (r *recording) begin() {
	c := r.call
	l := c.leg
	f, t := c.feed, newTaker(r.to)
	switch {
	case r.stream != nil:
		f = newFeed(l, r.stream.record)
	case f == nil:
		f = newFeed(l, l.line.record)
		c.feed = f
	}
	r.feed, r.taker, r.began = f, t, true
	l.do(func() { f.add(t) })
	r.started()
}

// beep plays a tone to the caller, behind what plays; the recording begins at its end.
func (c *Call) beep(r *recording) {
	r.beeping = true
	p := &playing{file: beepFile, loop: 1, inner: func(*playing) {
		if r.beeping = false; !r.stopping && c.leg.live() {
			r.begin()
		}
	}}
	if err := c.play(p, "queue"); err != nil {
		r.beeping = false
		c.warn().Str("recording", r.name).Err(err).Msg("no beep")
		r.begin()
	}
}

// beepFile is built into the program.
const beepFile = "beep.wav"

// position is how much of the call the recording holds.
func (r *recording) position() time.Duration {
	if r.taker == nil {
		return r.end
	}
	return r.feed.position(r.taker)
}

// pause leaves out what is heard and said from now on, what is buffered included.
func (r *recording) pause(mask bool) error {
	if r.paused {
		return fmt.Errorf("the recording %q is paused already", r.name)
	}
	if r.paused, r.masked = true, mask; mask {
		r.call.hideKeys(true)
	}
	at := r.position()
	r.leaveOut(at)
	r.paces(EventRecordPause, at)
	return nil
}

// leaveOut tells the store of a pause.
func (r *recording) leaveOut(at time.Duration) {
	switch {
	case r.to == nil:
	case r.masked:
		r.to.PauseMasked(at)
	default:
		r.to.Pause(at)
	}
}

// unread is what may have come since the last tick, and nobody knows of yet.
const unread = 20 * time.Millisecond

// resume records again, from behind what was said in the pause and waits to be heard.
func (r *recording) resume() error {
	if !r.paused {
		return fmt.Errorf("the recording %q is not paused", r.name)
	}
	at := r.position()
	if r.feed != nil {
		if rest := r.feed.rest(); rest > 0 {
			at += rest + unread
		}
	}
	if r.to != nil {
		r.to.Resume(at)
	}
	r.paces(EventRecordResume, at)
	r.paused, r.masked = false, false
	return nil
}
