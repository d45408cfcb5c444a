package waveform

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"
)

// Sizes of the picture, in units of its view box.
const (
	plotWidth  = 1200 // one column each
	margin     = 24
	laneHeight = 112
	laneGap    = 34 // above each lane, for its name
	headHeight = 56
	axisHeight = 30
	footHeight = 62
	font       = "system-ui, -apple-system, 'Segoe UI', 'DejaVu Sans', Arial, sans-serif"
)

// colours are light ones, and others where the reader prefers dark. They are plain rules
// without variables, which not every program that shows SVG knows.
const colours = `
text{font-size:12px}.title{font-size:17px;font-weight:600}.name{font-size:13px;font-weight:600}
.paper{fill:#ffffff}.ink{fill:#1d2733}.dim{fill:#5d6b7a}.lane{fill:#f5f7fa}.line{stroke:#dde3ea;stroke-width:1}
.s0{fill:#2b6cb0}.s1{fill:#b7791f}.s2{fill:#2f855a}.peak{opacity:.45}.gap{fill:#c53030;opacity:.75}
.pause{fill:url(#paused)}.stripe{stroke:#8a94a3;stroke-width:3}.mark{stroke:#7b3fb5;stroke-width:1.5;stroke-dasharray:4 3}
.flag,.both{fill:#7b3fb5}.none{fill:#cbd3dc}
@media (prefers-color-scheme:dark){
.paper{fill:#14191f}.ink{fill:#e6ebf1}.dim{fill:#9aa7b5}.lane{fill:#1b2129}.line{stroke:#2c3540}
.s0{fill:#63b3ed}.s1{fill:#ecb75a}.s2{fill:#68d391}.gap{fill:#fc8181}
.stripe{stroke:#76818f}.mark{stroke:#c79bf2}.flag,.both{fill:#c79bf2}.none{fill:#3a4552}
}
`

// drawing is a picture that is being written.
type drawing struct {
	*bufio.Writer
	o    *Overview
	p    *Picture
	long time.Duration
	high int // of the whole picture
}

// SVG draws the overview: a lane for each side, what is beside the audio, a time axis,
// and who spoke how much. It is a document of its own that refers to nothing outside.
func (o *Overview) SVG(w io.Writer, p Picture) error {
	d := &drawing{Writer: bufio.NewWriter(w), o: o, p: &p, long: o.Duration()}
	d.high = headHeight + len(o.Sides)*(laneHeight+laneGap) + axisHeight + footHeight
	d.head()
	d.grid()
	scale := float64(max(o.Peak(), 1024)) // -30 dBFS: noise shall not look like speech
	for side := range o.Sides {
		d.lane(side, scale)
	}
	d.pauses()
	d.marks()
	d.foot()
	d.put("</svg>\n")
	return d.Flush()
}

func (d *drawing) put(format string, values ...any) { fmt.Fprintf(d, format, values...) }

// text writes a text from anywhere.
func (d *drawing) text(x float64, y int, class, anchor, text string) {
	d.put(`<text x="%.1f" y="%d" class="%s" text-anchor="%s">%s</text>`+"\n", x, y, class, anchor, escaped(text))
}

func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(clean(text, 4*maxText))) // a Builder takes everything
	return b.String()
}

func (d *drawing) head() {
	title := clean(d.p.Title, maxText)
	if title == "" {
		title = "recording"
	}
	wide := plotWidth + 2*margin
	d.put(`<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 %d %d" width="%d" height="%d" role="img" font-family="%s">`+"\n",
		wide, d.high, wide, d.high, escaped(font))
	d.put("<title>%s</title>\n<style>%s</style>\n", escaped(title), colours)
	d.put(`<defs><pattern id="paused" width="8" height="8" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">` +
		`<line x1="0" y1="0" x2="0" y2="8" class="stripe" opacity=".5"/></pattern></defs>` + "\n")
	d.put(`<rect class="paper" width="%d" height="%d"/>`+"\n", wide, d.high)
	d.text(margin, 28, "ink title", "start", title)
	detail := clean(d.p.Detail, maxText)
	if d.p.Running {
		detail = strings.TrimPrefix(detail+" · still recording", " · ")
	}
	d.text(margin, 48, "dim", "start", detail)
	d.text(plotWidth+margin, 28, "ink name", "end", clock(d.long, d.long < time.Minute))
}

// x is where a time stands.
func (d *drawing) x(at time.Duration) float64 {
	if d.long <= 0 {
		return margin
	}
	return margin + plotWidth*min(max(float64(at)/float64(d.long), 0), 1)
}

// top is where a lane begins.
func top(side int) int { return headHeight + side*(laneHeight+laneGap) + laneGap }

// bottom is where the last lane ends.
func (d *drawing) bottom() int { return headHeight + len(d.o.Sides)*(laneHeight+laneGap) }

// grid draws the lanes' ground and the time axis.
func (d *drawing) grid() {
	for side := range d.o.Sides {
		d.put(`<rect class="lane" x="%d" y="%d" width="%d" height="%d"/>`+"\n", margin, top(side), plotWidth, laneHeight)
	}
	step := stepOf(d.long, 12)
	for at := time.Duration(0); at <= d.long; at += step {
		x := d.x(at)
		d.put(`<line class="line" x1="%.1f" y1="%d" x2="%.1f" y2="%d"/>`+"\n", x, top(0), x, d.bottom()+5)
		anchor := "middle"
		if at == 0 {
			anchor = "start"
		} else if x > margin+plotWidth-16 {
			anchor = "end"
		}
		d.text(x, d.bottom()+20, "dim", anchor, clock(at, step < time.Second))
	}
}

// lane draws one side.
func (d *drawing) lane(side int, scale float64) {
	y := top(side)
	name := d.p.label(side)
	d.text(margin, y-8, "ink name", "start", name)
	d.text(plotWidth+margin, y-8, "dim", "end", d.spoken(side))
	middle := y + laneHeight/2
	d.put(`<line class="line" x1="%d" y1="%d" x2="%d" y2="%d"/>`+"\n", margin, middle, margin+plotWidth, middle)
	columns := d.o.Columns(side, plotWidth)
	if len(columns) > 0 {
		d.shape(fmt.Sprintf("s%d peak", side%3), columns, middle, scale, func(b *Bin) (float64, float64) { return float64(b.High), float64(b.Low) })
		d.shape(fmt.Sprintf("s%d", side%3), columns, middle, scale, func(b *Bin) (float64, float64) { return rms(b), -rms(b) })
	}
	d.gaps(side)
}

// shape draws the area between two curves, a column each unit.
func (d *drawing) shape(class string, columns []Bin, middle int, scale float64, of func(*Bin) (high, low float64)) {
	d.put(`<path class="%s" d="M%d %d`, class, margin, middle)
	var buf []byte
	point := func(x int, v float64) {
		y := float64(middle) - v/scale*(laneHeight/2-2)
		buf = append(strconv.AppendInt(append(buf[:0], 'L'), int64(x), 10), ' ')
		_, _ = d.Write(strconv.AppendFloat(buf, y, 'f', 1, 64))
	}
	for i := range columns {
		high, _ := of(&columns[i])
		point(margin+i, max(high, 0))
	}
	for i := len(columns) - 1; i >= 0; i-- {
		_, low := of(&columns[i])
		point(margin+i, min(low, 0))
	}
	d.put("Z\"/>\n")
}
