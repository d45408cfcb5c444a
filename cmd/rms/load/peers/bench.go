package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"
	"text/tabwriter"
)

var (
	benchPackage = regexp.MustCompile(`^pkg: rms/(\S+)`)
	benchLine    = regexp.MustCompile(`^Benchmark(\S+?)(?:-\d+)?\s+\d+\s+([0-9.]+) ns/op`)
)

// bench copies the output of go test and prints the ratios behind it.
func bench(in io.Reader, out io.Writer) error {
	measured := make(map[string]float64)
	var pkg string
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		fmt.Fprintln(out, lines.Text())
		if m := benchPackage.FindStringSubmatch(lines.Text()); m != nil {
			pkg = m[1]
		}
		if m := benchLine.FindStringSubmatch(lines.Text()); m != nil {
			if ns, err := strconv.ParseFloat(m[2], 64); err == nil {
				measured[pkg+"."+m[1]] = ns
			}
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("read the benchmarks: %w", err)
	}
	return ratios(measured, out)
}

func ratios(measured map[string]float64, out io.Writer) error {
	w := tabwriter.NewWriter(out, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "\nbenchmark\tours ns\tpeer ns\tpeer/ours\tpeer")
	rows := 0
	for _, p := range pieces {
		ours, peer, where := measured[p.ours], p.ns, ", on the machine of docs/performance.md"
		if p.peer != "" {
			peer, where = measured[p.peer], ", in this run"
		}
		if ours == 0 || peer == 0 {
			continue
		}
		rows++
		fmt.Fprintf(w, "%s\t%s\t%s\t%.2g\t%s%s\n", p.ours, short(ours), short(peer), peer/ours, p.name, where)
	}
	if rows == 0 {
		return errors.New("no benchmark has a peer: give me all of go test -bench")
	}
	return w.Flush()
}

// short writes a number of ns with three digits.
func short(ns float64) string {
	if ns >= 100 {
		return strconv.FormatFloat(ns, 'f', 0, 64)
	}
	return strings.TrimSuffix(strconv.FormatFloat(ns, 'f', 1, 64), ".0")
}
