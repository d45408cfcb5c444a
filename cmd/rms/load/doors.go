package load

import (
	"errors"
	"fmt"
	"net/url"
	"time"
)

// Doors say what is done to the server through its HTTP API while the calls stand: in
// the second half of that time, so that the first half is what it is compared with.
type Doors struct {
	URL    string        // of the API: http://127.0.0.1:8080; empty: nothing is done
	Verbs  float64       // uses of the verb set in a second, spread over all calls
	Reload time.Duration // the script is loaded again this often; 0: never
}

func (p *plan) checkDoors() error {
	d := &p.Doors
	if d.URL == "" {
		if d.Verbs != 0 || d.Reload != 0 {
			return errors.New("verbs and reloads need the URL of the server's API, such as http://127.0.0.1:8080")
		}
		return nil
	}
	u, err := url.Parse(d.URL)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return fmt.Errorf("API %q: write http://host:port", d.URL)
	}
	if d.Verbs < 0 || d.Verbs > 20000 || d.Reload < 0 {
		return errors.New("use 0 to 20000 verbs a second, and no negative times")
	}
	return nil
}

// DoorSum is what the verbs and reloads of a run came to.
type DoorSum struct {
	Verbs   int    `json:"verbs"`
	Refused int    `json:"verbs_refused"`
	Reloads int    `json:"reloads"`
	Failed  int    `json:"reloads_failed"`
	Answer  Spread `json:"answer"` // from a verb's request to its answer
	// VerbUS is the CPU time of all processes of --pid that a verb, with what else was
	// done, took beyond that of the first half, in us; 0 when there were no verbs.
	VerbUS  float64 `json:"cpu_us_per_verb"`
	Problem string  `json:"problem,omitempty"`
}

// passed says whether all that was asked for was done.
func (s *DoorSum) passed() bool { return s == nil || s.Problem == "" }

func (s *DoorSum) print(t *table) {
	if s == nil {
		return
	}
	if s.Verbs > 0 {
		t.line("verbs", "%d, %d refused, %.1f us CPU each; answered in %s", s.Verbs, s.Refused, s.VerbUS, s.Answer)
	}
	if s.Reloads > 0 {
		t.line("reloads", "%d, %d failed", s.Reloads, s.Failed)
	}
	if s.Problem != "" {
		t.line("problem", "%s", s.Problem)
	}
}
