package top

import (
	"fmt"
	"strings"

	"rms/call"
	"rms/cmd/rms/ctl"
	"rms/cmd/rms/graph"
)

// style is how a piece of a line looks.
type style int

const (
	plain style = iota
	bold
	dim
	inverse
	warn
)

// span is a piece of a line.
type span struct {
	text string
	style
}

// line is a row of the screen.
type line []span

// String is the row without styles.
func (l line) String() string {
	var b strings.Builder
	for _, s := range l {
		b.WriteString(s.text)
	}
	return b.String()
}

// headLines is how many rows the figures of the server take.
const headLines = 4

// Render draws the model on so many columns and rows. It changes what is scrolled out of
// sight only.
func Render(m *Model, width, height int) []line {
	width, height = max(20, width), max(8, height)
	var out []line
	out = append(out, m.head(width)...)
	if height < 12 {
		out = out[:2]
	}
	body := height - len(out) - 2
	out = append(out, m.notice(width))
	switch m.mode {
	case details:
		out = append(out, m.details(width, body)...)
	case helping:
		out = append(out, m.help(width, body)...)
	case confirming:
		if m.back == details {
			out = append(out, m.details(width, body)...)
			break
		}
		fallthrough
	default:
		out = append(out, m.table(width, body)...)
	}
	for len(out) < height-1 {
		out = append(out, nil)
	}
	out = append(out[:height-1], m.foot(width))
	for i := range out {
		out[i] = out[i].clipped(width)
	}
	return out
}

// clipped is the row without what is beyond so many columns.
func (l line) clipped(width int) line {
	for i := range l {
		n := graph.Columns(l[i].text)
		if n > width {
			l[i].text = ctl.Fit(l[i].text, width)
			return l[:i+1]
		}
		width -= n
	}
	return l
}

// head says how the server is doing.
func (m *Model) head(width int) []line {
	s := m.sample.Status
	clock := m.sample.At.Format("15:04:05")
	if s == nil {
		first := both("rms top: "+ctl.Clean(m.Place), clock, width)
		return []line{{{first, bold}}, nil, nil, nil}[:headLines]
	}
	r := &m.rates
	state, look := "ready", plain
	switch {
	case s.Draining:
		state, look = "draining", warn
	case !s.Ready:
		state, look = "not ready", warn
	}
	title := fmt.Sprintf("rms %s  up %s  ", ctl.Clean(s.Version), ctl.Long(s.Seconds))
	rest := both("", ctl.Clean(m.Place)+"  "+clock, max(0, width-len([]rune(title))-len(state)))
	lines := []line{{{title, bold}, {state, look}, {rest, bold}}}
	cells := [][]cell{
		{
			figureOf("calls", "%d", s.Calls.Live), rate("setups/s", r, r.Setups), rate("failed/s", r, r.Failures).bad(r.Failures > 0),
			figureOf("streams", "%d", s.Streams), figureOf("drops", "%d", s.Calls.Dropped).bad(r.Dropped > 0),
		},
		{
			rate("cpu %", r, r.CPU), {"rss", mem(s), false}, {"late p99", ms(r.LateP99), r.LateP99 > 10},
			figureOf("given up", "%d", s.Clock.Skipped).bad(r.Skipped > 0), figureOf("goroutines", "%d", s.Process.Routines),
		},
		{
			rate("rtp in/s", r, r.In), rate("out/s", r, r.Out), {"loss", fmt.Sprintf("%.2f%%", r.Loss), r.Loss >= 1},
			{"jitter", ms(s.RTP.JitterMS), false}, {"rtt", ms(s.RTP.RTTMS), false},
		},
	}
	for _, row := range cells {
		lines = append(lines, cellLine(row, width))
	}
	return lines
}

// cell is a figure with its name.
type cell struct {
	name, value string
	alarm       bool
}

func (c cell) bad(yes bool) cell {
	c.alarm = yes
	return c
}

func figureOf(name, format string, v any) cell {
	return cell{name: name, value: fmt.Sprintf(format, v)}
}

// rate is a figure a second, unknown after the first sample.
func rate(name string, r *Rates, v float64) cell {
	switch {
	case !r.Known:
		return cell{name: name, value: "-"}
	case v >= 1000:
		return cell{name: name, value: fmt.Sprintf("%.0f", v)}
	}
	return cell{name: name, value: fmt.Sprintf("%.1f", v)}
}

func ms(v float64) string {
	switch {
	case v > 0 && v < 1:
		return fmt.Sprintf("%.2fms", v)
	case v >= 10:
		return fmt.Sprintf("%.0fms", v)
	}
	return fmt.Sprintf("%.1fms", v)
}

func mem(s *ctl.Status) string {
	if s.Process.RSS > 0 {
		return ctl.Size(s.Process.RSS)
	}
	return ctl.Size(s.Process.Heap)
}

