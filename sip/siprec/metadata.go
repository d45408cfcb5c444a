package siprec

import "strings"

// Metadata is what a recording client says of the session that it has recorded: RFC
// 7865. References between its parts are ids as the client chose them. Its JSON form
// is the one of sidecars.
type Metadata struct {
	// Partial is true for an update, which changes or adds what it names (data mode).
	Partial      bool                   `json:"partial,omitempty"`
	Groups       []Group                `json:"groups,omitempty"`
	Sessions     []CommunicationSession `json:"sessions,omitempty"`
	Participants []Participant          `json:"participants,omitempty"`
	Streams      []Stream               `json:"streams,omitempty"`
	// Memberships say who takes part in which communication session, and when.
	Memberships []Membership `json:"memberships,omitempty"`
	// Flows say who sends and who receives which streams.
	Flows []Flow `json:"flows,omitempty"`
	// Recorded lists when communication sessions joined and left the recording.
	Recorded []Recorded `json:"recorded,omitempty"`
	// Extra is what the root has besides, of vendors.
	Extra Extra `json:"extra,omitempty"`
}

// Extra is text of elements that RFC 7865 does not have, by their local names.
type Extra map[string]string

// Interval says when something began and ended, as the client wrote it (RFC 3339).
type Interval struct {
	From string `json:"from,omitempty"`
	To   string `json:"to,omitempty"`
}

// Group holds communication sessions together, a transferred call for instance.
type Group struct {
	ID string `json:"id"`
	Interval
	Extra Extra `json:"extra,omitempty"`
}

// CommunicationSession is the call that is recorded.
type CommunicationSession struct {
	ID    string `json:"id"`
	Group string `json:"group,omitempty"`
	// SIPSessionIDs are of RFC 7989.
	SIPSessionIDs []string `json:"sip_session_ids,omitempty"`
	Reason        string   `json:"reason,omitempty"`
	Interval
	Extra Extra `json:"extra,omitempty"`
}

// Participant is somebody in a communication session.
type Participant struct {
	ID    string `json:"id"`
	Names []Name `json:"names,omitempty"`
	Extra Extra  `json:"extra,omitempty"`
}

// Name is how a participant is known: its address of record and its display name.
type Name struct {
	AOR  string `json:"aor,omitempty"`
	Name string `json:"name,omitempty"`
	Lang string `json:"lang,omitempty"`
}

// Stream is one media stream; Label is the a=label of its m-line (RFC 4574).
type Stream struct {
	ID      string `json:"id"`
	Session string `json:"session,omitempty"`
	Label   string `json:"label,omitempty"`
	Mode    string `json:"mode,omitempty"`
	Interval
	Extra Extra `json:"extra,omitempty"`
}

// Membership is a participant's time in a communication session.
type Membership struct {
	Participant string `json:"participant"`
	Session     string `json:"session,omitempty"`
	// Params are of the participant's Contact.
	Params []string `json:"params,omitempty"`
	Interval
}

// Flow names the streams that a participant sends and receives.
type Flow struct {
	Participant string   `json:"participant"`
	Sends       []string `json:"sends,omitempty"`
	Receives    []string `json:"receives,omitempty"`
	Interval
}

// Recorded is the time of a communication session in the recording session.
type Recorded struct {
	Session string `json:"session"`
	Interval
}

// AOR is the participant's first address of record, empty when it has none.
func (p *Participant) AOR() string {
	for _, n := range p.Names {
		if n.AOR != "" {
			return n.AOR
		}
	}
	return ""
}

// Name is the participant's first display name, empty when it has none.
func (p *Participant) Name() string {
	for _, n := range p.Names {
		if n.Name != "" {
			return n.Name
		}
	}
	return ""
}

// Participant finds a participant by its id.
func (m *Metadata) Participant(id string) (*Participant, bool) {
	if m == nil {
		return nil, false
	}
	for i := range m.Participants {
		if m.Participants[i].ID == id {
			return &m.Participants[i], true
		}
	}
	return nil, false
}

// Stream finds the stream with a label. Labels that differ in blanks or case only are
// one, and a stream without a label goes by its id.
func (m *Metadata) Stream(label string) (*Stream, bool) {
	if m == nil || label == "" {
		return nil, false
	}
	label = strings.TrimSpace(label)
	for i := range m.Streams {
		if strings.EqualFold(m.Streams[i].Label, label) {
			return &m.Streams[i], true
		}
	}
	for i := range m.Streams {
		if s := &m.Streams[i]; s.Label == "" && s.ID == label {
			return s, true
		}
	}
	return nil, false
}

// Sender finds who sends the stream with a label; the first one when several do.
func (m *Metadata) Sender(label string) (*Participant, bool) {
	s, ok := m.Stream(label)
	if !ok {
		return nil, false
	}
	return m.SenderOf(s.ID)
}

// SenderOf finds who sends a stream, by the id of the stream. Who has left it comes
// after who has not.
func (m *Metadata) SenderOf(stream string) (*Participant, bool) {
	if m == nil {
		return nil, false
	}
	var past *Participant
	for _, f := range m.Flows {
		if !contains(f.Sends, stream) {
			continue
		}
		p, ok := m.Participant(f.Participant)
		switch {
		case ok && f.To == "":
			return p, true
		case ok && past == nil:
			past = p
		}
	}
	return past, past != nil
}

func contains(list []string, s string) bool {
	for _, v := range list {
		if v == s {
			return true
		}
	}
	return false
}
