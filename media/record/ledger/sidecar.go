// Package ledger keeps the books of a directory with recordings: a JSON sidecar beside
// each file, a signed chain over all of them that shows what was altered, removed or cut
// off, retention with legal hold, and a log of who did what.
//
//	l, err := ledger.Open(root, ledger.Options{})
//	err = l.Append(sidecar) // the recording ended: sidecar and chain, both synced
//	report, err := ledger.Verify(ctx, root, ledger.VerifyOptions{})
package ledger

import (
	"encoding/json"
	"time"
)

// Version is the format that sidecars name.
const Version = "rms-recording/1"

// Sidecar tells what is known of one recording. It lies beside the audio, under the
// audio's name with ".json" behind it.
type Sidecar struct {
	Version string `json:"version"`
	ID      string `json:"id"`
	Call    string `json:"call,omitempty"`
	Name    string `json:"name,omitempty"` // what the script calls it
	File    string `json:"file"`           // relative to the root, with slashes
	State   State  `json:"state"`

	Started          time.Time `json:"started,omitzero"` // wall clock
	Ended            time.Time `json:"ended,omitzero"`
	StartedMonotonic int64     `json:"started_monotonic_ns,omitempty"` // since the machine's start
	EndedMonotonic   int64     `json:"ended_monotonic_ns,omitempty"`
	DurationMS       int64     `json:"duration_ms"`
	Samples          int64     `json:"samples"` // of each channel
	Rate             int       `json:"rate"`    // Hz
	Channels         int       `json:"channels"`
	Encoding         string    `json:"encoding"` // pcm, ulaw, alaw

	Sides   []Side            `json:"sides,omitempty"`
	Parties []Party           `json:"parties,omitempty"`
	Headers map[string]string `json:"headers,omitempty"` // of the INVITE, those that the configuration names

	Pauses  []Pause `json:"pauses,omitempty"`
	Gaps    []Gap   `json:"gaps,omitempty"`
	Marks   []Mark  `json:"marks,omitempty"`
	Omitted int     `json:"omitted,omitempty"` // pauses, gaps and marks that MaxSidecar left no room for

	Siprec json.RawMessage `json:"siprec,omitempty"` // metadata of the recording session

	Bytes  int64  `json:"bytes"`
	SHA256 string `json:"sha256,omitempty"`      // of the whole file, hexadecimal
	Tail   string `json:"tail_sha256,omitempty"` // of the file with TailSuffix that a crash left beside an encrypted one
	Reason string `json:"reason,omitempty"`      // why it ended

	Required    bool     `json:"required,omitempty"`
	EncryptedTo []string `json:"encrypted_to,omitempty"` // public keys; empty: not encrypted
	Hold        *Hold    `json:"hold,omitempty"`         // legal hold; the chain decides, this is for readers
	Uploads     []Upload `json:"uploads,omitempty"`

	BootID string `json:"boot_id,omitempty"` // of the machine's start that the recording was made in
	PID    int    `json:"pid,omitempty"`     // of the server
}

// State is how far a recording has come.
type State string

// States of a recording.
const (
	Recording State = "recording" // being written, or left so by a crash
	Complete  State = "complete"
	Repaired  State = "repaired" // closed at a later start
	Failed    State = "failed"   // ended by an error; what is in the file is right
)

// Side is one direction of a call in the file.
type Side struct {
	Channel    int      `json:"channel"`         // in the file, from 0; both sides have 0 in a mixed file
	Label      string   `json:"label,omitempty"` // caller, callee, or the label of a SIPREC stream
	Party      string   `json:"party,omitempty"` // whose voice, as in Parties
	Codecs     []string `json:"codecs,omitempty"`
	Packets    uint64   `json:"packets"`
	Lost       uint64   `json:"lost"`
	Late       uint64   `json:"late"`
	Duplicates uint64   `json:"duplicates"`
	SSRC       []uint32 `json:"ssrc,omitempty"`
	SkewPPM    float64  `json:"skew_ppm,omitempty"` // of the sender's clock against ours
}

// Party is somebody in the call.
type Party struct {
	Role string `json:"role,omitempty"` // caller, callee, participant
	URI  string `json:"uri,omitempty"`
	Name string `json:"name,omitempty"`
}

// Pause is a stretch that was not to be recorded.
type Pause struct {
	AtMS     float64 `json:"at_ms"` // from the start of the file
	LengthMS float64 `json:"length_ms"`
	Masked   bool    `json:"masked,omitempty"` // digits were hidden meanwhile
	Lasts    bool    `json:"lasts,omitempty"`  // it had not ended when this was written
}

// Gap is a stretch with no sound because none came or none could be written.
type Gap struct {
	AtMS     float64 `json:"at_ms"`
	LengthMS float64 `json:"length_ms"`
	Side     string  `json:"side,omitempty"`    // label; empty: all
	Reason   string  `json:"reason"`            // loss, late, dtx, silent, jump, disk
	Packets  int     `json:"packets,omitempty"` // that are missing
}

// Missing tells whether sound is missing: something was sent and is not in the file.
// Otherwise nothing was sent, as while a far end is on hold.
func (g *Gap) Missing() bool { return g.Reason != "silent" && g.Reason != "dtx" }

// Mark is a place that the script named.
type Mark struct {
	AtMS float64 `json:"at_ms"`
	Text string  `json:"text"`
}

// Hold is a legal hold: neither retention nor a script removes the file.
type Hold struct {
	By    string    `json:"by"`
	Why   string    `json:"why"`
	Since time.Time `json:"since"`
}

// Upload is a copy that lies elsewhere, or is to lie there.
type Upload struct {
	URL      string    `json:"url"`
	State    string    `json:"state"` // queued, uploading, done, failed
	At       time.Time `json:"at,omitzero"`
	Bytes    int64     `json:"bytes,omitempty"`
	SHA256   string    `json:"sha256,omitempty"`
	Attempts int       `json:"attempts,omitempty"`
	Error    string    `json:"error,omitempty"`
}

// SidecarName returns the name of the sidecar of an audio file.
func SidecarName(file string) string { return file + ".json" }
