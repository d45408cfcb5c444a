package main

import (
	"fmt"
	"io"
	"slices"
	"text/tabwriter"

	result "rms/cmd/rms/load"
)

// figure is one row of the table: what it is, where it stands in a result and
// what it should be at most, 0 for no limit.
type figure struct {
	name  string
	limit float64
	of    func(r result.Result) float64
}

var figures = []figure{
	{"CPU, mcore per call", 0.25, func(r result.Result) float64 { return process(r).PerCall }},
	{"memory, kB RSS per call", 20, func(r result.Result) float64 { return process(r).RSSPerCall }},
	{"CPU, ms per set-up", 1, func(r result.Result) float64 { return process(r).SetUpMs }},
	{"deviation from ptime p50, ms", 0, func(r result.Result) float64 { return r.Deviation.P50 }},
	{"deviation from ptime p99, ms", 2, func(r result.Result) float64 { return r.Deviation.P99 }},
	{"deviation from ptime max, ms", 0, func(r result.Result) float64 { return r.Deviation.Max }},
	{"packets late by > 20 ms", 0, func(r result.Result) float64 { return float64(r.Late) }},
	{"packets lost", 0, func(r result.Result) float64 { return float64(r.Packets.Lost) }},
	{"calls not answered", 0, func(r result.Result) float64 { return float64(r.Failed) }},
	{"set-up p99, ms", 0, func(r result.Result) float64 { return r.Setup.P99 }},
}

func process(r result.Result) result.Process {
	if len(r.Processes) == 0 {
		return result.Process{}
	}
	return r.Processes[0]
}

// load prints the medians of some runs of rms load --json, what the machine did
// meanwhile, and the CPU per call beside that of other servers.
func load(files []string, out io.Writer) error {
	var runs []result.Result
	for _, name := range files {
		r, err := read(name)
		if err != nil {
			return err
		}
		runs = append(runs, r)
	}
	first := runs[0]
	way := "one way"
	if first.TwoWay {
		way = "two-way"
	}
	fmt.Fprintf(out, "\n%d calls, %s, %s, %g calls/s, %d runs of %.0f s\n", first.Calls, first.Codec, way, first.Rate, len(runs), first.Seconds)
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "figure\tmedian\tleast\tmost\twanted")
	for _, f := range figures {
		row(w, f, runs)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	conditions(out, runs)
	return beside(out, median(runs, figures[0].of))
}

func row(w io.Writer, f figure, runs []result.Result) {
	values := sorted(runs, f.of)
	wanted := ""
	if f.limit > 0 {
		wanted = fmt.Sprintf("<= %g", f.limit)
	}
	fmt.Fprintf(w, "%s\t%.3g\t%.3g\t%.3g\t%s\n", f.name, values[len(values)/2], values[0], values[len(values)-1], wanted)
}

func sorted(runs []result.Result, of func(result.Result) float64) []float64 {
	values := make([]float64, 0, len(runs))
	for _, r := range runs {
		values = append(values, of(r))
	}
	slices.Sort(values)
	return values
}

func median(runs []result.Result, of func(result.Result) float64) float64 {
	values := sorted(runs, of)
	return values[len(values)/2]
}

// conditions says how quiet the machine was: a figure of a busy one is an upper
// limit.
func conditions(out io.Writer, runs []result.Result) {
	for i, r := range runs {
		m := r.Machine
		fmt.Fprintf(out, "run %d: load average %.2f, %d cores %.0f %% busy, steal %.1f %%, the caller %.3f cores; a bare timer just before: p99 %.2f ms late\n",
			i+1, m.LoadAverage, m.Cores, m.Busy, m.Steal, m.ToolCores, r.Idle.P99)
	}
}

// beside prints what a call costs other servers.
func beside(out io.Writer, ours float64) error {
	if ours == 0 {
		return nil // no --pid
	}
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nplayback, mcore per call\t\tratio to ours")
	for _, s := range servers {
		if s.low == s.high {
			fmt.Fprintf(w, "%s\t%g\t%.2g\n", s.name, s.low, s.low/ours)
			continue
		}
		fmt.Fprintf(w, "%s\t%g-%g\t%.2g-%.2g\n", s.name, s.low, s.high, s.low/ours, s.high/ours)
	}
	fmt.Fprintf(w, "this server\t%.3g\t1\n", ours)
	return w.Flush()
}
