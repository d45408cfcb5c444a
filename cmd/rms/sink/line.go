package sink

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	textShown = 240 // characters of a message on a line
	idShown   = 64
)

// Line writes an event for people, on one line without its end.
func Line(e *Event) string {
	var b strings.Builder
	b.WriteString(e.Time.Local().Format("15:04:05.000 "))
	if e.N > 0 {
		fmt.Fprintf(&b, "%-4d ", e.N)
	}
	switch e.Event {
	case EventListen:
		fmt.Fprintf(&b, "receiving on %s", e.Address)
	case EventStart:
		fmt.Fprintf(&b, "start  %s from %s", Clean(e.ID, idShown), e.Remote)
		b.WriteString(about(e))
	case EventFormat:
		fmt.Fprintf(&b, "format %s %s", Clean(e.ID, idShown), format(e))
	case EventText:
		fmt.Fprintf(&b, "text   %s", Clean(e.Text, textShown))
	case EventDigit:
		fmt.Fprintf(&b, "digit  %s", Clean(e.Digit, 1))
		if e.DurationMS > 0 {
			fmt.Fprintf(&b, ", %d ms", e.DurationMS)
		}
	case EventProblem:
		fmt.Fprintf(&b, "note   %s", Clean(e.Text, textShown))
	case EventRefused:
		fmt.Fprintf(&b, "refused %s: %s", e.Remote, Clean(e.Text, textShown))
		b.WriteString(repeated(e))
	case EventStop:
		b.WriteString("stop   ")
		stopped(&b, e)
	case EventSummary:
		fmt.Fprintf(&b, "streams: %d in %s", e.Streams, seconds(e.Totals.Seconds))
		figures(&b, e.Totals)
		b.WriteString(counted(e.Counters))
	}
	return b.String()
}

func format(e *Event) string {
	channels := ""
	if e.Channels == 2 {
		channels = " stereo"
	}
	return fmt.Sprintf("%s %d Hz%s", e.Codec, e.Rate, channels)
}

// about is what start knows beside the address.
func about(e *Event) string {
	var parts []string
	if e.Rate > 0 {
		parts = append(parts, format(e))
	}
	if e.Path != "" {
		parts = append(parts, Clean(e.Path, idShown))
	}
	if e.Subprotocol != "" {
		parts = append(parts, "subprotocol "+Clean(e.Subprotocol, idShown))
	}
	if e.Deflate {
		parts = append(parts, "deflate")
	}
	if e.Secure {
		parts = append(parts, "TLS")
	}
	if e.Caller+e.Callee != "" {
		parts = append(parts, Clean(e.Caller, idShown)+" to "+Clean(e.Callee, idShown))
	}
	if e.Generation > 0 {
		parts = append(parts, fmt.Sprintf("generation %d", e.Generation))
	}
	if len(parts) == 0 {
		return ""
	}
	return ", " + strings.Join(parts, ", ")
}

// repeated says how often the same happened since the line before.
func repeated(e *Event) string {
	for name, n := range e.Counters {
		if n > 1 {
			return fmt.Sprintf(" (%s, %d times)", name, n)
		}
		return fmt.Sprintf(" (%s)", name)
	}
	return ""
}

func stopped(b *strings.Builder, e *Event) {
	fmt.Fprintf(b, "%s after %s", Clean(e.ID, idShown), seconds(e.Totals.Seconds))
	if e.Rate > 0 {
		fmt.Fprintf(b, ", %s", format(e))
	}
	figures(b, e.Totals)
	for _, s := range e.Sides {
		fmt.Fprintf(b, ", %s %s", s.Side, decibels(s.Level))
	}
	if e.Digits != "" {
		fmt.Fprintf(b, ", digits %s", Clean(e.Digits, digitsMost))
	}
	fmt.Fprintf(b, ", ended: %s", e.Cause)
	if e.Code > 0 {
		fmt.Fprintf(b, " %d", e.Code)
	}
	if e.Why != "" {
		fmt.Fprintf(b, " %q", Clean(e.Why, textShown))
	}
	if len(e.Files) > 0 {
		fmt.Fprintf(b, ", %s", strings.Join(e.Files, " "))
	}
}

func figures(b *strings.Builder, t *Totals) {
	fmt.Fprintf(b, ", %s of audio in %d frames", seconds(t.AudioSeconds), t.Frames)
	if t.Frames > 1 {
		fmt.Fprintf(b, ", gap p99 %.1f max %.1f ms", t.P99GapMS, t.MaxGapMS)
	}
	if t.SentFrames > 0 {
		fmt.Fprintf(b, ", %s sent back", seconds(t.SentSeconds))
	}
	if t.Dropped > 0 {
		fmt.Fprintf(b, ", %d dropped", t.Dropped)
	}
}

// counted lists counters that are not 0.
func counted(counters map[string]uint64) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(counters)) {
		fmt.Fprintf(&b, ", %s %d", name, counters[name])
	}
	return b.String()
}

func seconds(s float64) string {
	d := time.Duration(s * float64(time.Second))
	if d < time.Minute {
		return fmt.Sprintf("%.2f s", s)
	}
	return d.Round(time.Second).String()
}

func decibels(v float64) string {
	if v <= floorDBFS {
		return "silent"
	}
	return fmt.Sprintf("%.1f dBFS", v)
}
