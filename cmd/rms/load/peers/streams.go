package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"text/tabwriter"

	result "rms/cmd/rms/load"
)

// streamFigures are the rows about streams: each is of a run with streams, and of the
// run without that is its base.
var streamFigures = []struct {
	name  string
	limit float64 // 0: none; below 0: none may be
	of    func(with, base result.Result) float64
}{
	{"CPU, mcore per call without streams", 0, func(_, b result.Result) float64 { return process(b).PerCall }},
	{"CPU, mcore per call with a stream", 0, func(w, _ result.Result) float64 { return process(w).PerCall }},
	{"CPU, mcore per stream", 0.25, func(w, b result.Result) float64 { return process(w).PerCall - process(b).PerCall }},
	{"memory, kB RSS per stream", 60, func(w, b result.Result) float64 { return process(w).RSSPerCall - process(b).RSSPerCall }},
	{"CPU, ms per set-up of a stream", 0, func(w, b result.Result) float64 { return process(w).SetUpMs - process(b).SetUpMs }},
	{"200 to handshake p50, ms", 0, func(w, _ result.Result) float64 { return w.Streams.Connect.P50 }},
	{"200 to handshake p99, ms", 0, func(w, _ result.Result) float64 { return w.Streams.Connect.P99 }},
	{"200 to handshake max, ms", 2000, func(w, _ result.Result) float64 { return w.Streams.Connect.Max }},
	{"200 to first audio p99, ms", 0, func(w, _ result.Result) float64 { return w.Streams.First.P99 }},
	{"streams lost", -1, func(w, _ result.Result) float64 { return float64(w.Streams.Lost) }},
	{"streams with holes", -1, func(w, _ result.Result) float64 { return float64(w.Streams.Missing) }},
	{"delay p50 beyond the jitter buffer, ms", 0, func(w, _ result.Result) float64 { return w.Streams.Beyond.P50 }},
	{"delay p99 beyond the jitter buffer, ms", 25, func(w, _ result.Result) float64 { return w.Streams.Beyond.P99 }},
	{"RTP packets late by > 20 ms", -1, func(w, _ result.Result) float64 { return float64(w.Late) }},
	{"the same without streams", 0, func(_, b result.Result) float64 { return float64(b.Late) }},
	{"RTP packets lost", -1, func(w, _ result.Result) float64 { return float64(w.Packets.Lost) }},
	{"deviation from ptime p99, ms", 0, func(w, _ result.Result) float64 { return w.Deviation.P99 }},
	{"the same without streams", 0, func(_, b result.Result) float64 { return b.Deviation.P99 }},
}

// streams prints what streams cost: the runs come in pairs, one without streams and
// one with.
func streams(files []string, out io.Writer) error {
	if len(files)%2 != 0 {
		return errors.New("results come in pairs: one without streams, then one with")
	}
	var bases, withs []result.Result
	for i, name := range files {
		r, err := read(name)
		if err != nil {
			return err
		}
		if (r.Streams != nil) != (i%2 == 1) {
			return fmt.Errorf("%s is in the wrong place: one without streams, then one with", name)
		}
		if i%2 == 0 {
			bases = append(bases, r)
		} else {
			withs = append(withs, r)
		}
	}
	s := withs[0].Streams
	fmt.Fprintf(out, "\n%d calls, %s, %g calls/s, each with a stream %s %d Hz %s, %d stalled; jitter buffer %.0f ms; %d runs of %.0f s\n",
		withs[0].Calls, withs[0].Codec, withs[0].Rate, s.Kind, s.Rate, s.Mix, s.Stalled, s.DepthMs, len(withs), withs[0].Seconds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tmedian\tleast\tmost\twanted")
	for _, f := range streamFigures {
		var values []float64
		for i := range withs {
			values = append(values, f.of(withs[i], bases[i]))
		}
		slices.Sort(values)
		limit := f.limit
		if f.name == "CPU, mcore per stream" && s.Rate > 8000 {
			limit = 0.8 // a resampler works for it
		}
		fmt.Fprintf(w, "%s\t%.3g\t%.3g\t%.3g\t%s\n", f.name, round(values[len(values)/2]), round(values[0]), round(values[len(values)-1]), wanted(limit))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	conditions(out, withs)
	return nil
}

// round leaves out what is smaller than any of these figures can be measured.
func round(v float64) float64 { return math.Round(v*1e4) / 1e4 }

func wanted(limit float64) string {
	switch {
	case limit < 0:
		return "0"
	case limit == 0:
		return ""
	}
	return fmt.Sprintf("<= %g", limit)
}

// read reads what rms load --json printed.
func read(name string) (result.Result, error) {
	var r result.Result
	b, err := os.ReadFile(name)
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, fmt.Errorf("%s is not what rms load --json prints: %w", name, err)
	}
	return r, nil
}
