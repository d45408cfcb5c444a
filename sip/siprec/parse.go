package siprec

import "strings"

// ParseMetadata reads the XML of RFC 7865, or of the drafts before it. An error is an
// *Error.
func ParseMetadata(text []byte) (*Metadata, error) {
	if len(text) > maxMetadata {
		return nil, &Error{Code: 413, Text: "recording metadata of more than 256 KiB"}
	}
	root, err := tree(trimmed(text))
	if err != nil {
		return nil, err
	}
	if root.name != "recording" {
		return nil, broken("recording metadata: the root element is %q, not recording", short(root.name))
	}
	m := &Metadata{}
	for _, e := range root.children {
		m.take(e)
	}
	m.Partial = strings.EqualFold(root.child("datamode", "data-mode"), "partial")
	m.Extra = root.extra("datamode", "data-mode", "group", "session", "participant", "stream",
		"participantsessionassoc", "participantstreamassoc", "sessionrecordingassoc")
	return m, nil
}

func short(s string) string {
	if len(s) > 40 {
		return strings.ToValidUTF8(s[:40], "") + "..."
	}
	return s
}

// add appends to a list that has its limit.
func add[T any](list []T, v T) []T {
	if len(list) >= maxList {
		return list
	}
	return append(list, v)
}

// take reads one child of the root.
func (m *Metadata) take(e *element) {
	switch e.name {
	case "group":
		m.Groups = add(m.Groups, Group{ID: e.attr("group_id", "id"), Interval: e.interval(), Extra: e.extra()})
	case "session":
		m.takeSession(e)
	case "participant":
		m.takeParticipant(e)
	case "stream":
		m.takeStream(e)
	case "participantsessionassoc":
		m.Memberships = add(m.Memberships, Membership{
			Participant: e.attr("participant_id", "participant"), Session: e.attr("session_id", "session"),
			Params: e.list("param"), Interval: e.interval(),
		})
	case "participantstreamassoc":
		m.takeFlow(e, e.attr("participant_id", "participant"))
	case "sessionrecordingassoc":
		m.Recorded = add(m.Recorded, Recorded{Session: e.attr("session_id", "session"), Interval: e.interval()})
	}
}

func (m *Metadata) takeSession(e *element) {
	s := CommunicationSession{
		ID: e.attr("session_id", "id"), Group: e.child("group-ref", "group"), SIPSessionIDs: e.list("sipsessionid"),
		Reason: e.child("reason"), Interval: e.interval(),
		Extra: e.extra("group-ref", "group", "sipsessionid", "reason", "participant", "stream"),
	}
	m.Sessions = add(m.Sessions, s)
	for _, c := range e.children { // drafts, and some senders, nest them
		if c.name == "participant" || c.name == "stream" {
			m.take(c)
		}
	}
}

func (m *Metadata) takeParticipant(e *element) {
	p := Participant{
		ID:    e.attr("participant_id", "id"),
		Extra: e.extra("nameid", "aor", "name", "send", "recv", "param"),
	}
	for _, c := range e.children {
		if c.name == "nameid" {
			p.Names = add(p.Names, nameOf(c))
		}
	}
	if len(p.Names) == 0 {
		if n := nameOf(e); n != (Name{}) {
			p.Names = []Name{n}
		}
	}
	m.Participants = add(m.Participants, p)
	m.takeFlow(e, p.ID)
	if session := e.attr("session_id", "session"); session != "" {
		m.Memberships = add(m.Memberships, Membership{Participant: p.ID, Session: session, Interval: e.interval()})
	}
}

func nameOf(e *element) Name {
	n := Name{AOR: e.attr("aor"), Name: e.attr("name")}
	for _, c := range e.children {
		switch {
		case c.name == "aor" && n.AOR == "":
			n.AOR = c.value()
		case c.name == "name" && n.Name == "":
			n.Name, n.Lang = c.value(), c.attr("lang")
		}
	}
	return n
}

// takeFlow reads send and recv, of an association or of a participant of a draft.
func (m *Metadata) takeFlow(e *element, participant string) {
	f := Flow{Participant: participant, Sends: e.list("send"), Receives: e.list("recv"), Interval: e.interval()}
	ends := e.name == "participantstreamassoc" && f.To != "" // of the one before
	if len(f.Sends)+len(f.Receives) > 0 || ends {
		m.Flows = add(m.Flows, f)
	}
}

func (m *Metadata) takeStream(e *element) {
	s := Stream{
		ID: e.attr("stream_id", "streamid", "id"), Session: e.attr("session_id", "session"),
		Label: e.child("label"), Mode: e.child("mode"), Interval: e.interval(), Extra: e.extra("label", "mode"),
	}
	if s.Label == "" {
		s.Label = e.attr("label")
	}
	m.Streams = add(m.Streams, s)
}

// list returns the texts of all children of a name, those without text too.
func (e *element) list(name string) []string {
	var out []string
	for _, c := range e.children {
		if c.name == name {
			if v := c.value(); v != "" {
				out = add(out, v)
			}
		}
	}
	return out
}

func (e *element) interval() Interval {
	return Interval{
		From: e.child("associate-time", "start-time"),
		To:   e.child("disassociate-time", "stop-time", "end-time"),
	}
}

// extra collects the texts of what nobody else reads, however deep.
func (e *element) extra(known ...string) Extra {
	var out Extra
	var walk func(e *element)
	walk = func(e *element) {
		for _, c := range e.children {
			if v := c.value(); v != "" && len(out) < maxExtra {
				if out == nil {
					out = make(Extra)
				}
				if _, there := out[c.name]; !there {
					out[c.name] = v
				}
			}
			walk(c)
		}
	}
	for _, c := range e.children {
		switch {
		case contains(known, c.name), isTime(c.name):
		case len(c.children) > 0:
			walk(c)
		default:
			walk(&element{children: []*element{c}})
		}
	}
	return out
}

func isTime(name string) bool {
	switch name {
	case "associate-time", "disassociate-time", "start-time", "stop-time", "end-time":
		return true
	}
	return false
}
