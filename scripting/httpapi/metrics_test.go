package httpapi_test

import (
	"bytes"
	"math"
	"strings"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"

	"rms/call"
	"rms/scripting"
	"rms/scripting/httpapi"
)

// scrape reads the metrics with the parser of Prometheus.
func (h *house) scrape() map[string]*dto.MetricFamily {
	h.t.Helper()
	r := h.expect(200, h.get("/metrics"))
	if kind := r.header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain; version=0.0.4") {
		h.t.Errorf("Content-Type %s", kind)
	}
	p := expfmt.NewTextParser(model.LegacyValidation)
	families, err := p.TextToMetricFamilies(bytes.NewReader(r.body))
	if err != nil {
		h.t.Fatal(err)
	}
	return families
}

// value is that of the metric with these labels: name=value.
func value(t *testing.T, families map[string]*dto.MetricFamily, name string, labels ...string) float64 {
	t.Helper()
	for _, m := range families[name].GetMetric() {
		var got []string
		for _, l := range m.GetLabel() {
			got = append(got, l.GetName()+"="+l.GetValue())
		}
		if strings.Join(got, ",") != strings.Join(labels, ",") {
			continue
		}
		switch {
		case m.Counter != nil:
			return m.GetCounter().GetValue()
		case m.Gauge != nil:
			return m.GetGauge().GetValue()
		case m.Histogram != nil:
			return float64(m.GetHistogram().GetSampleCount())
		}
	}
	t.Errorf("no %s%v", name, labels)
	return math.NaN()
}

func script(o *httpapi.Options) {
	o.Webhook = func() httpapi.WebhookStats {
		return httpapi.WebhookStats{Waiting: 1, Bytes: 20, Down: true, Attempts: 9, Delivered: 5, Refused: 2, GivenUp: 1, Dropped: 8}
	}
	o.Scripts = func() scripting.ScriptsStats {
		return scripting.ScriptsStats{Stats: scripting.Stats{Runs: 7, Failed: 2, Refused: 3, Waiting: 4, Paused: 5}, Version: 6, Broken: 1}
	}
}

func TestMetricsCountWhatHappens(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script)
	id, c := h.dial()
	h.expect(200, h.post("/v1/calls/"+id+"/play?wait=10s", `{"file": "tone:440/200ms"}`))
	h.expect(422, h.post("/v1/calls/"+id+"/stream_stop", ""))
	h.subscribe("")
	m := h.scrape()
	for name, want := range map[string]float64{
		"rms_calls state=answered": 1, "rms_calls state=early": 0, "rms_calls_total": 1, "rms_calls_answered_total": 1, "rms_calls_failed_total": 0,
		"rms_call_setup_seconds": 1, "rms_rtp_sessions": 1, "rms_rtp_packets_total direction=in": 0, "rms_rtp_lost_total": 0, "rms_rtp_jitter_seconds": 0,
		"rms_streams": 0, "rms_event_subscribers": 1, "rms_script_runs_total": 7, "rms_script_failed_total": 2, "rms_script_waiting": 4,
		"rms_script_paused": 5, "rms_script_version": 6, "rms_script_reload_failures_total": 1,
		"rms_webhook_up": 0, "rms_webhook_waiting": 1, "rms_webhook_attempts_total": 9, "rms_webhook_delivered_total": 5,
		"rms_webhook_lost_total reason=refused": 2, "rms_webhook_lost_total reason=given_up": 1, "rms_queue_dropped_total queue=webhook": 8,
		"rms_queue_dropped_total queue=call": 0, "rms_queue_dropped_total queue=script": 3, "rms_queue_dropped_total queue=events": 0,
		"rms_verbs_total result=ok verb=play": 1, "rms_verbs_total result=error verb=play": 0, "rms_verbs_total result=error verb=stream_stop": 1,
		"rms_http_requests_total code=200 route=POST /v1/calls/{id}/{verb}": 1, "rms_http_requests_total code=422 route=POST /v1/calls/{id}/{verb}": 1,
	} {
		family, rest, _ := strings.Cut(name, " ")
		var labels []string
		for rest != "" {
			i := strings.Index(rest, " ")
			if i < 0 || strings.HasPrefix(rest, "route=") {
				i = len(rest)
			}
			labels = append(labels, rest[:i])
			rest = strings.TrimPrefix(rest[i:], " ")
		}
		if got := value(t, m, family, labels...); got != want {
			t.Errorf("%s is %v, want %v", name, got, want)
		}
	}
	if n := value(t, m, "rms_rtp_packets_total", "direction=out"); n < 10 {
		t.Errorf("%v packets were sent", n)
	}
	if value(t, m, "rms_clock_late_seconds") == 0 || value(t, m, "rms_http_connections") < 1 || value(t, m, "go_goroutines") == 0 {
		t.Error("the clock, the connections or the runtime are not counted")
	}
	c.Bye()
	c.Expect(200)
	h.until("the end", func() bool { return h.calls.Len() == 0 })
	after := h.scrape()
	if value(t, after, "rms_calls", "state=answered") != 0 || value(t, after, "rms_rtp_packets_total", "direction=out") < value(t, m, "rms_rtp_packets_total", "direction=out") {
		t.Error("a call that is over is still counted as live, or its packets are not any more")
	}
}

