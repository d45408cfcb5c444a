package shelf

import (
	"time"

	"rms/media/record/ledger"
)

// Summary is a recording in a list. Its sidecar has more.
type Summary struct {
	ID         string    `json:"id"`
	Call       string    `json:"call,omitempty"`
	Name       string    `json:"name,omitempty"`
	File       string    `json:"file"`
	State      string    `json:"state"`
	Started    time.Time `json:"started"`
	DurationMS int64     `json:"duration_ms"`
	Bytes      int64     `json:"bytes"`
	Rate       int       `json:"rate"`
	Channels   int       `json:"channels"`
	Encoding   string    `json:"encoding"`
	Parties    []string  `json:"parties"` // names, else URIs
	Reason     string    `json:"reason,omitempty"`
	Pauses     int       `json:"pauses"`
	Gaps       int       `json:"gaps"` // that lack sound
	Marks      int       `json:"marks"`
	Encrypted  bool      `json:"encrypted"`
	Hold       bool      `json:"hold"`             // on legal hold
	Upload     string    `json:"upload,omitempty"` // state of the last delivery
}

// Summarize says in short what a sidecar tells.
func Summarize(s *ledger.Sidecar) Summary {
	i := Summary{
		ID: s.ID, Call: s.Call, Name: s.Name, File: s.File, State: string(s.State), Started: s.Started, DurationMS: s.DurationMS, Bytes: s.Bytes,
		Rate: s.Rate, Channels: s.Channels, Encoding: s.Encoding, Parties: []string{}, Reason: s.Reason, Pauses: len(s.Pauses), Gaps: missing(s),
		Marks: len(s.Marks), Encrypted: len(s.EncryptedTo) > 0, Hold: s.Hold != nil,
	}
	for _, p := range s.Parties {
		name := p.Name
		if name == "" {
			name = p.URI
		}
		i.Parties = append(i.Parties, name)
	}
	if n := len(s.Uploads); n > 0 {
		i.Upload = s.Uploads[n-1].State
	}
	return i
}

// missing counts the gaps that lack sound.
func missing(s *ledger.Sidecar) int {
	n := 0
	for i := range s.Gaps {
		if s.Gaps[i].Missing() {
			n++
		}
	}
	return n
}
