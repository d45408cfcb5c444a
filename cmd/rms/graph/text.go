package graph

import (
	"io"
	"math"
	"strings"
)

// textSize measures a vertex in rows and columns. Widths are odd, so that a link meets
// the middle.
func textSize(v *vertex) (along, across float64) {
	wide := 1
	for _, line := range v.text {
		wide = max(wide, columns(clean(line)))
	}
	switch v.kind {
	case box:
		return float64(len(v.text) + 2), float64((wide + 4) | 1)
	case pill:
		return float64(len(v.text)), float64(wide | 1)
	}
	return 0, 1
}

// Text draws the graph from top to bottom with the characters of a terminal: boxes
// with round corners are ends. ascii leaves all but ASCII out of the lines.
func (g *Graph) Text(w io.Writer, ascii bool) error {
	channels := map[int]*channel{}
	l := g.lay(style{size: textSize, apart: 3, whole: true, gap: func(l *layout, layer int) float64 {
		channels[layer] = l.route(layer)
		return float64(channels[layer].rows)
	}})
	c := newCanvas(int(l.along), int(math.Ceil(l.across))+1)
	for n, layer := range l.layers {
		end := 0
		for _, i := range layer {
			end = max(end, l.v[i].bottom())
		}
		for _, i := range layer {
			if len(l.v[i].out) > 0 { // to the end of a layer that others make longer
				c.vertical(l.v[i].exit(), l.v[i].bottom(), end, i)
			}
		}
		if n < len(l.layers)-1 {
			channels[n].draw(c, end)
		}
	}
	for i := range l.v {
		l.v[i].draw(c, g)
	}
	text := c.String()
	if ascii {
		text = ascii7.Replace(text)
	}
	_, err := io.WriteString(w, text)
	return err
}

// ascii7 replaces the characters of boxes and links.
var ascii7 = strings.NewReplacer("─", "-", "│", "|", "▼", "v", "…", "~", "┌", "+", "┐", "+", "└", "+", "┘", "+",
	"├", "+", "┤", "+", "┬", "+", "┴", "+", "┼", "+", "╭", ".", "╮", ".", "╰", "'", "╯", "'")

// snap rounds places to whole columns and keeps two between neighbours.
func (l *layout) snap() {
	for _, layer := range l.layers {
		next := 0.0
		for _, i := range layer {
			v := &l.v[i]
			half := (v.across - 1) / 2
			v.center = max(math.Floor(v.center+0.001), next+half)
			next = v.center + half + 3
		}
	}
}

// column is the middle of v.
func (v *vertex) column() int { return int(v.center) }

// exit is the column where links leave v: labels and bends hand on what enters.
func (v *vertex) exit() int {
	if v.kind == box {
		return v.column()
	}
	return v.entered
}

// entry is the column where a link that comes down column x enters v: right there if
// v is wide enough.
func (v *vertex) entry(x int) int {
	slack := int(v.across) / 2
	if v.kind == box {
		slack -= 2
	}
	d := x - v.column()
	switch {
	case -slack <= d && d <= slack:
		return x
	case v.entered > 0 && max(v.entered-v.column(), v.column()-v.entered) < 2: // beside another
		return v.entered
	}
	return v.column()
}

// bottom is the row below v.
func (v *vertex) bottom() int { return int(v.start + v.along) }

func (v *vertex) draw(c *canvas, g *Graph) {
	left, top := v.column()-int(v.across)/2, int(v.start)
	switch v.kind {
	case pill:
		for i, line := range v.text {
			line = clean(line)
			c.write(top+i, v.column()-columns(line)/2, line)
		}
	case box:
		c.box(left, top, int(v.across), int(v.along), g.Role(v.node) != Filter)
		if len(v.out) > 0 {
			c.put(v.bottom()-1, v.exit(), '┬')
		}
		for i, line := range v.text {
			line = clean(line)
			c.write(top+1+i, left+(int(v.across)-columns(line))/2, line)
		}
	}
}
