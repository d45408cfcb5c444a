package ctl

import (
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"time"

	"rms/call"
)

// PrintCall writes what is known of a call for people, a line for each subject.
func PrintCall(w io.Writer, i *call.CallInfo, now time.Time) {
	for _, line := range CallLines(i, now) {
		fmt.Fprintln(w, line)
	}
}

// CallLines says what is known of a call.
func CallLines(i *call.CallInfo, now time.Time) []string {
	var out []string
	put := func(title, format string, values ...any) {
		out = append(out, strings.TrimRight(fmt.Sprintf("%-10s ", title)+Clean(fmt.Sprintf(format, values...)), " "))
	}
	put("call", "%s (%s)", i.ID, i.Kind)
	put("state", "%s", stateOf(i, now))
	put("from", "%s", i.From)
	put("to", "%s", i.To)
	if i.RURI != i.To {
		put("ruri", "%s", i.RURI)
	}
	put("source", "%s %s", i.Source, i.Transport)
	if i.SIPCallID != "" {
		put("Call-ID", "%s", i.SIPCallID)
	}
	put("codec", "%s %s %s%s", orNone(i.Codec), i.Direction, remote(i), hold(i))
	if r := i.RTP; r != nil {
		put("in", "%d packets, %d lost (%s), %d late, %d concealed, %d duplicate", r.PacketsIn, r.Lost, percent(r.Lost, r.PacketsIn), r.Late, r.Concealed, r.Duplicate)
		put("", "jitter %.1f ms, jitter buffer %.0f ms, %d keys", r.JitterMS, r.DelayMS, r.Digits)
		put("out", "%d packets; the far end lost %d, has jitter %.1f ms; rtt %.1f ms", r.PacketsOut, r.FarLost, r.FarJitter, r.RTTMS)
	}
	put("queue", "%d in the mailbox, %d runs of the script%s", i.Queue, i.Runs, waiting(i))
	for _, p := range i.Plays {
		put("play", "%s: %s (%s), %.1f s", p.File, p.State, p.Mode, float64(p.PlayedMS)/1000)
	}
	for _, s := range i.Streams {
		put("stream", "%s", pairs(s))
	}
	for _, f := range i.Forwards {
		put("forward", "%s: %s to %s, %d packets", f.Name, f.Side, f.To, f.PacketsOut)
	}
	for _, name := range slices.Sorted(maps.Keys(i.Variables)) {
		put("variable", "%s = %s", name, short(i.Variables[name]))
	}
	return out
}

func stateOf(i *call.CallInfo, now time.Time) string {
	text := i.State
	if i.Answered != nil {
		text += fmt.Sprintf(" for %s, after %d ms", Long(i.Seconds), i.Answered.Sub(i.Invited).Milliseconds())
	}
	return text + fmt.Sprintf("; came %s, %s ago", i.Invited.Local().Format("15:04:05"), Long(max(0, now.Sub(i.Invited).Seconds())))
}

func orNone(text string) string {
	if text == "" {
		return "none"
	}
	return text
}

func remote(i *call.CallInfo) string {
	if i.Remote == "" {
		return ""
	}
	return "with " + i.Remote
}

func hold(i *call.CallInfo) string {
	if i.Hold {
		return ", on hold"
	}
	return ""
}

func waiting(i *call.CallInfo) string {
	text := ""
	if i.Collecting {
		text += ", collects keys"
	}
	if i.Sleeps > 0 {
		text += fmt.Sprintf(", %d sleeps", i.Sleeps)
	}
	return text
}

// percent is the share of packets that never came.
func percent(lost int64, in uint64) string {
	all := float64(lost) + float64(in)
	if lost <= 0 || all <= 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.2g %%", 100*float64(lost)/all)
}

// pairs writes a map as name=value, name and url first.
func pairs(m map[string]any) string {
	names := slices.Sorted(maps.Keys(m))
	slices.SortStableFunc(names, func(a, b string) int { return rank(a) - rank(b) })
	parts := make([]string, 0, len(names))
	for _, name := range names {
		parts = append(parts, name+"="+short(m[name]))
	}
	return strings.Join(parts, " ")
}

func rank(name string) int {
	for i, first := range []string{"name", "state", "url"} {
		if name == first {
			return i
		}
	}
	return 9
}

// short writes a value in one word of bounded length.
func short(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return "?"
	}
	return oneWord(text)
}

// printCalls writes a table of calls. all has whole ids and URIs.
func printCalls(w io.Writer, calls []call.CallInfo, total int, all bool) {
	rows := [][]string{{"CALL", "STATE", "FROM", "TO", "CODEC", "TIME", "LOST", "JITTER"}}
	n := shortest(calls)
	for k := range calls {
		i := &calls[k]
		id, from, to := i.ID[:min(n, len(i.ID))], Party(i.From), Party(i.To)
		if all {
			id, from, to = i.ID, Clean(i.From), Clean(i.To)
		}
		lost, jitter := "", ""
		if i.RTP != nil {
			lost, jitter = percent(i.RTP.Lost, i.RTP.PacketsIn), fmt.Sprintf("%.1f ms", i.RTP.JitterMS)
		}
		rows = append(rows, []string{Clean(id), Clean(i.State), from, to, orNone(Clean(i.Codec)), Long(i.Seconds), lost, jitter})
	}
	printTable(w, rows)
	if total > len(calls) {
		fmt.Fprintf(w, "... and %d more (--all)\n", total-len(calls))
	}
}

// printTable writes rows in columns that are as wide as they must be.
func printTable(w io.Writer, rows [][]string) {
	var wide []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(wide) {
				wide = append(wide, 0)
			}
			wide[i] = max(wide[i], columns(cell))
		}
	}
	for _, row := range rows {
		var b strings.Builder
		for i, cell := range row {
			b.WriteString(Fit(cell, wide[i]) + "  ")
		}
		fmt.Fprintln(w, strings.TrimRight(b.String(), " "))
	}
}
