package record

import (
	"fmt"
	"time"

	"rms/media/record/ledger"
	"rms/media/record/seal"
	"rms/media/wav"
)

// Sides says which of a call's two directions are in a file.
type Sides int

// What a file holds. Side 0 is the caller, side 1 the callee: what we send to the caller.
const (
	Stereo Sides = iota // the caller left, the callee right
	Caller
	Callee
	Mixed // both in one channel
)

// String returns the word that scripts use.
func (s Sides) String() string {
	if s < Stereo || s > Mixed {
		return fmt.Sprintf("Sides(%d)", int(s))
	}
	return [...]string{"stereo", "caller", "callee", "mixed"}[s]
}

// ParseSides returns the Sides of a word: stereo, caller, callee, mixed.
func ParseSides(word string) (Sides, error) {
	for s := Stereo; s <= Mixed; s++ {
		if s.String() == word {
			return s, nil
		}
	}
	return 0, fmt.Errorf("sides %q: must be caller, callee, mixed or stereo", word)
}

// Channels is how many channels the file has.
func (s Sides) Channels() int {
	if s == Stereo {
		return 2
	}
	return 1
}

// Has tells whether a side (0 or 1) is in the file.
func (s Sides) Has(side int) bool {
	switch s {
	case Caller:
		return side == 0
	case Callee:
		return side == 1
	}
	return side == 0 || side == 1
}

// channel is the channel of the file that a side is written to.
func (s Sides) channel(side int) int {
	if s == Stereo {
		return side
	}
	return 0
}

// Fill is what the file holds where it was paused.
type Fill int

// What pauses are filled with.
const (
	Silence Fill = iota
	Tone         // 440 Hz, soft: a listener hears that something was left out
)

// ParseFill returns the Fill of a word: silence, tone; "" is silence.
func ParseFill(word string) (Fill, error) {
	switch word {
	case "", "silence":
		return Silence, nil
	case "tone":
		return Tone, nil
	}
	return 0, fmt.Errorf("fill %q: must be silence or tone", word)
}

// Spec is what to record and where.
type Spec struct {
	ID   string // "": a new one
	Call string // id of the call, for the sidecar and the template
	Name string // what the script calls the recording

	File     string                   // relative to the root; "": by Template
	Template string                   // "{date}/{call}.wav"; "": DefaultTemplate
	Value    func(name string) string // of a name in the template; may be nil

	Rate     int          // Hz; 0: 8000
	Encoding wav.Encoding // PCM, Mulaw or Alaw; 0: PCM
	Sides    Sides
	Labels   [2]string // of the sides in the sidecar; "": caller, callee

	Append    bool          // go on at the end of a file of the same form
	Max       time.Duration // the file's most; 0: no limit
	MaxBytes  int64         // of samples in this recording; 0: no limit
	Silence   time.Duration // stop after so much silence of all sides; 0: never
	Threshold float64       // dBFS, what is below is silence; 0: -45
	Trim      bool          // cut silence off both ends, but for 200 ms
	Fill      Fill

	Recipients []seal.Recipient // encrypt for them; none: do not
	Sidecar    ledger.Sidecar   // parties, headers ...: what the caller knows; the rest is filled in
	Events     Events           // may be nil
}

// Gap is a stretch of the file that lacks sound of a side.
type Gap struct {
	Side    int    // 0 caller, 1 callee, -1 both
	At      int64  // samples from the file's start
	Length  int64  // samples; 0: it begins here and has not ended
	Packets int    // that are missing, where they were counted
	Reason  string // loss, late, dtx, silent, jump, disk
}

// Result is what became of a recording.
type Result struct {
	Sidecar  ledger.Sidecar // as written beside the file
	File     string         // relative to the root
	Reason   string         // why it ended: as given to Stop, or max, size, silence, disk, error
	Duration time.Duration  // of the file
	Bytes    int64          // of the file
	SHA256   string         // of the file, hexadecimal
	Err      error          // the first error; what is in the file is right nevertheless
}

// Events is who wants to know of a recording. The methods are called one at a time for a
// recording, on a goroutine of the store, and must not wait. Stopped is called exactly
// once, last, when the file is closed, hashed, and in the chain.
type Events interface {
	Started(r *Recording)
	Gap(r *Recording, g Gap)
	Failed(r *Recording, err error)
	Stopped(r *Recording, result Result)
}

// State is how far a Recording is.
type State int32

// States of a Recording.
const (
	Opening State = iota
	Running
	Paused
	Stopping
	Stopped
)

// String returns the state in lower case.
func (s State) String() string {
	if s < Opening || s > Stopped {
		return fmt.Sprintf("State(%d)", int(s))
	}
	return [...]string{"opening", "running", "paused", "stopping", "stopped"}[s]
}
