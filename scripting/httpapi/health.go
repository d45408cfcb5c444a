package httpapi

import (
	"fmt"
	"net/http"
	"sync"
	"time"

	"rms/media"
)

// healthz is GET /healthz: the program is alive.
func (s *Server) healthz(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, map[string]any{"alive": true})
}

// readyz is GET /readyz: new calls are welcome.
func (s *Server) readyz(w http.ResponseWriter, _ *http.Request) error {
	if err := s.ready(); err != nil {
		return fault("not-ready", err.Error())
	}
	return writeJSON(w, http.StatusOK, map[string]any{"ready": true})
}

func (s *Server) ready() error {
	if s.opts.Ready != nil {
		if err := s.opts.Ready(); err != nil {
			return err
		}
	}
	if s.opts.Clock != nil {
		return s.clock.check(s.opts.Clock(), time.Now())
	}
	return nil
}

// A clock is over its budget when more than one phase in lateShare began later than
// lateBound, or one tick in lateShare was given up.
const (
	lateBound = 20 * time.Millisecond
	lateShare = 100
	// A look compares with one at least so much before.
	lateWindow = time.Second
)

// clockWatch judges the clock between two looks.
type clockWatch struct {
	mu      sync.Mutex
	at      time.Time
	before  media.ClockStats
	verdict error
}

func (c *clockWatch) check(now media.ClockStats, at time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.at.IsZero() {
		c.at, c.before = at, now
		return nil
	}
	if at.Sub(c.at) < lateWindow {
		return c.verdict
	}
	late, all := uint64(0), now.Phases-c.before.Phases
	for i := range now.Late {
		if i >= len(media.LateBounds) || media.LateBounds[i] > lateBound {
			late += now.Late[i] - c.before.Late[i]
		}
	}
	skipped, ticks := now.Skipped-c.before.Skipped, now.Ticks-c.before.Ticks
	over := at.Sub(c.at).Round(time.Millisecond)
	c.at, c.before, c.verdict = at, now, nil
	switch {
	case late*lateShare > all:
		c.verdict = fmt.Errorf("the clock is over its budget: %d of %d phases in %s began more than %s late", late, all, over, lateBound)
	case skipped*lateShare > ticks:
		c.verdict = fmt.Errorf("the clock is over its budget: %d ticks given up beside %d in %s", skipped, ticks, over)
	}
	return c.verdict
}