// cellLine sets figures in columns of one width, and leaves out those that do not fit.
func cellLine(cells []cell, width int) line {
	const least = 16
	n := max(1, min(len(cells), width/least))
	wide := width / n
	var out line
	for _, c := range cells[:n] {
		look := bold
		if c.alarm {
			look = warn
		}
		value := ctl.Fit(c.value, max(0, min(len([]rune(c.value)), wide-len(c.name)-2)))
		out = append(out, span{c.name + " ", dim}, span{value, look}, span{ctl.Fit("", max(0, wide-len(c.name)-1-len([]rune(value)))), plain})
	}
	return out
}

// notice is the row between head and table: a question, what went wrong, a filter.
func (m *Model) notice(width int) line {
	fit := func(text string, look style) line { return line{{ctl.Fit(text, width), look}} }
	switch {
	case m.mode == confirming:
		to := ""
		if c := m.look(); c != nil && c.ID == m.asked {
			to = " to " + ctl.Party(c.To)
		}
		return fit("Hang up call "+short(m.asked)+to+"? y/n", warn)
	case m.mode == filtering:
		return fit("Filter: "+m.edit+"_   (Enter keeps it, Esc clears it)", bold)
	case m.failed != nil:
		return fit(ctl.Clean(m.failed.Error())+"; trying again", warn)
	case m.message != "":
		return fit(m.message, bold)
	case m.sample.Status == nil:
		return fit("waiting for the server", dim)
	case !m.sample.Status.Ready && !m.sample.Status.Draining:
		return fit("not ready: "+ctl.Clean(m.sample.Status.Reason), warn)
	case m.sample.Status.Script.Error != "":
		return fit("script not reloaded: "+ctl.Clean(m.sample.Status.Script.Error), warn)
	case m.filter != "":
		return fit(fmt.Sprintf("Filter: %s   (%d of %d calls; Esc clears it)", m.filter, len(m.rows), len(m.sample.Calls)), bold)
	case m.sample.Total > len(m.sample.Calls):
		return fit(fmt.Sprintf("the oldest %d of %d calls", len(m.sample.Calls), m.sample.Total), dim)
	}
	return nil
}

func short(id string) string { return ctl.Clean(id[:min(8, len(id))]) }

// table draws the calls on so many rows.
func (m *Model) table(width, rows int) []line {
	if rows < 1 {
		return nil
	}
	cols := layout(width, m.sort)
	out := []line{m.titles(cols, width)}
	m.page = max(1, rows-1)
	m.first = max(0, min(m.first, len(m.rows)-m.page))
	switch {
	case m.at < m.first:
		m.first = m.at
	case m.at >= m.first+m.page:
		m.first = m.at - m.page + 1
	}
	for i := m.first; i < min(len(m.rows), m.first+m.page); i++ {
		out = append(out, m.row(cols, m.rows[i], i == m.at, width))
	}
	if len(m.rows) == 0 && m.sample.Status != nil && rows > 1 {
		out = append(out, line{{ctl.Fit("no calls", width), dim}})
	}
	return out
}

// titles is the row with the names of the columns.
func (m *Model) titles(cols []placed, width int) line {
	var b strings.Builder
	for i, c := range cols {
		title := c.title
		if c.n == m.sort {
			title += m.arrow()
		}
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(aligned(title, c.width, c.figures))
	}
	return line{{ctl.Fit(b.String(), width), inverse}}
}

func (m *Model) arrow() string {
	switch {
	case m.ASCII && m.upward:
		return "^"
	case m.ASCII:
		return "v"
	case m.upward:
		return "▲"
	}
	return "▼"
}

// badLoss is the loss of a call that is worth a look, in percent.
const badLoss = 1

func (m *Model) row(cols []placed, c *call.CallInfo, selected bool, width int) line {
	var b strings.Builder
	for i, col := range cols {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(aligned(col.text(c), col.width, col.figures))
	}
	look := plain
	switch {
	case selected:
		look = inverse
	case m.failed != nil:
		look = dim
	case loss(c) >= badLoss:
		look = warn
	}
	return line{{ctl.Fit(b.String(), width), look}}
}

// aligned puts figures to the right, and cuts what is too long.
func aligned(text string, width int, right bool) string {
	if n := len([]rune(text)); right && n < width {
		return strings.Repeat(" ", width-n) + text
	}
	return ctl.Fit(text, width)
}

// both puts one text to the left and one to the right.
func both(left, right string, width int) string {
	room := width - len([]rune(left))
	if len([]rune(right)) > room {
		return ctl.Fit(left, width)
	}
	return left + aligned(right, room, true)
}

// foot lists the keys.
func (m *Model) foot(width int) line {
	text := "q quit  ↑↓ choose  ⏎ details  s sort  S turn round  h hang up  / filter  ? help"
	switch {
	case m.mode == details:
		text = "q back  ↑↓ scroll  h hang up"
	case m.mode == confirming:
		text = "y hang up  n do not"
	case m.mode == helping:
		text = "any key goes back"
	}
	if m.ASCII {
		text = strings.NewReplacer("↑↓", "Up/Down", "⏎", "Enter").Replace(text)
	}
	return line{{ctl.Fit(text, width), dim}}
}
