package top

import (
	"cmp"
	"fmt"
	"strings"

	"rms/call"
	"rms/cmd/rms/ctl"
)

// column is one of the table.
type column struct {
	title   string
	width   int // least
	stretch int // share of what is left over
	need    int // columns of the terminal that it takes to be shown
	figures bool
	text    func(c *call.CallInfo) string
	compare func(a, b *call.CallInfo) int
}

// timeColumn is the one that the table is sorted by at first.
const timeColumn = 5

// allColumns are the columns from left to right.
var allColumns = []column{
	text("CALL", 8, 0, 0, func(c *call.CallInfo) string { return c.ID[:min(8, len(c.ID))] }),
	text("STATE", 8, 0, 48, func(c *call.CallInfo) string { return c.State }),
	text("FROM", 12, 1, 56, func(c *call.CallInfo) string { return ctl.Party(c.From) }),
	text("TO", 12, 1, 0, func(c *call.CallInfo) string { return ctl.Party(c.To) }),
	text("CODEC", 9, 0, 76, func(c *call.CallInfo) string { return c.Codec }),
	figure("TIME", 7, 0, "%s", func(c *call.CallInfo) float64 { return c.Seconds }),
	figure("LOSS%", 6, 40, "%.2f", loss),
	figure("JIT ms", 6, 66, "%.1f", rtp(func(r *call.RTPInfo) float64 { return r.JitterMS })),
	figure("RTT ms", 6, 96, "%.1f", rtp(func(r *call.RTPInfo) float64 { return r.RTTMS })),
	figure("BUF ms", 6, 104, "%.0f", rtp(func(r *call.RTPInfo) float64 { return r.DelayMS })),
	figure("LATE", 6, 112, "%.0f", rtp(func(r *call.RTPInfo) float64 { return float64(r.Late) })),
	figure("QUEUE", 5, 120, "%.0f", func(c *call.CallInfo) float64 { return float64(c.Queue) }),
	text("SOURCE", 21, 0, 144, func(c *call.CallInfo) string { return c.Source }),
}

func text(title string, width, stretch, need int, get func(*call.CallInfo) string) column {
	return column{
		title: title, width: width, stretch: stretch, need: need, text: func(c *call.CallInfo) string { return ctl.Clean(get(c)) },
		compare: func(a, b *call.CallInfo) int { return strings.Compare(get(a), get(b)) },
	}
}

func figure(title string, width, need int, format string, get func(*call.CallInfo) float64) column {
	show := func(c *call.CallInfo) string { return fmt.Sprintf(format, get(c)) }
	if format == "%s" {
		show = func(c *call.CallInfo) string { return ctl.Long(get(c)) }
	}
	return column{
		title: title, width: width, need: need, figures: true, text: show,
		compare: func(a, b *call.CallInfo) int { return cmp.Compare(get(a), get(b)) },
	}
}

func rtp(get func(*call.RTPInfo) float64) func(*call.CallInfo) float64 {
	return func(c *call.CallInfo) float64 {
		if c.RTP == nil {
			return 0
		}
		return get(c.RTP)
	}
}

// loss is the share of packets that never came, in percent.
func loss(c *call.CallInfo) float64 {
	if c.RTP == nil || c.RTP.Lost <= 0 {
		return 0
	}
	return 100 * float64(c.RTP.Lost) / (float64(c.RTP.Lost) + float64(c.RTP.PacketsIn))
}

// placed is a column with the width that it has on the screen.
type placed struct {
	*column
	n     int // in allColumns
	width int
}

// layout chooses the columns that fit, and gives what is left over to those that
// stretch. The one that the table is sorted by is always there.
func layout(width, sorted int) []placed {
	var out []placed
	used, shares := 0, 0
	for i := range allColumns {
		c := &allColumns[i]
		if c.need <= width || i == sorted && c.need <= width+60 {
			out = append(out, placed{c, i, c.width})
			used += c.width + 1
			shares += c.stretch
		}
	}
	left := width - used + 1
	for i := range out {
		if s := out[i].stretch; s > 0 && shares > 0 {
			more := left * s / shares
			out[i].width = max(4, out[i].width+more)
			left, shares = left-more, shares-s
		}
	}
	return out
}
