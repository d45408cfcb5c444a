package httpapi

import (
	"net/http"
	"runtime"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// meters are what Prometheus reads: what this server counts itself, and a collector
// for what the rest of the program counts. Labels take few values, whatever clients do:
// names of routes, verbs and queues, never of calls, paths or tokens.
type meters struct {
	handler  http.Handler
	requests *prometheus.CounterVec
	took     prometheus.Histogram
	lost     *lostEvents
}

// lostEvents counts events that subscribers were too slow for.
type lostEvents struct{ n atomic.Uint64 }

func (l *lostEvents) Add(n uint64) { l.n.Add(n) }

// maxScrapes is how many may ask for metrics at one time.
const maxScrapes = 4

func newMeters(s *Server) *meters {
	registry := prometheus.NewRegistry()
	m := &meters{
		lost: &lostEvents{},
		requests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "rms_http_requests_total", Help: "Requests by route and status.",
		}, []string{"route", "code"}),
		took: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "rms_http_request_seconds", Help: "From the header fields of a request to the end of its answer; subscriptions are not counted.",
			Buckets: []float64{.0001, .00025, .0005, .001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}),
	}
	build := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "rms_build_info", Help: "Always 1; the version is in the labels.",
		ConstLabels: prometheus.Labels{"version": s.opts.Version, "go": runtime.Version()},
	})
	build.Set(1)
	registry.MustRegister(m.requests, m.took, build, &collector{server: s}, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	m.handler = promhttp.HandlerFor(registry, promhttp.HandlerOpts{MaxRequestsInFlight: maxScrapes, ErrorHandling: promhttp.HTTPErrorOnError})
	return m
}

// request counts one request. pattern is empty for a path that there is not.
func (m *meters) request(pattern string, status int, took time.Duration) {
	if pattern == "" {
		pattern = "none"
	}
	m.requests.WithLabelValues(pattern, strconv.Itoa(status)).Inc()
	if !lasting[pattern] {
		m.took.Observe(took.Seconds())
	}
}

// metrics is GET /metrics.
func (s *Server) metrics(w http.ResponseWriter, r *http.Request) error {
	s.meters.handler.ServeHTTP(w, r)
	return nil
}
