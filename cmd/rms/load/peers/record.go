package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	result "rms/cmd/rms/load"
)

// recordFigures are the rows about recordings: each is of a run with recordings, and of
// the run without that is its base.
var recordFigures = []struct {
	name  string
	limit float64 // 0: none; below 0: none may be
	of    func(with, base result.Result) float64
}{
	{"CPU, mcore per call without recording", 0, func(_, b result.Result) float64 { return process(b).PerCall }},
	{"CPU, mcore per call that is recorded, in all", 0.45, func(w, _ result.Result) float64 { return process(w).PerCall }},
	{"CPU, mcore per recording", 0.2, func(w, b result.Result) float64 { return process(w).PerCall - process(b).PerCall }},
	{"memory, kB RSS per recording", 40, func(w, b result.Result) float64 { return process(w).RSSPerCall - process(b).RSSPerCall }},
	{"CPU, ms per set-up of a recording", 0, func(w, b result.Result) float64 { return process(w).SetUpMs - process(b).SetUpMs }},
	{"recordings missing or wrong", -1, func(w, _ result.Result) float64 {
		return float64(w.Recordings.Missing + w.Recordings.Other + w.Recordings.Wrong)
	}},
	{"gaps from the disk", -1, func(w, _ result.Result) float64 { return float64(w.Recordings.Gaps["disk"]) }},
	{"gaps from the network", 0, func(w, _ result.Result) float64 {
		return float64(w.Recordings.Gaps["loss"] + w.Recordings.Gaps["late"] + w.Recordings.Gaps["jump"])
	}},
	{"packets missing in the recordings", 0, func(w, _ result.Result) float64 { return float64(w.Recordings.Lost) }},
	{"last file closed behind the last call, s", 5, func(w, _ result.Result) float64 { return w.Recordings.Closed }},
	{"RTP packets late by > 20 ms", -1, func(w, _ result.Result) float64 { return float64(w.Late) }},
	{"the same without recording", 0, func(_, b result.Result) float64 { return float64(b.Late) }},
	{"RTP packets lost", -1, func(w, _ result.Result) float64 { return float64(w.Packets.Lost) }},
	{"deviation from ptime p99, ms", 0, func(w, _ result.Result) float64 { return w.Deviation.P99 }},
	{"the same without recording", 0, func(_, b result.Result) float64 { return b.Deviation.P99 }},
}

// record prints what recordings cost: the runs come in pairs, one without and one with.
func record(files []string, out io.Writer) error {
	if len(files)%2 != 0 {
		return errors.New("results come in pairs: one without recordings, then one with")
	}
	var bases, withs []result.Result
	for i, name := range files {
		r, err := read(name)
		if err != nil {
			return err
		}
		if (r.Recordings != nil) != (i%2 == 1) {
			return fmt.Errorf("%s is in the wrong place: one without recordings, then one with", name)
		}
		if i%2 == 0 {
			bases = append(bases, r)
		} else {
			withs = append(withs, r)
		}
	}
	fmt.Fprintf(out, "\n%d calls, %s, %g calls/s, each recorded: %s; %d runs of %.0f s\n",
		withs[0].Calls, withs[0].Codec, withs[0].Rate, withs[0].Recordings.Sides, len(withs), withs[0].Seconds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tmedian\tleast\tmost\twanted")
	for _, f := range recordFigures {
		var values []float64
		for i := range withs {
			values = append(values, f.of(withs[i], bases[i]))
		}
		slices.Sort(values)
		fmt.Fprintf(w, "%s\t%.3g\t%.3g\t%.3g\t%s\n", f.name, round(values[len(values)/2]), round(values[0]), round(values[len(values)-1]), wanted(f.limit))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	conditions(out, withs)
	return nil
}
