package esl

import (
	"encoding/json"
	"strconv"
	"strings"

	"rms/call"
)

// streamPrefix begins the names of events that are CUSTOM events of that name.
const streamPrefix = "mod_audio_stream::"

// take translates one event of a call.
func (b *bus) take(ev *call.Event) {
	if ev.Kind == call.EventLost {
		b.server.opts.Log.Warn().Any("count", ev.Get("count")).Msg("Event Socket was too slow for events of calls")
		b.marks.releaseAll(false)
		b.custom(ev)
		return
	}
	if ev.Call == "" {
		b.custom(ev)
		return
	}
	switch ev.Kind {
	case call.EventHangup:
		b.hangUp(ev)
		b.custom(ev)
	case call.EventEnd:
		b.hangUp(ev) // when it was not told
		b.finish(ev)
	default:
		b.tell(ev)
		b.custom(ev)
	}
	b.marks.release(ev)
}

// tell sends what corresponds to an event in the middle of a call.
func (b *bus) tell(ev *call.Event) {
	b.mu.Lock()
	defer b.mu.Unlock()
	ch := b.channel(ev)
	o := occasion{call: ev.Call, at: ev.Time, where: ev.Kind}
	switch ev.Kind {
	case call.EventProgress:
		ch.told(b, o, ev)
	case call.EventStart:
		ch.state, ch.answered, o.name = "answered", ev.Time, nameAnswer
		b.emitLocked(o, nil)
	case call.EventUpdate:
		ch.updated(b, o, ev)
	case call.EventPlayStart:
		ch.playStarted(b, o, ev.Get("file"))
	case call.EventPlayEnd:
		ch.playEnded(b, o, ev)
	case call.EventDTMF:
		o.name = nameDTMF
		b.emitLocked(o, func(e *event) { keyPressed(e, ev) })
	case call.EventRecordStart, call.EventRecordStop:
		o.name = nameRecordStart
		if ev.Kind == call.EventRecordStop {
			o.name = nameRecordStop
		}
		b.emitLocked(o, func(e *event) { recorded(e, ev) })
	}
}

// told takes a provisional response.
func (ch *channel) told(b *bus, o occasion, ev *call.Event) {
	ch.state, o.name = "early", nameProgress
	if media, _ := ev.Get("media").(bool); media {
		ch.early, o.name = ev.Time, nameProgressMedia
	} else {
		ch.progress = ev.Time
	}
	b.emitLocked(o, nil)
}

func (ch *channel) updated(b *bus, o occasion, ev *call.Event) {
	o.name = nameCallUpdate
	b.emitLocked(o, nil)
	held, _ := ev.Get("hold").(bool)
	if held == ch.held {
		return
	}
	ch.held, o.name = held, nameHold
	if !held {
		o.name = nameUnhold
	}
	b.emitLocked(o, nil)
}

// keyPressed describes a key; its length is in samples of 8 kHz there.
func keyPressed(e *event, ev *call.Event) {
	ms, _ := ev.Get("duration_ms").(int64)
	source := map[string]string{"rtp": "RTP", "info": "ENDPOINT", "inband": "INBAND_AUDIO", "audiosocket": "ENDPOINT"}[textOf(ev.Get("source"))]
	e.add("DTMF-Digit", textOf(ev.Get("digit")))
	e.add("DTMF-Duration", number(8*ms))
	e.add("DTMF-Source", source)
}

// recorded describes a recording under the path that a client gave, if one did.
func recorded(e *event, ev *call.Event) {
	path := textOf(ev.Get("name"))
	if !strings.Contains(path, "/") && !strings.HasSuffix(path, ".wav") {
		path = textOf(ev.Get("file"))
	}
	e.add("Record-File-Path", path)
	if ev.Kind == call.EventRecordStop {
		e.add("Record-Completion-Cause", textOf(ev.Get("reason")))
		e.add("variable_record_ms", textOf(ev.Get("duration_ms")))
	}
}

// playStarted tells that a file is heard. One that no application of a client plays is
// told of as if it were one.
func (ch *channel) playStarted(b *bus, o occasion, v any) {
	p := heard{file: textOf(v)}
	if ch.own[p.file] > 0 {
		ch.disown(p.file)
	} else {
		p.own = newUUID()
		o.name = nameExecute
		b.emitLocked(o, func(e *event) { applied(e, "playback", p.file, p.own) })
	}
	ch.plays = append(ch.plays, p)
	o.name = namePlaybackStart
	b.emitLocked(o, func(e *event) { e.add("Playback-File-Path", p.file) })
}

func (ch *channel) playEnded(b *bus, o occasion, ev *call.Event) {
	file := textOf(ev.Get("file"))
	for i, p := range ch.plays {
		if p.file == file {
			ch.plays = append(ch.plays[:i:i], ch.plays[i+1:]...)
			ch.playOver(b, o, p, textOf(ev.Get("reason")))
			return
		}
	}
	ch.disown(file) // it was never heard
}

func (ch *channel) playOver(b *bus, o occasion, p heard, reason string) {
	status := "done"
	if reason != call.ReasonDone {
		status = "break"
	}
	o.name = namePlaybackStop
	b.emitLocked(o, func(e *event) {
		e.add("Playback-File-Path", p.file)
		e.add("Playback-Status", status)
	})
	if p.own != "" {
		o.name = nameExecuteComplete
		b.emitLocked(o, func(e *event) {
			applied(e, "playback", p.file, p.own)
			e.add("Application-Response", filePlayed)
		})
	}
}

