package httpapi

import (
	"net/http"
	"runtime"
	"runtime/metrics"
	"time"

	"rms/call"
	"rms/media"
	"rms/scripting"
)

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
	Draining bool          `json:"draining"`
	Reason   string        `json:"reason,omitempty"` // why it is not ready
	LogLevel string        `json:"log_level,omitempty"`
	Calls    callCounts    `json:"calls"`
	RTP      rtpCounts     `json:"rtp"`
	Clock    *clockCounts  `json:"clock,omitempty"`
	Script   *scriptCounts `json:"script,omitempty"`
	HTTP     httpCounts    `json:"http"`
	Events   uint64        `json:"events"`
	Streams  int           `json:"streams"`
	Process  processCounts `json:"process"`
}

type processCounts struct {
	CPUSeconds float64 `json:"cpu_seconds"` // user and system
	RSSBytes   uint64  `json:"rss_bytes"`   // 0 where the system does not tell
	HeapBytes  uint64  `json:"heap_bytes"`
	Goroutines int     `json:"goroutines"`
	Cores      int     `json:"cores"`
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
	Graphs       int       `json:"graphs"`
	Phases       uint64    `json:"phases"`
	P99MS        float64   `json:"late_p99_ms"` // since the start
	MaxLateMS    float64   `json:"late_max_ms"`
	LateBoundsMS []float64 `json:"late_bounds_ms"` // of the buckets of late_counts; the last has none
	LateCounts   []uint64  `json:"late_counts"`
	Skipped      uint64    `json:"skipped"`
	Panics       uint64    `json:"panics"`
	BusyS        float64   `json:"busy_seconds"`
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

// status is GET /v1/status.
func (s *Server) status(w http.ResponseWriter, _ *http.Request) error {
	st := s.opts.Calls.Stats()
	i := statusInfo{
		Version: s.opts.Version, Began: s.began, Seconds: time.Since(s.began).Seconds(), Ready: true,
		Calls: callCounts{st.Live, st.States, st.Total, st.Answered, st.Failed, st.Dropped, mean(st.Setup)},
		RTP: rtpCounts{
			st.Media.PacketsIn, st.Media.PacketsOut, st.Media.Lost, st.Media.Late, millis(st.Media.Jitter), millis(st.Media.RTT),
		},
		HTTP: httpCounts{s.connections(), int(s.streams.Load())}, Events: st.Events, Streams: st.Streams, Process: process(),
	}
	if s.opts.Ready != nil {
		i.Draining = s.opts.Ready() != nil
	}
	if err := s.ready(); err != nil {
		i.Ready, i.Reason = false, err.Error()
	}
	if s.opts.LogLevel != nil {
		i.LogLevel, _ = s.opts.LogLevel("")
	}
	if s.opts.Clock != nil {
		i.Clock = clockCountsOf(s.opts.Clock())
	}
	if s.opts.Scripts != nil {
		c := s.opts.Scripts()
		i.Script = &scriptCounts{c.File, c.Version, c.LastError, c.Runs, c.Failed, c.Refused, c.Waiting, c.Paused, c.Versions}
	}
	return writeJSON(w, http.StatusOK, i)
}

func clockCountsOf(c media.ClockStats) *clockCounts {
	i := &clockCounts{
		Graphs: c.Graphs, Phases: c.Phases, P99MS: millis(c.Quantile(0.99)), MaxLateMS: millis(c.MaxLate), LateCounts: c.Late[:],
		Skipped: c.Skipped, Panics: c.Panics, BusyS: c.Busy.Seconds(),
	}
	for _, b := range media.LateBounds {
		i.LateBoundsMS = append(i.LateBoundsMS, millis(b))
	}
	return i
}

// process reads what the program takes, without stopping it.
func process() processCounts {
	heap := []metrics.Sample{{Name: "/memory/classes/heap/objects:bytes"}}
	metrics.Read(heap)
	cpu, rss := taken()
	p := processCounts{CPUSeconds: cpu.Seconds(), RSSBytes: rss, Goroutines: runtime.NumGoroutine(), Cores: runtime.NumCPU()}
	if heap[0].Value.Kind() == metrics.KindUint64 {
		p.HeapBytes = heap[0].Value.Uint64()
	}
	return p
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
