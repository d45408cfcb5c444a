package ledger

import (
	"fmt"
	"time"
)

// Fault is what can be wrong.
type Fault string

// Faults that Verify finds.
const (
	Altered        Fault = "altered"         // the file's bytes are not those that were recorded
	CutOff         Fault = "cut_off"         // the file is shorter than it was
	Longer         Fault = "longer"          // something was added to the file
	Removed        Fault = "removed"         // the file is gone, without a tombstone
	Renamed        Fault = "renamed"         // it lies under another name
	Swapped        Fault = "swapped"         // it holds what was recorded under another name
	SidecarAltered Fault = "sidecar_altered" // or broken, or too large
	SidecarRemoved Fault = "sidecar_removed"
	Foreign        Fault = "foreign"       // the chain does not know it
	NotRegular     Fault = "not_regular"   // a symbolic link, a named pipe, a device
	Unfinished     Fault = "unfinished"    // it was being recorded when the server stopped
	Undead         Fault = "undead"        // it was removed on purpose, and is there
	Unreadable     Fault = "unreadable"    // it could not be read
	ChainAltered   Fault = "chain_altered" // a line was changed or forged
	ChainRemoved   Fault = "chain_removed" // lines are missing
	ChainOrder     Fault = "chain_order"   // lines stand in another order, or twice
	ChainCut       Fault = "chain_cut"     // the end is missing
	ChainMissing   Fault = "chain_missing" // there is no chain
)

// Problem is one thing that is wrong.
type Problem struct {
	Fault Fault  `json:"fault"`
	File  string `json:"file,omitempty"`
	Line  int    `json:"line,omitempty"` // of the chain
	Text  string `json:"text"`           // what was found, for people
}

func (p Problem) String() string {
	switch {
	case p.File != "":
		return fmt.Sprintf("%s: %q: %s", p.Fault, p.File, p.Text)
	case p.Line > 0:
		return fmt.Sprintf("%s: line %d: %s", p.Fault, p.Line, p.Text)
	}
	return fmt.Sprintf("%s: %s", p.Fault, p.Text)
}

// Report is what Verify found.
type Report struct {
	Dir       string        `json:"dir"`
	Entries   uint64        `json:"entries"`    // of the chain, with a right signature
	Head      string        `json:"head"`       // of the chain, as in the log: number, colon, hash
	HeadGiven bool          `json:"head_given"` // it was compared with one that was known
	Behind    uint64        `json:"behind"`     // entries that came after the head that was known
	Key       string        `json:"key"`        // fingerprint of the public key
	KeyGiven  bool          `json:"key_given"`  // else it was taken from beside the chain
	Files     int           `json:"files"`      // recordings that were checked
	Bytes     int64         `json:"bytes"`      // of them
	Removed   int           `json:"removed"`    // on purpose, with a tombstone
	Held      int           `json:"held"`       // under legal hold
	Open      int           `json:"open"`       // being recorded, not checked
	Others    int           `json:"others"`     // files that are no recordings, not checked
	Elapsed   time.Duration `json:"elapsed_ns"`
	Problems  []Problem     `json:"problems"`
	More      int           `json:"more,omitempty"` // problems beyond those listed
	Notes     []string      `json:"notes,omitempty"`
}

// maxProblems is how many problems a report lists.
const maxProblems = 10_000

// OK says that nothing is wrong.
func (r *Report) OK() bool { return len(r.Problems) == 0 }

func (r *Report) add(p Problem) {
	if len(r.Problems) >= maxProblems {
		r.More++
		return
	}
	r.Problems = append(r.Problems, p)
}

func (r *Report) note(format string, args ...any) {
	const maxNotes = 100
	if len(r.Notes) < maxNotes {
		r.Notes = append(r.Notes, fmt.Sprintf(format, args...))
	}
}
