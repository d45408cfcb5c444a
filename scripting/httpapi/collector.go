package httpapi

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"rms/call"
	"rms/media"
)

// metric describes one family of the collector.
func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("rms_"+name, help, labels, nil)
}

// The families that are read from others when Prometheus asks.
var (
	callsNow      = metric("calls", "Calls that live, by state.", "state")
	callsTotal    = metric("calls_total", "Calls that came.")
	callsAnswered = metric("calls_answered_total", "Calls that were answered.")
	callsFailed   = metric("calls_failed_total", "Calls that ended without an answer of ours.")
	callSetup     = metric("call_setup_seconds", "From INVITE to our answer.")
	eventsTotal   = metric("events_total", "Events of all calls.")
	verbsTotal    = metric("verbs_total", "Uses of verbs through all doors, by verb and result: ok or error.", "verb", "result")

	rtpSessions  = metric("rtp_sessions", "RTP sessions of calls that live.")
	rtpPackets   = metric("rtp_packets_total", "RTP packets, by direction.", "direction")
	rtpBytes     = metric("rtp_bytes_total", "Bytes of RTP payload, by direction.", "direction")
	rtpLost      = metric("rtp_lost_total", "RTP packets that never came.")
	rtpLate      = metric("rtp_late_total", "RTP packets that came too late to be played.")
	rtpConcealed = metric("rtp_concealed_total", "Frames that were concealed in the place of packets.")
	rtpDuplicate = metric("rtp_duplicate_total", "RTP packets that came twice.")
	rtpMalformed = metric("rtp_malformed_total", "Datagrams on RTP ports that are none.")
	rtpJitter    = metric("rtp_jitter_seconds", "Interarrival jitter, the mean over the calls that live.")
	rtpJitterMax = metric("rtp_jitter_max_seconds", "Interarrival jitter of the worst call.")
	rtpDelay     = metric("rtp_delay_seconds", "Depth of the jitter buffers, the mean.")
	rtpRTT       = metric("rtp_rtt_seconds", "Round trip time by RTCP, the mean of the calls that know theirs.")

	clockLate    = metric("clock_late_seconds", "How late phases of the clock began. The sum is one of upper bounds of buckets.")
	clockMaxLate = metric("clock_late_max_seconds", "The latest start of a phase.")
	clockGraphs  = metric("clock_graphs", "Graphs that tick.")
	clockTicks   = metric("clock_ticks_total", "Ticks of all graphs.")
	clockSkipped = metric("clock_skipped_total", "Ticks given up because the clock was late.")
	clockPanics  = metric("clock_panics_total", "Graphs lost to a panic.")
	clockBusy    = metric("clock_busy_seconds_total", "Time spent in phases, of all shards.")

	queueDropped = metric("queue_dropped_total",
		"What queues had no room for: call (events and requests, also those that the script refused), script (runs of routes), events (of subscribers over HTTP), webhook (events to post).", "queue")
	streamsNow  = metric("streams", "Streams with media.")
	subscribers = metric("event_subscribers", "Subscribers to events, of all doors.")
	connections = metric("http_connections", "Connections of HTTP clients.")

	scriptRuns     = metric("script_runs_total", "Runs of routes that ended.")
	scriptFailed   = metric("script_failed_total", "Runs of routes that failed.")
	scriptRefused  = metric("script_refused_total", "Runs of routes that no worker had room for.")
	scriptReplaced = metric("script_replaced_total", "Interpreters replaced after a run was cut off, or for their size.")
	scriptWaiting  = metric("script_waiting", "Runs of routes in queues.")
	scriptPaused   = metric("script_paused", "Runs of routes that wait for the event of a verb.")
	scriptVersion  = metric("script_version", "Version of the script that new calls get.")
	scriptBroken   = metric("script_reload_failures_total", "Reloads of the script that failed.")
	scriptRoute    = metric("script_route_seconds", "From an event to the end of its route, waits in queues too.")
)

// The families of the webhook.
var (
	webhookWaiting   = metric("webhook_waiting", "Events that wait to be posted.")
	webhookBytes     = metric("webhook_waiting_bytes", "Size of the events that wait to be posted.")
	webhookUp        = metric("webhook_up", "1 while the receiver takes events, else 0.")
	webhookAttempts  = metric("webhook_attempts_total", "Attempts to post an event.")
	webhookDelivered = metric("webhook_delivered_total", "Events that the receiver took.")
	webhookLost      = metric("webhook_lost_total", "Events that never arrived, by reason: refused by the receiver, given_up after the last attempt.", "reason")
)

// collector reads the counters of the rest of the program.
type collector struct {
	server *Server

	mu   sync.Mutex
	lost float64 // the most so far: a packet that comes late is no longer lost, a counter never falls
}

// Describe sends nothing: the families depend on the options.
func (*collector) Describe(chan<- *prometheus.Desc) {}

// sink takes the values of one scrape.
type sink chan<- prometheus.Metric

func (s sink) counter(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.CounterValue, v, labels...)
}

func (s sink) gauge(d *prometheus.Desc, v float64, labels ...string) {
	s <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
}

