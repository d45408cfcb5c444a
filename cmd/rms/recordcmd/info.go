package recordcmd

import (
	"fmt"
	"time"

	"rms/media/record/ledger"
)

// Info is a recording in a list, as /v1/recordings has it.
type Info struct {
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
	Parties    []string  `json:"parties"`
	Reason     string    `json:"reason,omitempty"`
	Pauses     int       `json:"pauses"`
	Gaps       int       `json:"gaps"`
	Marks      int       `json:"marks"`
	Encrypted  bool      `json:"encrypted"`
	Hold       bool      `json:"hold"`
	Upload     string    `json:"upload,omitempty"`
}

func infoOf(s *ledger.Sidecar) Info {
	i := Info{
		ID: s.ID, Call: s.Call, Name: s.Name, File: s.File, State: string(s.State), Started: s.Started, DurationMS: s.DurationMS, Bytes: s.Bytes,
		Rate: s.Rate, Channels: s.Channels, Encoding: s.Encoding, Parties: []string{}, Reason: s.Reason, Pauses: len(s.Pauses), Gaps: len(s.Gaps),
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

// length writes a duration for people: 0:07, 1:02:03.
func length(ms int64) string {
	s := ms / 1000
	if s >= 3600 {
		return fmt.Sprintf("%d:%02d:%02d", s/3600, s/60%60, s%60)
	}
	return fmt.Sprintf("%d:%02d", s/60, s%60)
}

// size writes a number of bytes for people.
func size(n int64) string {
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, names := float64(n)/1000, "kMGTPE"
	for value >= 1000 && len(names) > 1 {
		value /= 1000
		names = names[1:]
	}
	return fmt.Sprintf("%.1f %cB", value, names[0])
}
