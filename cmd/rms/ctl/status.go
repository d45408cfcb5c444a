package ctl

import (
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"
)

// Status is what a server says of itself. What an older server does not say is zero.
type Status struct {
	Version  string         `json:"version"`
	Began    time.Time      `json:"began"`
	Seconds  float64        `json:"seconds"`
	Ready    bool           `json:"ready"`
	Reason   string         `json:"reason"`
	Draining bool           `json:"draining"`
	LogLevel string         `json:"log_level"`
	Calls    CallStatus     `json:"calls"`
	RTP      RTPStatus      `json:"rtp"`
	Clock    ClockStatus    `json:"clock"`
	Script   ScriptStatus   `json:"script"`
	HTTP     map[string]int `json:"http"`
	Events   uint64         `json:"events"`
	Streams  int            `json:"streams"`
	Process  ProcessStatus  `json:"process"`
}

// ProcessStatus is what the server takes of the machine.
type ProcessStatus struct {
	CPU      float64 `json:"cpu_seconds"` // user and system
	RSS      uint64  `json:"rss_bytes"`   // 0 where the system does not tell
	Heap     uint64  `json:"heap_bytes"`
	Routines int     `json:"goroutines"`
	Cores    int     `json:"cores"`
}

// CallStatus counts calls.
type CallStatus struct {
	Live     int            `json:"live"`
	States   map[string]int `json:"states"`
	Total    uint64         `json:"total"`
	Answered uint64         `json:"answered"`
	Failed   uint64         `json:"failed"`
	Dropped  uint64         `json:"dropped"`
	SetupMS  float64        `json:"setup_ms"`
}

// RTPStatus counts packets of all calls.
type RTPStatus struct {
	In       uint64  `json:"packets_in"`
	Out      uint64  `json:"packets_out"`
	Lost     int64   `json:"lost"`
	Late     uint64  `json:"late"`
	JitterMS float64 `json:"jitter_ms"`
	RTTMS    float64 `json:"rtt_ms"`
}

// ClockStatus says how punctual the clock is. Counts has one more than Bounds.
type ClockStatus struct {
	Graphs  int       `json:"graphs"`
	P99MS   float64   `json:"late_p99_ms"` // since the start
	MaxMS   float64   `json:"late_max_ms"`
	Skipped uint64    `json:"skipped"`
	Busy    float64   `json:"busy_seconds"`
	Bounds  []float64 `json:"late_bounds_ms"`
	Counts  []uint64  `json:"late_counts"`
}

// ScriptStatus says what script runs.
type ScriptStatus struct {
	File    string `json:"file"`
	Version int    `json:"version"`
	Error   string `json:"error"`
	Runs    uint64 `json:"runs"`
	Failed  uint64 `json:"failed"`
	Refused uint64 `json:"refused"`
	Waiting int    `json:"waiting"`
}

// Status asks a server how it is doing.
func (c *Client) Status(ctx context.Context) (*Status, error) {
	var s Status
	if err := c.Get(ctx, "/v1/status", &s); err != nil {
		return nil, err
	}
	return &s, nil
}

// state is ready, draining, or why not.
func (s *Status) state() string {
	switch {
	case s.Draining:
		return "draining: new calls are refused"
	case s.Ready:
		return "ready"
	}
	return "not ready: " + Clean(s.Reason)
}

// print writes the status for people.
func (s *Status) print(w io.Writer) {
	line := func(title, format string, values ...any) {
		fmt.Fprintf(w, "%-9s "+format+"\n", append([]any{title}, values...)...)
	}
	line("rms", "%s, up %s, %s", Clean(s.Version), Long(s.Seconds), s.state())
	line("calls", "%d live%s; %d in all, %d answered, %d failed; set up in %.1f ms", s.Calls.Live, states(s.Calls.States), s.Calls.Total, s.Calls.Answered, s.Calls.Failed, s.Calls.SetupMS)
	line("rtp", "%d packets in, %d out, %d lost, %d late; jitter %.1f ms, round trip %.1f ms", s.RTP.In, s.RTP.Out, s.RTP.Lost, s.RTP.Late, s.RTP.JitterMS, s.RTP.RTTMS)
	line("clock", "%d graphs; late by %.2f ms (99 of 100), at most %.1f ms; %d ticks given up", s.Clock.Graphs, s.Clock.P99MS, s.Clock.MaxMS, s.Clock.Skipped)
	line("script", "%s, version %d; %d runs, %d failed, %d refused, %d wait", Clean(s.Script.File), s.Script.Version, s.Script.Runs, s.Script.Failed, s.Script.Refused, s.Script.Waiting)
	if s.Script.Error != "" {
		line("", "last reload: %s", Clean(s.Script.Error))
	}
	line("streams", "%d", s.Streams)
	line("events", "%d; %d subscribers, %d dropped", s.Events, s.HTTP["subscribers"], s.Calls.Dropped)
	line("process", "%s; CPU %s on %d cores, %d goroutines", s.memory(), Long(s.Process.CPU), s.Process.Cores, s.Process.Routines)
	line("log", "%s", Clean(s.LogLevel))
}

func (s *Status) memory() string {
	if s.Process.RSS > 0 {
		return Size(s.Process.RSS) + " resident"
	}
	return Size(s.Process.Heap) + " of heap"
}

// states writes (3 answered, 1 early).
func states(counts map[string]int) string {
	var parts []string
	for name, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %s", n, Clean(name)))
		}
	}
	if len(parts) == 0 {
		return ""
	}
	slices.Sort(parts)
	return " (" + strings.Join(parts, ", ") + ")"
}

// Long writes seconds as 12s, 3m05s, 2h03m, 4d02h.
func Long(seconds float64) string {
	s := int64(seconds)
	switch {
	case s < 60:
		return fmt.Sprintf("%ds", s)
	case s < 3600:
		return fmt.Sprintf("%dm%02ds", s/60, s%60)
	case s < 86400:
		return fmt.Sprintf("%dh%02dm", s/3600, s/60%60)
	}
	return fmt.Sprintf("%dd%02dh", s/86400, s/3600%24)
}

// Size writes a number of bytes with a unit.
func Size(n uint64) string {
	switch {
	case n >= 10<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 10<<20:
		return fmt.Sprintf("%d MiB", n>>20)
	}
	return fmt.Sprintf("%d KiB", n>>10)
}
