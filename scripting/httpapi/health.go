package httpapi

import (
	"fmt"
	"net/http"
	"runtime"
	"sync"
	"time"

	"rms/call"
	"rms/media"
	"rms/scripting"
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

// versionInfo is the answer of GET /v1/version.
type versionInfo struct {
	Version string `json:"version"`
	API     string `json:"api"`
	Go      string `json:"go"`
	OS      string `json:"os"`
	Arch    string `json:"arch"`
}

func (s *Server) version(w http.ResponseWriter, _ *http.Request) error {
	return writeJSON(w, http.StatusOK, versionInfo{s.opts.Version, "v1", runtime.Version(), runtime.GOOS, runtime.GOARCH})
}

// statusInfo is the answer of GET /v1/status: how the server is doing, in short.
type statusInfo struct {
	Version  string        `json:"version"`
	Began    time.Time     `json:"began"`
	Seconds  float64       `json:"seconds"`
	Ready    bool          `json:"ready"`
	Reason   string        `json:"reason,omitempty"` // why it is not
	LogLevel string        `json:"log_level,omitempty"`
	Calls    callCounts    `json:"calls"`
	RTP      rtpCounts     `json:"rtp"`
	Clock    *clockCounts  `json:"clock,omitempty"`
	Script   *scriptCounts `json:"script,omitempty"`
	HTTP     httpCounts    `json:"http"`
	Events   uint64        `json:"events"`
	Streams  int           `json:"streams"`
	Memory   uint64        `json:"memory_bytes"` // taken from the system
	Routines int           `json:"goroutines"`
}

type callCounts struct {
	Live     int            `json:"live"`
	States   map[string]int `json:"states"`
	Total    uint64         `json:"total"`
	Answered uint64         `json:"answered"`
	Failed   uint64         `json:"failed"`
	Dropped  uint64         `json:"dropped"`  // events that a queue had no room for
	SetupMS  float64        `json:"setup_ms"` // mean, from INVITE to our answer
}

type rtpCounts struct {
	PacketsIn  uint64  `json:"packets_in"`
	PacketsOut uint64  `json:"packets_out"`
	Lost       int64   `json:"lost"`
	Late       uint64  `json:"late"`
	JitterMS   float64 `json:"jitter_ms"`
	RTTMS      float64 `json:"rtt_ms"`
}

type clockCounts struct {
	Graphs    int     `json:"graphs"`
	P99MS     float64 `json:"late_p99_ms"`
	MaxLateMS float64 `json:"late_max_ms"`
	Skipped   uint64  `json:"skipped"`
	Panics    uint64  `json:"panics"`
	BusyS     float64 `json:"busy_seconds"`
}

type scriptCounts struct {
	File     string                   `json:"file"`
	Version  int                      `json:"version"`
	Error    string                   `json:"error,omitempty"` // of the last reload
	Runs     uint64                   `json:"runs"`
	Failed   uint64                   `json:"failed"`
	Refused  uint64                   `json:"refused"`
	Waiting  int                      `json:"waiting"`
	Paused   int                      `json:"paused"`
	Versions []scripting.VersionStats `json:"versions"`
}

type httpCounts struct {
	Connections int `json:"connections"`
	Subscribers int `json:"subscribers"`
}

func (s *Server) status(w http.ResponseWriter, _ *http.Request) error {
	st := s.opts.Calls.Stats()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	i := statusInfo{
		Version: s.opts.Version, Began: s.began, Seconds: time.Since(s.began).Seconds(), Ready: true,
		Calls: callCounts{st.Live, st.States, st.Total, st.Answered, st.Failed, st.Dropped, mean(st.Setup)},
		RTP: rtpCounts{
			st.Media.PacketsIn, st.Media.PacketsOut, st.Media.Lost, st.Media.Late, millis(st.Media.Jitter), millis(st.Media.RTT),
		},
		HTTP: httpCounts{s.connections(), int(s.streams.Load())}, Events: st.Events, Streams: st.Streams,
		Memory: m.Sys, Routines: runtime.NumGoroutine(),
	}
	if err := s.ready(); err != nil {
		i.Ready, i.Reason = false, err.Error()
	}
	if s.opts.LogLevel != nil {
		i.LogLevel, _ = s.opts.LogLevel("")
	}
	if s.opts.Clock != nil {
		c := s.opts.Clock()
		i.Clock = &clockCounts{c.Graphs, millis(c.Quantile(0.99)), millis(c.MaxLate), c.Skipped, c.Panics, c.Busy.Seconds()}
	}
	if s.opts.Scripts != nil {
		c := s.opts.Scripts()
		i.Script = &scriptCounts{c.File, c.Version, c.LastError, c.Runs, c.Failed, c.Refused, c.Waiting, c.Paused, c.Versions}
	}
	return writeJSON(w, http.StatusOK, i)
}

func millis(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

func mean(h call.Histogram) float64 {
	if h.Count == 0 {
		return 0
	}
	return millis(h.Sum) / float64(h.Count)
}

// connections counts the connections of all listeners.
func (s *Server) connections() int {
	n := 0
	for _, d := range s.doors {
		n += d.listener.len()
	}
	return n
}