func (ch *channel) disown(file string) {
	if n := ch.own[file]; n > 1 {
		ch.own[file] = n - 1
		return
	}
	delete(ch.own, file) // also where nobody owned it: there may be no map
}

// applied adds the headers of an application.
func applied(e *event, app, data, id string) {
	e.add("Application", app)
	e.add("Application-Data", data)
	e.add("Application-UUID", id)
}

// hangUp tells that a call begins to end, once, in the order of the original: what still
// ran is over then, and so are the connections that lived with the call.
func (b *bus) hangUp(ev *call.Event) {
	b.mu.Lock()
	ch := b.channel(ev)
	if ch.hung {
		b.mu.Unlock()
		return
	}
	ch.hung, ch.hungUp, ch.state, ch.cs = true, ev.Time, "leaving", "CS_HANGUP"
	ch.cause = endingOf(ev, !ch.answered.IsZero()).cause()
	o := occasion{name: nameHangup, call: ev.Call, at: ev.Time, where: ev.Kind}
	b.emitLocked(o, nil)
	if ch.parked {
		ch.parked, o.name = false, nameUnpark
		b.emitLocked(o, nil)
	}
	plays := ch.plays
	ch.plays = nil
	for _, p := range plays {
		ch.playOver(b, o, p, call.ReasonEnded)
	}
	b.mu.Unlock()

	b.server.acts.hangUp(ev.Call)

	b.mu.Lock()
	defer b.mu.Unlock()
	for _, state := range []string{"CS_HANGUP", "CS_REPORTING"} {
		ch.cs, o.name = state, nameState
		b.emitLocked(o, nil)
	}
	for _, c := range b.sessions[ev.Call] {
		c.over(ch)
	}
}

func endingOf(ev *call.Event, answered bool) *ending {
	e := &ending{text: textOf(ev.Get("cause")), by: textOf(ev.Get("by")), reason: textOf(ev.Get("reason")), answered: answered}
	if code, ok := ev.Get("code").(int64); ok {
		e.code = int(code)
	}
	return e
}

// finish tells that a call is over and forgets it.
func (b *bus) finish(ev *call.Event) {
	b.mu.Lock()
	ch := b.channel(ev)
	ch.last = lastWords(ch, ev)
	o := occasion{name: nameHangupComplete, call: ev.Call, at: ev.Time, where: ev.Kind}
	b.emitLocked(o, nil)
	ch.state, ch.cs, o.name = "over", "CS_DESTROY", nameDestroy
	b.emitLocked(o, nil)
	b.mu.Unlock()
	b.custom(ev)
	b.mu.Lock()
	delete(b.channels, ev.Call)
	b.mu.Unlock()
	b.server.acts.forget(ev.Call)
}

// lastWords are the variables that a call has when it is over.
func lastWords(ch *channel, ev *call.Event) []header {
	ms := func(name string) int64 { n, _ := ev.Get(name).(int64); return n }
	talked := ms("duration_ms")
	whole := ev.Time.Sub(ch.created).Milliseconds()
	return []header{
		{"variable_hangup_cause", ch.cause}, {"variable_hangup_cause_q850", strconv.Itoa(causes[ch.cause])},
		{"variable_start_uepoch", micros(ch.created)}, {"variable_answer_uepoch", micros(ch.answered)}, {"variable_end_uepoch", micros(ev.Time)},
		{"variable_duration", number(whole / 1000)}, {"variable_billsec", number(talked / 1000)}, {"variable_mduration", number(whole)},
		{"variable_billmsec", number(talked)}, {"variable_rtp_audio_in_packet_count", number(ms("packets_in"))},
		{"variable_rtp_audio_out_packet_count", number(ms("packets_out"))}, {"variable_rtp_audio_in_skip_packet_count", number(ms("lost"))},
	}
}

// custom sends an event as it is: rms:dtmf is CUSTOM rms::dtmf with a header for each
// field; one of mod_audio_stream has its own body.
func (b *bus) custom(ev *call.Event) {
	o := occasion{name: nameCustom, call: ev.Call, at: ev.Time, where: ev.Kind}
	if strings.HasPrefix(ev.Name, streamPrefix) {
		o.subclass = ev.Name
		b.emit(o, func(e *event) {
			if body := textOf(ev.Get("body")); body != "" {
				e.setBody(body)
			}
		})
		return
	}
	o.subclass = "rms::" + strings.TrimPrefix(ev.Kind, "rms:")
	b.emit(o, func(e *event) {
		e.add("rms_event", ev.Name)
		for _, f := range ev.Fields {
			if f.Name != "headers" { // of the INVITE: the channel's variables have those that matter
				e.add("rms_"+f.Name, textOf(f.Value))
			}
		}
	})
}

// textOf writes a value of an event as text.
func textOf(v any) string {
	switch t := v.(type) {
	case nil:
		return ""
	case string:
		return t
	case bool:
		return strconv.FormatBool(t)
	case int64:
		return number(t)
	case float64:
		return strconv.FormatFloat(t, 'g', -1, 64)
	}
	b, err := json.Marshal(v)
	if err != nil {
		return ""
	}
	return string(b)
}
