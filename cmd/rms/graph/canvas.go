package graph

import "strings"

// direction is where a line leads from the middle of a cell.
type direction uint8

const (
	up direction = 1 << iota
	down
	left
	right
)

// lines are the characters for all sets of directions.
var lines = []rune(" │││─┘┐┤─└┌├─┴┬┼")

// cell is one place of a canvas. A cell right of a wide character holds 0.
type cell struct {
	r    rune
	line direction
	net  int // that the line belongs to
}

// canvas is a picture of characters.
type canvas struct {
	rows [][]cell
}

func newCanvas(rows, columns int) *canvas {
	c := &canvas{}
	for range rows {
		row := make([]cell, columns)
		for i := range row {
			row[i].r = ' '
		}
		c.rows = append(c.rows, row)
	}
	return c
}

func (c *canvas) at(row, column int) *cell {
	if row < 0 || row >= len(c.rows) || column < 0 || column >= len(c.rows[row]) {
		return &cell{}
	}
	return &c.rows[row][column]
}

// put sets a character over what is there.
func (c *canvas) put(row, column int, r rune) { *c.at(row, column) = cell{r: r} }

// line adds a line of a net. Where one net crosses another, the upright one passes
// in front.
func (c *canvas) line(row, column int, d direction, net int) {
	p := c.at(row, column)
	upright, level := up|down, left|right
	switch {
	case p.line == level && d == upright && p.net != net:
		p.line = upright
	case p.line == upright && d == level && p.net != net:
		return
	default:
		p.line |= d
	}
	p.net, p.r = net, lines[p.line]
}

// vertical draws a line down column, from row from to before row to.
func (c *canvas) vertical(column, from, to, net int) {
	for row := from; row < to; row++ {
		c.line(row, column, up|down, net)
	}
}

// box draws a frame with nothing in it; ends have round corners.
func (c *canvas) box(x, y, wide, high int, end bool) {
	corners := []rune("┌┐└┘")
	if end {
		corners = []rune("╭╮╰╯")
	}
	for row := range high {
		for column := range wide {
			r := ' '
			switch {
			case row == 0 || row == high-1:
				r = '─'
			case column == 0 || column == wide-1:
				r = '│'
			}
			c.put(y+row, x+column, r)
		}
	}
	c.put(y, x, corners[0])
	c.put(y, x+wide-1, corners[1])
	c.put(y+high-1, x, corners[2])
	c.put(y+high-1, x+wide-1, corners[3])
}

// write puts a text there.
func (c *canvas) write(row, column int, text string) {
	for _, r := range text {
		w := runeColumns(r)
		if w == 0 {
			continue
		}
		c.put(row, column, r)
		if w == 2 {
			c.put(row, column+1, 0)
		}
		column += w
	}
}

// String returns the picture, without blanks at the ends of lines.
func (c *canvas) String() string {
	var b strings.Builder
	for _, row := range c.rows {
		var line strings.Builder
		for _, p := range row {
			if p.r != 0 {
				line.WriteRune(p.r)
			}
		}
		b.WriteString(strings.TrimRight(line.String(), " "))
		b.WriteByte('\n')
	}
	return b.String()
}
