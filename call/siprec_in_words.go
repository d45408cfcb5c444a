package call

import (
	"encoding/json"
	"strconv"
	"time"

	"rms/media/record/ledger"
	"rms/sip/siprec"
)

// siprecChange is one thing that the recording client told.
type siprecChange struct {
	At       time.Time        `json:"at"`
	By       string           `json:"by"` // invite, update, re-invite or ack
	Metadata *siprec.Metadata `json:"metadata,omitempty"`
}

// Limits of what the sidecar tells of a session, so that a client cannot fill memory.
const (
	maxSiprecChanges = 32
	maxSiprecJSON    = 64 << 10
	maxSiprecFields  = 32 // participants in an event
)

// note keeps what the client told, for the sidecar.
func (s *siprecIn) note(by string, m *siprec.Metadata) {
	if m != nil && len(s.updates) < maxSiprecChanges {
		s.updates = append(s.updates, siprecChange{At: time.Now(), By: by, Metadata: m})
	}
}

// speaker is who sends a stream: the one that the metadata names for its label.
// Without a label that matches, streams and participants go by their order, when there
// are as many of both.
func (s *siprecIn) speaker(st *siprecStream) (*siprec.Participant, bool) {
	m := s.metadata
	if m == nil || st.mline < 0 && st.label == "" {
		return nil, false
	}
	if p, ok := m.Sender(st.label); ok {
		return p, true
	}
	for _, o := range s.line.streams {
		if _, ok := m.Stream(o.label); ok && o.mline >= 0 {
			return nil, false // labels are used, and this one is unknown
		}
	}
	open := s.line.open()
	for i, o := range open {
		switch {
		case o != st:
		case i < len(m.Streams):
			if p, ok := m.SenderOf(m.Streams[i].ID); ok {
				return p, true
			}
			fallthrough
		case len(m.Participants) == len(open):
			return &m.Participants[i], true
		}
	}
	return nil, false
}

// side is the word for a stream's place: the first two are the sides of the call.
func (st *siprecStream) side() string {
	switch st.index {
	case sideCaller:
		return "caller"
	case sideCallee:
		return "callee"
	}
	return strconv.Itoa(st.index + 1)
}

// fields are the participants and streams in an event.
func (s *siprecIn) fields() []Field {
	var streams []any
	for _, st := range s.line.open() {
		f := map[string]any{
			"label": st.label, "side": st.side(), "codec": st.codec.Encoding(), "remote": address(st.media.Remote),
			"direction": st.media.Direction.String(), "paused": !st.media.Direction.Receives(),
		}
		if p, ok := s.speaker(st); ok {
			f["participant"], f["aor"], f["name"] = p.ID, p.AOR(), p.Name()
		}
		streams = append(streams, f)
	}
	var people []any
	session := ""
	if m := s.metadata; m != nil {
		for i := range m.Participants[:min(len(m.Participants), maxSiprecFields)] {
			p := &m.Participants[i]
			people = append(people, map[string]any{"id": p.ID, "aor": p.AOR(), "name": p.Name()})
		}
		if len(m.Sessions) > 0 {
			session = m.Sessions[0].ID
		}
	}
	return []Field{{"session", session}, {"streams", int64(len(streams))}, {"labels", streams}, {"participants", people}}
}

// setVariables gives scripts what is known, as variables of the call: siprec_session,
// siprec_participants, and for each side its label, aor and name.
func (s *siprecIn) setVariables() {
	set := func(name string, v any) {
		if err := s.call.vars.set(name, v); err != nil {
			s.call.debug().Str("variable", name).Err(err).Msg("variable not set")
		}
	}
	fields := s.fields()
	set("siprec_session", fields[0].Value)
	set("siprec_participants", fields[3].Value)
	for _, st := range s.line.open() {
		prefix := "siprec_" + st.side() + "_"
		set(prefix+"label", st.label)
		if p, ok := s.speaker(st); ok {
			set(prefix+"aor", p.AOR())
			set(prefix+"name", p.Name())
		}
	}
}

// describe puts what is known of the session into the sidecar of a recording with these
// labels: of both sides, or of one stream.
func (s *siprecIn) describe(to *ledger.Sidecar, labels [2]string, only *siprecStream) {
	if s == nil {
		return
	}
	if text := s.json(); text != nil {
		to.Siprec = text
	}
	if s.line == nil {
		return
	}
	var parties []ledger.Party
	var sides []ledger.Side
	for _, st := range s.line.streams {
		p, ok := s.speaker(st)
		if !ok || only != nil && only != st {
			continue
		}
		role := "participant"
		if st.index <= sideCallee {
			role = st.side()
		}
		parties = append(parties, ledger.Party{Role: role, URI: p.AOR(), Name: p.Name()})
		if only == nil && st.index <= sideCallee {
			sides = append(sides, ledger.Side{Label: or(labels[st.index], role), Party: p.AOR()})
		} else if only == st {
			sides = append(sides, ledger.Side{Label: or(labels[sideCaller], "caller"), Party: p.AOR()})
		}
	}
	if len(parties) > 0 {
		to.Parties, to.Sides = parties, sides
	}
}

// json is the session for sidecars: streams, the metadata that holds now, and what the
// client told, the older parts as far as there is room.
func (s *siprecIn) json() json.RawMessage {
	type stream struct {
		Label string `json:"label,omitempty"`
		Side  string `json:"side"`
		Who   string `json:"participant,omitempty"`
	}
	doc := struct {
		Streams  []stream         `json:"streams,omitempty"`
		Metadata *siprec.Metadata `json:"metadata,omitempty"`
		Updates  []siprecChange   `json:"updates,omitempty"`
	}{Metadata: s.metadata, Updates: s.updates}
	if s.line != nil {
		for _, st := range s.line.streams {
			if st.mline < 0 && st.label == "" {
				continue
			}
			f := stream{Label: st.label, Side: st.side()}
			if p, ok := s.speaker(st); ok {
				f.Who = p.ID
			}
			doc.Streams = append(doc.Streams, f)
		}
	}
	for {
		text, err := json.Marshal(doc)
		switch {
		case err != nil:
			return nil
		case len(text) <= maxSiprecJSON:
			return text
		case len(doc.Updates) > 0:
			doc.Updates = doc.Updates[:len(doc.Updates)/2]
		case doc.Metadata != nil:
			doc.Metadata = nil
		default:
			return nil
		}
	}
}

// annotateSiprec brings the sidecars of running recordings up to date.
func (c *Call) annotateSiprec() {
	for _, r := range c.recordings {
		if r.to == nil || r.stopping {
			continue
		}
		var now ledger.Sidecar
		c.siprecIn.describe(&now, r.set.spec.Labels, r.stream)
		r.to.Annotate(func(s *ledger.Sidecar) {
			if now.Siprec != nil {
				s.Siprec = now.Siprec
			}
			if len(now.Parties) > 0 {
				s.Parties, s.Sides = now.Parties, now.Sides
			}
		})
	}
}
