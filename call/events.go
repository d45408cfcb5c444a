package call

import (
	"time"

	"rms/sip"
)

// The names of the events that rms sends by itself. docs/events.md is written
// from the table Events.
const (
	EventInvite       = "rms:invite"
	EventStart        = "rms:start"
	EventAck          = "rms:ack"
	EventUpdate       = "rms:update"
	EventPlayStart    = "rms:play_start"
	EventPlayError    = "rms:play_error"
	EventDTMF         = "rms:dtmf"
	EventMediaTimeout = "rms:media_timeout"
	EventMediaError   = "rms:media_error"
	EventScriptError  = "rms:script_error"
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
	{EventStart, "the call was answered and its media runs; the ACK may still be on its way (for an INVITE without offer: the ACK brought the answer). `rms_answer` may give it another name", []FieldDoc{
		{"codec", "encoding on the wire, as in an rtpmap: PCMU/8000"}, {"remote", "ip:port that we send RTP to, empty while the far end names none"}, {"direction", "ours: sendrecv, sendonly, recvonly, inactive"},
	}},
	{EventAck, "the ACK of the answered call came; those of a re-INVITE go with rms:update", nil},
	{EventUpdate, "a re-INVITE or UPDATE took effect", []FieldDoc{
		{"codec", "encoding on the wire"}, {"direction", "ours"}, {"remote", "ip:port that we send RTP to"}, {"hold", "true when the far end put us on hold"},
	}},
	{EventPlayStart, "a player began", []FieldDoc{{"file", "as given to play"}}},
	{"(the name given to play)", "the last sample was sent, or the play was stopped, replaced or impossible", []FieldDoc{
		{"file", "as given to play"}, {"reason", "done, stopped, replaced, error"}, {"played_ms", "ms of audio that were sent"}, {"error", "why, when reason is error"},
	}},
	{EventPlayError, "a file could not be opened or decoded. Without this route the one named in play runs with reason=error; without that too, a play from a script ends the call. A long file may fail while it plays", []FieldDoc{
		{"file", "as given to play"}, {"error", "why"},
	}},
	{EventDTMF, "a key was pressed: once per key, whatever form it came in and however often", []FieldDoc{
		{"digit", "0-9, *, #, A-D"}, {"duration_ms", "how long, in ms"}, {"source", "rtp (RFC 4733) or info (SIP INFO)"},
	}},
	{EventMediaTimeout, "neither RTP nor RTCP came for rtp.timeout while we expected some; the call is hung up when the route ends", []FieldDoc{{"timeout_ms", "rtp.timeout in ms"}}},
	{EventMediaError, "a filter failed and the call's audio was stopped, or the call itself failed; the call is hung up", []FieldDoc{{"where", "which part"}, {"error", "what"}}},
	{EventScriptError, "a route failed or ran too long. Without this route the call is hung up", []FieldDoc{
		{"where", "file:line"}, {"error", "what"}, {"route", "which route failed"},
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
	watched := c.manager.opts.Watch != nil && name == EventInvite
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
