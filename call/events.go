package call

import (
	"time"

	"rms/sip"
)

// The names of the events that rms sends by itself. docs/events.md is written
// from the table Events.
const (
	EventInvite       = "rms:invite"
	EventProgress     = "rms:progress"
	EventStart        = "rms:start"
	EventAck          = "rms:ack"
	EventUpdate       = "rms:update"
	EventPlayStart    = "rms:play_start"
	EventPlayError    = "rms:play_error"
	EventPlayEnd      = "rms:play_end"
	EventDTMF         = "rms:dtmf"
	EventMediaTimeout = "rms:media_timeout"
	EventMediaError   = "rms:media_error"
	EventScriptError  = "rms:script_error"
	EventSiprecStart  = "rms:siprec_start"
	EventSiprecUpdate = "rms:siprec_update"
	EventSiprecStop   = "rms:siprec_stop"
	EventSiprecError  = "rms:siprec_error"
	EventCollect      = "rms:collect"
	EventSleep        = "rms:sleep"
	EventSocket       = "rms:socket"
	EventHangup       = "rms:hangup"
	EventEnd          = "rms:end"
)

// EventDoc describes one event for docs/events.md and for completion.
type EventDoc struct {
	Name   string
	When   string
	Fields []FieldDoc
}

// FieldDoc describes one field of an event.
type FieldDoc struct {
	Name, Doc string
}

