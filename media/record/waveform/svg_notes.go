package waveform

import (
	"fmt"
	"math"
	"time"
)

func rms(b *Bin) float64 { return math.Sqrt(float64(max(b.Power, 0))) }

// spoken is what stands beside the name of a side.
func (d *drawing) spoken(side int) string {
	text := fmt.Sprintf("speaks %.0f %%", 100*d.o.Talk.Share(side))
	if n, sum := d.p.gapsOf(side, nil); n > 0 {
		text += fmt.Sprintf(" · %s, %s in all", counted(n, "gap"), brief(sum))
	}
	return text
}

func counted(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}

// gaps draws those of a side. Those that would stand in one place are drawn as one, so
// that there are never more than columns.
func (d *drawing) gaps(side int) {
	y := top(side)
	var from, to float64
	n, title := 0, ""
	flush := func() {
		if n == 0 {
			return
		}
		if n > 1 {
			title = fmt.Sprintf("%d gaps", n)
		}
		d.put(`<rect class="gap" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`+"\n", from, y, max(to-from, 2), laneHeight, escaped(title))
		n = 0
	}
	d.p.gapsOf(side, func(g Gap) {
		a, b := d.x(g.At), d.x(g.At+g.Length)
		if n > 0 && a-to < 2 && a >= from {
			to = max(to, b)
			n++
			return
		}
		flush()
		from, to, n = a, b, 1
		title = fmt.Sprintf("%s at %s, %d ms", clean(g.Reason, 40), clock(g.At, true), g.Length.Milliseconds())
	})
	flush()
}

// pauses are over all lanes.
func (d *drawing) pauses() {
	last := math.Inf(-1)
	for _, s := range d.p.Pauses {
		a, b := d.x(s.At), d.x(s.At+s.Length)
		if b-last < 1 {
			continue // a hundred thousand pauses are no picture
		}
		last = b
		d.put(`<rect class="pause" x="%.1f" y="%d" width="%.1f" height="%d"><title>%s</title></rect>`+"\n", a, top(0), max(b-a, 2), d.bottom()-top(0),
			escaped(fmt.Sprintf("paused from %s to %s", clock(s.At, true), clock(s.At+s.Length, true))))
	}
}

// marks are over all lanes, with their texts where there is room for them.
func (d *drawing) marks() {
	free := float64(0) // from here on the line of texts is empty
	last := math.Inf(-1)
	for i, m := range d.p.Marks {
		x := d.x(m.At)
		if x-last < 2 {
			continue
		}
		last = x
		text := clean(m.Text, 40)
		if text == "" {
			text = "mark " + fmt.Sprint(i+1)
		}
		d.put(`<g><title>%s</title><line class="mark" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/><path class="flag" d="M%.1f %dl7 -4l-7 -4z"/>`,
			escaped(clock(m.At, true)+" "+text), x, top(0)-4, x, d.bottom(), x, top(0)+4)
		if wide := 7 * float64(len([]rune(text))); x >= free && x+wide < margin+plotWidth {
			d.put(`<text x="%.1f" y="%d" class="flag">%s</text>`, x+9, top(0)+12, escaped(text))
			free = x + wide + 16
		}
		d.put("</g>\n")
	}
}

// foot draws who spoke how much, as one bar with its meaning below.
func (d *drawing) foot() {
	t := &d.o.Talk
	heard := t.Heard()
	y := d.high - footHeight + 14
	x := float64(margin)
	key := x
	part := func(class, what string, share time.Duration) {
		if share <= 0 || heard <= 0 {
			return
		}
		wide := plotWidth * float64(share) / float64(heard)
		d.put(`<rect class="%s" x="%.1f" y="%d" width="%.1f" height="10"/>`+"\n", class, x, y, wide)
		x += wide
		text := fmt.Sprintf("%s %.0f %%", what, 100*float64(share)/float64(heard))
		d.put(`<rect class="%s" x="%.1f" y="%d" width="10" height="10" rx="2"/>`+"\n", class, key, y+22)
		d.text(key+15, y+31, "dim", "start", text)
		key += 30 + 7*float64(len([]rune(text)))
	}
	for side, alone := range t.Alone {
		part(fmt.Sprintf("s%d", side%3), clean(d.p.label(side), 24), alone)
	}
	part("both", "both at once", t.Both)
	part("none", "nobody", t.Silence)
	if sum := d.p.paused(); sum > 0 {
		d.text(plotWidth+margin, y+31, "dim", "end", "paused for "+clock(sum, true))
	}
}