// Collect reads everything once.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s, o := sink(out), &c.server.opts
	st := o.Calls.Stats()
	c.calls(s, &st)
	c.rtp(s, &st.Media)
	s.counter(queueDropped, float64(st.Dropped), "call")
	s.counter(queueDropped, float64(c.server.meters.lost.n.Load()), "events")
	records(s, &st.Recordings)
	s.gauge(streamsNow, float64(st.Streams))
	s.gauge(subscribers, float64(st.Subscribers))
	s.gauge(connections, float64(c.server.connections()))
	if o.Clock != nil {
		clock(s, o.Clock())
	}
	if o.Scripts != nil {
		c.script(s)
	}
	if o.Webhook != nil {
		webhook(s, o.Webhook())
	}
}

func webhook(s sink, w WebhookStats) {
	up := 1.0
	if w.Down {
		up = 0
	}
	s.gauge(webhookWaiting, float64(w.Waiting))
	s.gauge(webhookBytes, float64(w.Bytes))
	s.gauge(webhookUp, up)
	s.counter(webhookAttempts, float64(w.Attempts))
	s.counter(webhookDelivered, float64(w.Delivered))
	s.counter(webhookLost, float64(w.Refused), "refused")
	s.counter(webhookLost, float64(w.GivenUp), "given_up")
	s.counter(queueDropped, float64(w.Dropped), "webhook")
}

func (c *collector) calls(s sink, st *call.Stats) {
	for _, state := range states {
		s.gauge(callsNow, float64(st.States[state]), state)
	}
	s.counter(callsTotal, float64(st.Total))
	s.counter(callsAnswered, float64(st.Answered))
	s.counter(callsFailed, float64(st.Failed))
	s.counter(eventsTotal, float64(st.Events))
	s.histogram(callSetup, st.Setup)
	s.histogram(scriptRoute, st.Routes)
	for name, v := range st.Verbs {
		s.counter(verbsTotal, float64(v.Uses-min(v.Failed, v.Uses)), name, "ok")
		s.counter(verbsTotal, float64(v.Failed), name, "error")
	}
}

// states of a call that lives.
var states = []string{"invited", "early", "answered", "leaving", "over"}

func (c *collector) rtp(s sink, m *call.MediaStats) {
	c.mu.Lock()
	c.lost = max(c.lost, float64(m.Lost))
	lost := c.lost
	c.mu.Unlock()
	s.gauge(rtpSessions, float64(m.Sessions))
	s.counter(rtpPackets, float64(m.PacketsIn), "in")
	s.counter(rtpPackets, float64(m.PacketsOut), "out")
	s.counter(rtpBytes, float64(m.BytesIn), "in")
	s.counter(rtpBytes, float64(m.BytesOut), "out")
	s.counter(rtpLost, lost)
	s.counter(rtpLate, float64(m.Late))
	s.counter(rtpConcealed, float64(m.Concealed))
	s.counter(rtpDuplicate, float64(m.Duplicate))
	s.counter(rtpMalformed, float64(m.Malformed))
	s.gauge(rtpJitter, m.Jitter.Seconds())
	s.gauge(rtpJitterMax, m.JitterMax.Seconds())
	s.gauge(rtpDelay, m.Delay.Seconds())
	s.gauge(rtpRTT, m.RTT.Seconds())
}

func clock(s sink, c media.ClockStats) {
	h := call.Histogram{}
	buckets := make(map[float64]uint64, len(media.LateBounds))
	for i, n := range c.Late {
		h.Count += n
		bound := c.MaxLate
		if i < len(media.LateBounds) {
			bound = media.LateBounds[i]
			buckets[bound.Seconds()] = h.Count
		}
		h.Sum += time.Duration(n) * bound //nolint:durationcheck // so many of them
	}
	s <- prometheus.MustNewConstHistogram(clockLate, h.Count, h.Sum.Seconds(), buckets)
	s.gauge(clockMaxLate, c.MaxLate.Seconds())
	s.gauge(clockGraphs, float64(c.Graphs))
	s.counter(clockTicks, float64(c.Ticks))
	s.counter(clockSkipped, float64(c.Skipped))
	s.counter(clockPanics, float64(c.Panics))
	s.counter(clockBusy, c.Busy.Seconds())
}

func (c *collector) script(s sink) {
	st := c.server.opts.Scripts()
	s.counter(scriptRuns, float64(st.Runs))
	s.counter(scriptFailed, float64(st.Failed))
	s.counter(scriptRefused, float64(st.Refused))
	s.counter(scriptReplaced, float64(st.Replaced))
	s.gauge(scriptWaiting, float64(st.Waiting))
	s.gauge(scriptPaused, float64(st.Paused))
	s.gauge(scriptVersion, float64(st.Version))
	s.counter(scriptBroken, float64(st.Broken))
	s.counter(queueDropped, float64(st.Refused), "script")
}

func (s sink) histogram(d *prometheus.Desc, h call.Histogram) {
	buckets := make(map[float64]uint64, len(call.Buckets))
	sum := uint64(0)
	for i, bound := range call.Buckets {
		sum += h.Counts[i]
		buckets[bound.Seconds()] = sum
	}
	s <- prometheus.MustNewConstHistogram(d, h.Count, h.Sum.Seconds(), buckets)
}