// Events is the table of events, in the order of a call's life.
var Events = []EventDoc{
	{EventInvite, "a new INVITE came; no final answer was sent", []FieldDoc{
		{"from", "URI of the caller"},
		{"to", "URI of the called party"},
		{"ruri", "request URI"},
		{"headers", "all header fields, name to list of values; in a script they are `call.header(\"X-Name\")` and `call.headers(\"Via\")`"},
		{"source", "ip:port that the INVITE came from"},
	}},
	{EventProgress, "180 or another provisional response was sent; for those who watch only, no route of this name runs", []FieldDoc{
		{"code", "SIP status code"}, {"media", "true when it had SDP: early media"},
	}},
	{EventStart, "the call was answered and its media runs; the ACK may still be on its way (for an INVITE without offer: the ACK brought the answer). `rms_answer` may give it another name", []FieldDoc{
		{"codec", "encoding on the wire, as in an rtpmap: PCMU/8000"}, {"remote", "ip:port that we send RTP to, empty while the far end names none"}, {"direction", "ours: sendrecv, sendonly, recvonly, inactive"},
	}},
	{EventAck, "the ACK of the answered call came; those of a re-INVITE go with rms:update", nil},
	{EventUpdate, "a re-INVITE or UPDATE took effect", []FieldDoc{
		{"codec", "encoding on the wire"}, {"direction", "ours"}, {"remote", "ip:port that we send RTP to"}, {"hold", "true when the far end put us on hold"},
	}},
	{EventPlayStart, "a player began", []FieldDoc{{"file", "as given to play"}}},
	{"(the name given to play)", "the last sample was sent, or the play was stopped, replaced or impossible. See rms:play_end for one that was given no name", []FieldDoc{
		{"file", "as given to play"}, {"reason", "done, stopped, replaced, error"}, {"played_ms", "ms of audio that were sent"}, {"error", "why, when reason is error"},
	}},
	{EventPlayEnd, "a play ended that was given no name, or whose failure rms:play_error took: each play ends in exactly one event, this or the one of its name", []FieldDoc{
		{"file", "as given to play"}, {"reason", "done, stopped, replaced, error"}, {"played_ms", "ms of audio that were sent"}, {"error", "why, when reason is error"},
	}},
	{EventPlayError, "a file could not be opened or decoded. Without this route the one named in play runs with reason=error; without that too, a play from a script ends the call. A long file may fail while it plays", []FieldDoc{
		{"file", "as given to play"}, {"error", "why"},
	}},
	{EventDTMF, "a key was pressed: once per key, whatever form it came in and however often, also while a collect takes it", []FieldDoc{
		{"digit", "0-9, *, #, A-D"}, {"duration_ms", "how long, in ms"}, {"source", "rtp (RFC 4733), info (SIP INFO) or audiosocket"},
	}},
	{EventCollect, "(or the name given to collect) the keys of a collect are there, or it ended without: once for each", []FieldDoc{
		{"digits", "the keys, without the terminator"},
		{"reason", "max: as many as wanted; terminator; inter_timeout, first_timeout: no further key came; stopped: rms_collect_stop, or the media was stopped; hangup: the call ended"},
		{"terminator", "the key that ended it, empty without one"},
		{"tries", "how often the caller was asked"},
	}},
	{EventSleep, "(or the name given to sleep) the time has passed, or the call ends: once for each", []FieldDoc{{"reason", "done or ended"}}},
	{EventSocket, "(or the name given to socket) an Event Socket application let go of the call, or could not be had: once for each", []FieldDoc{
		{"reason", "resumed: it wants the script to go on; closed: it closed the connection, and the call is hung up; error: no connection; ended: the call ended"},
		{"error", "why, when reason is error"},
	}},
	{EventStreamConnect, "a stream is connected", []FieldDoc{
		{"name", "of the stream"}, {"url", "its target, without password and query"}, {"remote", "ip:port that it is connected to"}, {"body", "what mod_audio_stream says at this moment, JSON"},
	}},
	{EventStreamError, "a target could not be had, or a connection broke, or something was wrong that the stream survives; rms:stream_disconnect follows when it is over", []FieldDoc{
		{"name", "of the stream"}, {"code", "1 IO, 2 header of the handshake, 3 masked frame, 4 not supported, 5 no pong, 6 no connection, 7 TLS set-up, 8 TLS handshake, 9 TLS, 10 timeout, 11 protocol, 0 other"}, {"error", "what went wrong"}, {"http_status", "of the answer to the handshake, 0 without one"}, {"body", "the same, JSON of mod_audio_stream in the form of stream.compat"},
	}},
	{EventStreamDisconnect, "a connection ended, or the stream did without ever having one", []FieldDoc{
		{"name", "of the stream"}, {"by", "local, remote, timeout, error"}, {"code", "close code of a websocket (RFC 6455 section 7.4), 1000 or 1006 elsewhere"}, {"reason", "in words"}, {"frames_out", "frames of audio sent"}, {"dropped_ms", "ms of audio that the far end was too slow for"}, {"again", "true when another connection is tried"}, {"body", "JSON of mod_audio_stream"},
	}},
	{EventStreamJSON, "a far end sent a message that is not audio", []FieldDoc{{"name", "of the stream"}, {"text", "the message as it came"}}},
	{EventStreamPlay, "a far end sent audio in a message (streamAudio); it is played to the caller unless playback is off", []FieldDoc{
		{"name", "of the stream"}, {"file", "with the audio as it came; it is there until it was played, and until the call ends when playback is off. Empty when it could not be kept"}, {"body", "JSON of mod_audio_stream: the message's data without the audio, with the file"},
	}},
	{EventStreamMark, "a mark behind a far end's audio was reached or cleared", []FieldDoc{
		{"name", "of the stream"}, {"mark", "name of the mark"}, {"state", "played: its last sample was sent; received: an RTCP report of the caller covers it; cleared: it was dropped"}, {"seq", "RTP sequence number of the packet with the last sample, when there is one"}, {"played_ms", "ms of audio that were played since the mark before"},
	}},
	{EventStreamDrop, "a far end was too slow and audio for it was dropped; at most once a second", []FieldDoc{
		{"name", "of the stream"}, {"dropped_ms", "ms of audio since the last such event"}, {"total_ms", "ms since the stream began"},
	}},
	{EventRecordStart, "a recording has its file and gets audio", []FieldDoc{
		{"name", "of the recording"}, {"file", "its name below record.root"}, {"sides", "caller, callee, mixed or stereo"}, {"format", "samples: pcm, ulaw or alaw"}, {"rate", "in Hz"},
	}},
	{EventRecordPause + ", " + EventRecordResume, "a recording is paused, or goes on", []FieldDoc{
		{"name", "of the recording"}, {"file", "its name below record.root"}, {"at_ms", "where, in ms from its beginning"}, {"mask", "true when keys are hidden meanwhile"},
	}},
	{EventRecordGap, "the disk was too slow and a recording lacks audio: once when that begins, and when it has ended for each side that lacks some. What the network lost is in the sidecar", []FieldDoc{
		{"name", "of the recording"}, {"file", "its name below record.root"}, {"at_ms", "where, in ms from its beginning"}, {"length_ms", "how much, 0 when it begins"}, {"side", "caller, callee or both"}, {"reason", "disk"}, {"ended", "false when it begins"},
	}},
	{EventRecordError, "a recording could not begin, or the disk failed; it goes on trying until it is stopped. One that is required ends the call", []FieldDoc{
		{"name", "of the recording"}, {"file", "its name below record.root"}, {"error", "what went wrong"},
	}},
	{EventRecordStop, "(or the name given to record_start) a recording has ended, its file is closed, hashed and in the chain: once for each", []FieldDoc{
		{"name", "of the recording"}, {"file", "its name below record.root"},
		{"reason", "stopped, hangup, terminator, silence, max, size, disk: no room, error, shutdown, or slow: the disk does not answer, and the call waits no longer"},
		{"duration_ms", "of the file in ms"}, {"bytes", "of the file"}, {"sha256", "of the file, hexadecimal"}, {"terminator", "the key that ended it, empty without one"},
		{"gaps", "stretches without sound of a side, as the sidecar tells them"}, {"error", "the first thing that went wrong, when something did"},
	}},
	{EventRecordUploaded, "a recording was delivered; that may be after its call, and no route runs then", []FieldDoc{
		{"file", "its name below record.root"}, {"url", "where it is"}, {"attempts", "how many it took"}, {"bytes", "of the file"}, {"sha256", "of the file, hexadecimal"},
	}},
	{"mod_audio_stream::connect, ::disconnect, ::error, ::json, ::play", "the same moments of a websocket stream, under the names and with the bodies of mod_audio_stream", []FieldDoc{{"name", "of the stream"}, {"body", "as that module writes it"}}},
	{EventSiprecStart, "role server, instead of rms:start: the call is a recording session (SIPREC, RFC 7866), its media runs, nothing is sent, and it is recorded; `rms_answer` may give it another name. Role client: a recorder takes the streams of rms_siprec", []FieldDoc{
		{"role", "server: the call is a recording session; client: we send to a recorder"}, {"remote", "ip:port that the first stream comes from or goes to"}, {"codec", "of the first stream, as in an rtpmap"}, {"streams", "how many; of a client 1 when the recorder refused the other"},
		{"direction", "server: ours, recvonly or inactive"}, {"session", "server: id of the communication session in the metadata (RFC 7865), empty without"},
		{"labels", "server: list of the streams: label, side (caller: the first, callee: the second, then 3, 4 ...), codec, remote, direction, paused; and, when the metadata tell who speaks, participant, aor, name"},
		{"participants", "server: list of all in the metadata: id, aor, name"},
		{"name", "client: of the recording session"}, {"to", "client: URI of the recorder"}, {"relayed", "client: true when packets go on as they come, false when they are encoded anew"}, {"sip_call_id", "client: Call-ID of the recording session"},
	}},
	{EventSiprecUpdate, "a recording session that came in changed: streams or metadata, by re-INVITE, UPDATE or the ACK of one", []FieldDoc{
		{"role", "server"}, {"metadata", "true when metadata came"}, {"partial", "true when they were an update of those before"}, {"session", "as in rms:siprec_start"}, {"streams", "how many there are now"}, {"labels", "as in rms:siprec_start, after the change"}, {"participants", "as in rms:siprec_start"},
	}},
	{EventSiprecError, "a recorder could not be had or was lost, and rms:siprec_stop follows; or it refused a change, and the recording goes on", []FieldDoc{
		{"role", "client"}, {"name", "of the recording session"}, {"to", "URI of the recorder"}, {"code", "SIP status code: of the recorder, 408 when it is silent, 503 when it cannot be reached or may not, 488 when its answer is of no use"}, {"error", "what went wrong"},
	}},
	{EventSiprecStop, "a recording session is over: exactly once for each rms_siprec that returned true", []FieldDoc{
		{"role", "client"}, {"name", "of the recording session"}, {"to", "URI of the recorder"}, {"by", "us, recorder, timeout, error"}, {"code", "SIP status code, 200 for an ordinary end"}, {"reason", "in words"}, {"duration_ms", "ms from the recorder's answer to the end, 0 without one"}, {"packets", "RTP packets sent, both streams"},
	}},
	{EventMediaTimeout, "neither RTP nor RTCP came for rtp.timeout while we expected some; the call is hung up when the route ends", []FieldDoc{{"timeout_ms", "rtp.timeout in ms"}}},
	{EventMediaError, "a filter failed and the call's audio was stopped, or the call itself failed; the call is hung up", []FieldDoc{{"where", "which part"}, {"error", "what"}}},
	{EventScriptError, "a route failed or ran too long. Without this route the call is hung up", []FieldDoc{
		{"where", "file:line"}, {"error", "what"}, {"route", "which route failed"},
	}},
	{EventLost, "only for those who subscribe from outside: they read too slowly, and the events that stood here were dropped", []FieldDoc{{"count", "how many"}}},
	{EventHangup, "the call begins to end: the media stops, the events of what still played or waited follow, then rms:end; for those who watch only, no route of this name runs", []FieldDoc{
		{"cause", "why the call ends"}, {"by", "caller, us, timeout, error"}, {"code", "SIP status code, 200 for an ordinary end, 0 without one"},
		{"reason", "Reason header field of the far end's BYE or CANCEL (RFC 3326), empty without one"}, {"answered", "true when the call was"},
	}},
	{EventEnd, "exactly once, last", []FieldDoc{
		{"cause", "why the call ended"},
		{"by", "caller, us, timeout, error"},
		{"code", "SIP status code of a call that was not answered, else 0"},
		{"reason", "Reason header field of the far end's BYE or CANCEL (RFC 3326), empty without one"},
		{"setup_ms", "ms from INVITE to our answer"},
		{"duration_ms", "ms from our answer to the end"},
		{"packets_in", "RTP packets received"},
		{"packets_out", "RTP packets sent"},
		{"lost", "RTP packets that never came"},
		{"jitter_ms", "interarrival jitter in ms (RFC 3550 section 6.4.1)"},
	}},
}

// requestEvent makes the event of an INVITE or of the request route. The header
// fields are in it only for a watcher: a script reads them from the request.
func (c *Call) requestEvent(name string, r *sip.Request) *Event {
	ev := &Event{Name: name, Call: c.id, Time: time.Now()}
	watched := name == EventInvite && c.manager.watched()
	if watched || c.router.Has(name) {
		ev.Fields = requestFields(r)
	}
	if watched {
		ev.Fields = append(ev.Fields, Field{"headers", headersOf(r)})
	}
	return ev
}

func requestFields(r *sip.Request) []Field {
	i := infoOf(r)
	return []Field{{"from", i.From}, {"to", i.To}, {"ruri", i.RURI}, {"source", i.Source}}
}

// headersOf lists the header fields by name, in the order of the message.
func headersOf(r *sip.Request) map[string]any {
	headers := make(map[string]any)
	for _, h := range r.Headers() {
		list, _ := headers[h.Name].([]any)
		headers[h.Name] = append(list, h.Value)
	}
	return headers
}
