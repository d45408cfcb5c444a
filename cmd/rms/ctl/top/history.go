package top

import "rms/call"

// kept is how many seconds of a call are remembered.
const kept = 120

// point is one second of a call.
type point struct{ loss, jitter float32 } // percent, ms

// history is what a call was like, the newest last.
type history struct {
	points []point
	lost   int64
	in     uint64
	seen   uint64 // number of the sample that had it last
}

func (h *history) add(r *call.RTPInfo) {
	if r == nil {
		return
	}
	p := point{jitter: float32(r.JitterMS)}
	if lost, in := r.Lost-h.lost, r.PacketsIn-h.in; len(h.points) > 0 && lost > 0 && r.PacketsIn >= h.in {
		p.loss = 100 * float32(lost) / float32(uint64(lost)+in)
	}
	h.lost, h.in = r.Lost, r.PacketsIn
	if len(h.points) == kept {
		copy(h.points, h.points[1:])
		h.points = h.points[:kept-1]
	}
	h.points = append(h.points, p)
}

// bars are the levels of a sparkline.
var (
	bars      = []rune(" ▁▂▃▄▅▆▇█")
	asciiBars = []rune(" .:-=+*#@")
)

// spark draws the last values as bars, to fit a width. full is the least value of a
// whole bar: a call without trouble has a flat line.
func spark(values []float32, width int, full float32, ascii bool) (line string, most float32) {
	if len(values) > width {
		values = values[len(values)-width:]
	}
	for _, v := range values {
		most = max(most, v)
	}
	set := bars
	if ascii {
		set = asciiBars
	}
	top := max(most, full)
	out := make([]rune, 0, len(values))
	for _, v := range values {
		n := 0
		if v > 0 {
			n = max(1, min(len(set)-1, int(v/top*float32(len(set)-1)+0.5)))
		}
		out = append(out, set[n])
	}
	return string(out), most
}
