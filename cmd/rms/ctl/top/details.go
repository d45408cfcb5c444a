package top

import (
	"fmt"
	"strings"

	"rms/cmd/rms/ctl"
)

// details draws what is known of one call, and how its loss and jitter went.
func (m *Model) details(width, rows int) []line {
	title := "call " + short(m.selected)
	switch {
	case m.gone:
		title += ": over"
	case m.detail == nil:
		title += ": asking"
	}
	out := []line{{{ctl.Fit(title, width), inverse}}}
	out = append(out, m.sparks(width)...)
	if m.detail == nil {
		return out
	}
	now := m.sample.At
	lines := ctl.CallLines(m.detail, now)
	room := max(1, rows-len(out))
	m.page = room
	m.scroll = max(0, min(m.scroll, len(lines)-room))
	for _, text := range lines[m.scroll:min(len(lines), m.scroll+room)] {
		look := plain
		if m.gone {
			look = dim
		}
		out = append(out, line{{ctl.Fit(text, width), look}})
	}
	return out
}

// Values at which a spark is as high as it gets when nothing is higher.
const (
	fullLoss   = 5  // percent
	fullJitter = 30 // ms
)

// sparks draws the last minutes of loss and jitter.
func (m *Model) sparks(width int) []line {
	h := m.history[m.selected]
	if h == nil || len(h.points) == 0 {
		return nil
	}
	losses, jitters := make([]float32, len(h.points)), make([]float32, len(h.points))
	for i, p := range h.points {
		losses[i], jitters[i] = p.loss, p.jitter
	}
	last := h.points[len(h.points)-1]
	room := min(kept, max(1, width-34))
	row := func(name string, values []float32, full float32, now, unit string, alarm bool) line {
		drawn, most := spark(values, room, full, m.ASCII)
		look := plain
		if alarm {
			look = warn
		}
		pad := strings.Repeat(" ", room-len([]rune(drawn)))
		text := fmt.Sprintf(" %s %s, most %.1f", now, unit, most)
		return line{{fmt.Sprintf("%-10s ", name), dim}, {pad + drawn, look}, {ctl.Fit(text, max(0, width-11-room)), plain}}
	}
	return []line{
		row("loss", losses, fullLoss, fmt.Sprintf("%.1f", last.loss), "%", last.loss >= badLoss),
		row("jitter", jitters, fullJitter, fmt.Sprintf("%.1f", last.jitter), "ms", last.jitter >= fullJitter),
	}
}

// help explains the keys and the figures.
func (m *Model) help(width, rows int) []line {
	lines := []string{
		"Up, Down, PgUp, PgDn, Home, End   choose a call (also j, k, Space, g, G)",
		"Enter     details of the call, with its loss and jitter second by second",
		"h         hang it up, after a question",
		"s, Left, Right   sort by another column       S   turn the order round",
		"/         show only calls with a text in id, state, from, to, source, codec",
		"Esc       clear the filter      Ctrl-L  draw anew      q, Ctrl-C  quit",
		"",
		"setups/s, failed/s, cpu, rtp, loss: of the last 10 seconds",
		"cpu       percent of one core",
		"late p99  99 of 100 ticks of the clock began no later; above 10 ms is bad",
		"given up  ticks that were skipped because the machine was too slow",
		"drops     events that a queue had no room for",
		"LOSS%, JIT ms   of what the caller sends to us, since the call began",
	}
	var out []line
	for _, text := range lines[:min(len(lines), max(0, rows))] {
		out = append(out, line{{ctl.Fit(text, width), plain}})
	}
	return out
}
