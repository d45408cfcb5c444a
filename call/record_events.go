package call

import (
	"time"

	"rms/media/record"
	"rms/sip"
)

// The events of recordings.
const (
	EventRecordStart    = "rms:record_start"
	EventRecordStop     = "rms:record_stop"
	EventRecordPause    = "rms:record_pause"
	EventRecordResume   = "rms:record_resume"
	EventRecordGap      = "rms:record_gap"
	EventRecordError    = "rms:record_error"
	EventRecordUploaded = "rms:record_uploaded"
)

// recordEvents is the face that a recording shows its store: called on a goroutine of
// the store, it posts and returns.
type recordEvents recording

// Started takes that the file is there.
func (e *recordEvents) Started(*record.Recording) {
	r := (*recording)(e)
	_ = r.call.box.must(func() {
		r.open = true
		r.started()
		r.call.unhold()
	})
}

// Gap takes a stretch that could not be recorded. Loss on the network is in the sidecar
// only: it may come many times a second.
func (e *recordEvents) Gap(_ *record.Recording, g record.Gap) {
	if g.Reason != gapDisk {
		return
	}
	r := (*recording)(e)
	_ = r.call.box.must(func() { r.gap(&g) })
}

// gapDisk is the reason of a gap that the disk made.
const gapDisk = "disk"

// Failed takes an error of the disk. The recording goes on trying, unless the call
// cannot do without it.
func (e *recordEvents) Failed(_ *record.Recording, err error) {
	r := (*recording)(e)
	_ = r.call.box.must(func() {
		r.fail(err)
		r.call.needs(r, err)
	})
}

// Stopped takes the end.
func (e *recordEvents) Stopped(_ *record.Recording, result record.Result) {
	r := (*recording)(e)
	_ = r.call.box.must(func() { r.stopped(&result) })
}

// started tells that the recording runs: the file is there, and audio goes into it.
func (r *recording) started() {
	if r.told || !r.open || !r.began || r.gone() {
		return
	}
	r.told = true
	r.call.emit(r.event(EventRecordStart, Field{"sides", r.set.spec.Sides.String()}, Field{"format", r.set.format},
		Field{"rate", int64(r.rate)}))
}

// gone tells whether the end of the recording was told.
func (r *recording) gone() bool {
	for _, o := range r.call.recordings {
		if o == r {
			return false
		}
	}
	return true
}

func (r *recording) gap(g *record.Gap) {
	if r.gone() {
		return
	}
	side := "both"
	if g.Side >= 0 {
		side = [...]string{"caller", "callee"}[g.Side&1]
	}
	rate := int64(r.rate)
	at, length := 1000*g.At/rate, 1000*g.Length/rate
	r.call.warn().Str("recording", r.name).Int64("at_ms", at).Int64("length_ms", length).Str("reason", g.Reason).Msg("recording has a gap")
	r.call.emit(r.event(EventRecordGap, Field{"at_ms", at}, Field{"length_ms", length}, Field{"side", side},
		Field{"reason", g.Reason}, Field{"ended", g.Length > 0}))
}

// fail tells of an error.
func (r *recording) fail(err error) {
	if r.gone() {
		return
	}
	r.call.failure().Str("recording", r.name).Str("file", r.file()).Err(err).Msg("recording failed")
	r.call.emit(r.event(EventRecordError, Field{"error", cut(err.Error(), 1024)}))
}

func (r *recording) paces(name string, at time.Duration) {
	r.call.info().Str("recording", r.name).Str("event", name).Dur("at", at).Msg("recording paused or resumed")
	r.call.emit(r.event(name, Field{"at_ms", at.Milliseconds()}, Field{"mask", r.masked}))
}

// file is the recording's name below record.root, "" before there is one.
func (r *recording) file() string {
	if r.to == nil {
		return r.set.spec.File
	}
	return r.to.File()
}

func (r *recording) event(name string, fields ...Field) *Event {
	return &Event{Name: name, Fields: append([]Field{{"name", r.name}, {"file", r.file()}}, fields...)}
}

// stopped takes the end of a recording from its store.
func (r *recording) stopped(result *record.Result) {
	if r.gone() {
		return // it took too long, and nobody waits for it any more
	}
	c := r.call
	early := !r.stopping
	r.unfeed()
	r.stopping = true
	r.tell(result.Reason, result, result.Err)
	if early && (result.Err != nil || result.Reason == gapDisk) {
		c.needs(r, result.Err)
	}
	c.unhold()
	c.finish()
}

// tell sends the last event of the recording, once, and forgets it.
func (r *recording) tell(reason string, result *record.Result, err error) {
	c := r.call
	c.recordings = without(c.recordings, r)
	var d time.Duration
	var bytes int64
	hash, file := "", r.file()
	if result != nil {
		d, bytes, hash, file = result.Duration, result.Bytes, result.SHA256, result.File
	}
	fields := []Field{
		{"name", r.name}, {"file", file}, {"reason", reason}, {"duration_ms", d.Milliseconds()}, {"bytes", bytes}, {"sha256", hash},
		{"terminator", r.key},
	}
	if result != nil {
		fields = append(fields, Field{"gaps", int64(len(result.Sidecar.Gaps) + result.Sidecar.Omitted)})
	}
	if err != nil {
		fields = append(fields, Field{"error", cut(err.Error(), 1024)})
	}
	c.info().Str("recording", r.name).Str("file", file).Str("reason", reason).Dur("duration", d).Int64("bytes", bytes).
		Str("sha256", hash).Msg("recording ended")
	c.emit(&Event{Name: r.route, Kind: EventRecordStop, Fields: fields, secret: r.secret})
}

// unrecorded returns why a recording cannot be had; a call that needs it is ended.
func (c *Call) unrecorded(r *recording, err error) error {
	if err == nil {
		return nil
	}
	r.call = c
	c.needs(r, err)
	return err
}

// needs ends a call that must not go on without a recording.
func (c *Call) needs(r *recording, err error) {
	if !r.set.required || c.state >= leaving {
		return
	}
	line := c.warn().Str("recording", r.name).Str("file", r.file())
	if err != nil {
		line.Err(err)
	}
	line.Msg("call ended: it must be recorded")
	c.hangup(sip.Cause{By: sip.ByError, Code: 503, Text: notRecorded})
}

// notRecorded is what the far end is told, without the names of files.
const notRecorded = "The Call Must Be Recorded And Cannot Be"
