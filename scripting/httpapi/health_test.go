package httpapi_test

import (
	"errors"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
	"rms/scripting/httpapi"
)

func TestReadinessFollowsTheDrain(t *testing.T) {
	t.Parallel()
	var draining atomic.Bool
	h := newHouse(t, func(o *httpapi.Options) {
		o.Ready = func() error {
			if draining.Load() {
				return errors.New("the server is stopping")
			}
			return nil
		}
	})
	h.expect(200, h.get("/readyz"))
	draining.Store(true)
	if r := h.expect(503, h.get("/readyz")); r.kind() != "not-ready" || r.detail() != "the server is stopping" {
		t.Errorf("%s", r.body)
	}
	h.expect(200, h.get("/healthz"))
	h.expect(200, h.get("/v1/calls"))
	if r := h.expect(200, h.get("/v1/status")); r.json["draining"] != true || r.json["ready"] != false || r.json["reason"] != "the server is stopping" {
		t.Errorf("%s", r.body)
	}
}

// late are statistics of so many phases, of which some began 30 ms late.
func late(phases, slow, ticks, skipped uint64) media.ClockStats {
	s := media.ClockStats{Phases: phases, Ticks: ticks, Skipped: skipped}
	s.Late[0] = phases - slow
	s.Late[9] = slow // up to 50 ms
	return s
}

func TestReadinessFollowsTheClock(t *testing.T) {
	t.Parallel()
	var c httpapi.Clock
	at := time.Now()
	for i, step := range []struct {
		after time.Duration
		stats media.ClockStats
		want  string
	}{
		{0, late(1000, 900, 100, 90), ""}, // what was before the first look does not count
		{500 * time.Millisecond, late(1100, 1000, 100, 90), ""},
		{time.Second, late(2000, 910, 200, 90), ""},
		{10 * time.Second, late(3000, 921, 300, 90), "11 of 1000 phases in 10s began more than 20ms late"},
		{100 * time.Millisecond, late(3000, 921, 300, 90), "11 of 1000"}, // asked again at once
		{10 * time.Second, late(4000, 921, 400, 90), ""},
		{10 * time.Second, late(5000, 921, 500, 92), "2 ticks given up beside 100"},
		{10 * time.Second, late(5000, 921, 500, 92), ""}, // no calls
	} {
		at = at.Add(step.after)
		err := c.Check(step.stats, at)
		if (err == nil) != (step.want == "") || err != nil && !strings.Contains(err.Error(), step.want) {
			t.Errorf("look %d: %v, want %q", i, err, step.want)
		}
	}
}