// The rules of the format and of naming (prometheus.io, "Metric and label naming").
func TestMetricsFollowTheConventions(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script)
	for name, family := range h.scrape() {
		ours := strings.HasPrefix(name, "rms_")
		if family.GetHelp() == "" || !ours && !strings.HasPrefix(name, "go_") && !strings.HasPrefix(name, "process_") {
			t.Errorf("%s: help %q", name, family.GetHelp())
		}
		if ours && (family.GetType() == dto.MetricType_COUNTER) != strings.HasSuffix(name, "_total") {
			t.Errorf("%s is a %s", name, family.GetType())
		}
		for _, m := range family.GetMetric() {
			checkHistogram(t, name, m.GetHistogram())
		}
	}
}

func checkHistogram(t *testing.T, name string, h *dto.Histogram) {
	t.Helper()
	if h == nil {
		return
	}
	before, bound := uint64(0), math.Inf(-1)
	for _, b := range h.GetBucket() {
		if b.GetCumulativeCount() < before || b.GetUpperBound() <= bound {
			t.Errorf("%s: bucket %v holds %d after %d", name, b.GetUpperBound(), b.GetCumulativeCount(), before)
		}
		before, bound = b.GetCumulativeCount(), b.GetUpperBound()
	}
	if !math.IsInf(bound, 1) || before != h.GetSampleCount() || h.GetSampleSum() < 0 {
		t.Errorf("%s: %d in the last bucket of %d", name, before, h.GetSampleCount())
	}
}

// Whatever clients ask for, there are no more series than routes, states, verbs and queues.
func TestMetricsHaveABoundedNumberOfSeries(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script)
	series := func() (n int) {
		for _, family := range h.scrape() {
			n += len(family.GetMetric())
		}
		return n
	}
	ask := func(name string) {
		h.get("/v1/calls/" + name)
		h.get("/" + name)
		h.do("X"+strings.ToUpper(name), "/v1/calls", "")
		h.post("/v1/calls/"+name+"/"+name, "")
		h.post("/v1/calls/"+name+"/play", `{"file": "a"}`)
		h.post("/v1/verbs/"+name, "")
		h.post("/v1/api", `{"command": "`+name+`"}`)
		h.expect(400, h.get("/v1/calls?"+name+"="+name))
	}
	ask("first")
	series() // a scrape is counted in the next
	before := series()
	for _, name := range []string{"second", "third", "fourth", "fifth"} {
		ask(name)
	}
	if after := series(); after != before {
		t.Errorf("%d series, then %d", before, after)
	}
	bound := 3*len(call.Verbs()) + 400
	if n := series(); n > bound {
		t.Errorf("%d series, more than %d", n, bound)
	}
}
