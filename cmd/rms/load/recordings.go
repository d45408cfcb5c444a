package load

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"

	"rms/media/record/ledger"
	"rms/media/wav"
)

// Recordings say which recordings the server is asked to make of the calls, and where
// they are found afterwards. The INVITE asks in the header field X-Record-Sides, so that
// the server needs a script that does what it says: RecordScript for rms.
type Recordings struct {
	Sides string // caller, callee, mixed or stereo; empty: calls are not asked to be recorded
	Dir   string // record.root of the server; empty: nobody looks at the files
}

// RecordScript makes an rms server record the calls that ask for it. All calls play the
// same prompt, so that a run that asks for nothing is what the cost of a recording is
// compared with.
const RecordScript = `event_route["rms:start"] = function(call)
  local sides = call.header("X-Record-Sides")
  if sides then
    rms.record_start { sides = sides, name = "load" }
  end
  rms.play { file = "welcome.wav", loop = true }
end
`

func (p *plan) checkRecordings() error {
	known := []string{"", "caller", "callee", "mixed", "stereo"}
	if r := &p.Recordings; !slices.Contains(known, r.Sides) {
		return fmt.Errorf("recordings of %q: use stereo, mixed, caller or callee", r.Sides)
	}
	return nil
}

// recordHeaders adds what is to be recorded of a call to its INVITE.
func (s *script) recordHeaders(b []byte) []byte {
	if s.Recordings.Sides == "" {
		return b
	}
	return fmt.Appendf(b, "X-Record-Sides: %s\r\n", s.Recordings.Sides)
}

// RecordSum is what the recordings of a run came to, as their sidecars and files say.
type RecordSum struct {
	Sides    string  `json:"sides"`
	Wanted   int     `json:"wanted"` // calls that were answered
	Seen     bool    `json:"seen"`   // the folder was looked into
	Complete int     `json:"complete"`
	Other    int     `json:"not_complete"` // of another state
	Missing  int     `json:"missing"`
	Wrong    int     `json:"wrong"` // file or header are not as the sidecar says
	Problem  string  `json:"problem,omitempty"`
	Bytes    int64   `json:"bytes"`
	Shortest float64 `json:"shortest_s"`
	Longest  float64 `json:"longest_s"`
	Packets  uint64  `json:"packets"`
	Lost     uint64  `json:"lost"`
	LateIn   uint64  `json:"late"`
	// Gaps counts them by their reason, GapMS is how long all of them are.
	Gaps   map[string]int     `json:"gaps,omitempty"`
	GapMS  map[string]float64 `json:"gap_ms,omitempty"`
	Closed float64            `json:"closed_s"` // from the last BYE to the last file closed
}

// closeWait is how long the server may take to close its files behind the last call.
const closeWait = 20 * time.Second

// sum waits until the files are closed and looks at them.
func (o *Recordings) sum(wanted int, began time.Time) *RecordSum {
	if o.Sides == "" {
		return nil
	}
	if o.Dir == "" {
		return &RecordSum{Sides: o.Sides, Wanted: wanted}
	}
	from := time.Now()
	for {
		s := o.look(wanted, began)
		s.Closed = time.Since(from).Seconds()
		if s.Complete >= wanted || time.Since(from) > closeWait {
			return s
		}
		time.Sleep(200 * time.Millisecond) //nolint:forbidigo // another process works
	}
}

// look reads all sidecars of recordings that began since.
func (o *Recordings) look(wanted int, began time.Time) *RecordSum {
	s := &RecordSum{Sides: o.Sides, Wanted: wanted, Seen: true, Gaps: map[string]int{}, GapMS: map[string]float64{}}
	root, err := os.OpenRoot(o.Dir)
	if err != nil {
		s.Problem, s.Missing = err.Error(), wanted
		return s
	}
	defer root.Close()
	err = ledger.List(root, ledger.Filter{From: began}, func(sc *ledger.Sidecar, err error) bool {
		if err != nil {
			s.Problem = err.Error()
			return true
		}
		s.add(sc)
		if why := o.differs(sc); why != nil {
			s.Wrong++
			s.Problem = why.Error()
		}
		return true
	})
	if err != nil {
		s.Problem = err.Error()
	}
	s.Missing = max(0, wanted-s.Complete-s.Other)
	return s
}

func (s *RecordSum) add(sc *ledger.Sidecar) {
	if sc.State != ledger.Complete {
		s.Other++
		return
	}
	s.Complete++
	s.Bytes += sc.Bytes
	length := float64(sc.DurationMS) / 1000
	if s.Complete == 1 || length < s.Shortest {
		s.Shortest = length
	}
	s.Longest = max(s.Longest, length)
	for _, side := range sc.Sides {
		s.Packets += side.Packets
		s.Lost += side.Lost
		s.LateIn += side.Late
	}
	for _, g := range sc.Gaps {
		s.Gaps[g.Reason]++
		s.GapMS[g.Reason] += g.LengthMS
	}
}

// differs tells what is wrong with the file of a recording that is complete.
func (o *Recordings) differs(sc *ledger.Sidecar) error {
	if sc.State != ledger.Complete {
		return nil
	}
	name := filepath.Join(o.Dir, filepath.FromSlash(sc.File))
	f, err := os.Open(name) //nolint:gosec // a recording that this run asked for
	if err != nil {
		return err
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		return err
	}
	if st.Size() != sc.Bytes {
		return fmt.Errorf("%s has %d bytes, its sidecar says %d", sc.File, st.Size(), sc.Bytes)
	}
	if len(sc.EncryptedTo) > 0 {
		return nil
	}
	r, err := wav.Open(f, st.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", sc.File, err)
	}
	if i := r.Info(); i.Frames != sc.Samples || i.Format.Channels != sc.Channels || i.Format.Rate != sc.Rate {
		return fmt.Errorf("the header of %s says %d samples, its sidecar %d", sc.File, i.Frames, sc.Samples)
	}
	return nil
}

// passed says whether each call was recorded, whole.
func (s *RecordSum) passed() bool {
	return s == nil || !s.Seen || s.Missing == 0 && s.Other == 0 && s.Wrong == 0 && s.Gaps["disk"] == 0
}

func (s *RecordSum) print(t *table) {
	if s == nil {
		return
	}
	if !s.Seen {
		t.line("recordings", "%s, of %d calls; nobody looked at the files", s.Sides, s.Wanted)
		return
	}
	t.line("recordings", "%s: %d wanted, %d complete, %d not, %d missing, %d wrong; closed %.1f s after the last call",
		s.Sides, s.Wanted, s.Complete, s.Other, s.Missing, s.Wrong, s.Closed)
	t.line("", "%.1f to %.1f s long, %.1f MB in all; %s packets, %s lost, %s late",
		s.Shortest, s.Longest, float64(s.Bytes)/1e6, grouped(s.Packets), grouped(s.Lost), grouped(s.LateIn))
	t.line("gaps", "%s", s.gaps())
	if s.Problem != "" {
		t.line("problem", "%s", s.Problem)
	}
}

func (s *RecordSum) gaps() string {
	if len(s.Gaps) == 0 {
		return "none"
	}
	var text string
	reasons := make([]string, 0, len(s.Gaps))
	for reason := range s.Gaps {
		reasons = append(reasons, reason)
	}
	slices.Sort(reasons)
	for i, reason := range reasons {
		if i > 0 {
			text += ", "
		}
		text += fmt.Sprintf("%d %s (%.0f ms)", s.Gaps[reason], reason, s.GapMS[reason])
	}
	return text
}
