package graph

import "slices"

// net is what leads from one vertex to the next layer: down from its column, along a
// row, down to the columns of its targets.
type net struct {
	id    int // of the vertex
	from  int
	to    []int
	arrow []int // those of to that are boxes
	row   int
}

// straight says that the net needs no row.
func (n *net) straight() bool { return len(n.to) == 1 && n.to[0] == n.from }

// channel is the room between two layers of a text picture.
type channel struct {
	nets []*net
	rows int
}

// route gives each net that turns a row of its own, so that no two run in one column:
// a net that ends in the column where another begins comes below it. One row more
// takes the heads of arrows.
func (l *layout) route(layer int) *channel {
	t := &channel{}
	arrows := 0
	for _, i := range l.layers[layer] {
		n := &net{id: i, from: l.v[i].exit()}
		for _, j := range l.v[i].out {
			l.v[j].entered = l.v[j].entry(n.from)
			n.to = append(n.to, l.v[j].entered)
			if l.v[j].kind == box {
				n.arrow = append(n.arrow, l.v[j].entered)
				arrows = 1
			}
		}
		if len(n.to) > 0 {
			t.nets = append(t.nets, n)
		}
	}
	var waiting []*net
	for _, n := range t.nets {
		if !n.straight() {
			waiting = append(waiting, n)
		}
	}
	for ; len(waiting) > 0; t.rows++ {
		k := max(slices.IndexFunc(waiting, func(n *net) bool { return n.free(waiting) }), 0)
		waiting[k].row = t.rows
		waiting = slices.Delete(waiting, k, k+1)
	}
	t.rows += arrows
	return t
}

// free says that no other net that waits must come above n.
func (n *net) free(waiting []*net) bool {
	for _, o := range waiting {
		if o != n && slices.Contains(n.to, o.from) {
			return false
		}
	}
	return true
}

// draw draws the nets from row top on.
func (t *channel) draw(c *canvas, top int) {
	for _, n := range t.nets {
		if n.straight() {
			c.vertical(n.from, top, top+t.rows, n.id)
		} else {
			n.turn(c, top, t.rows)
		}
	}
	for _, n := range t.nets {
		for _, x := range n.arrow {
			c.put(top+t.rows-1, x, '▼')
		}
	}
}

func (n *net) turn(c *canvas, top, rows int) {
	y := top + n.row
	c.vertical(n.from, top, y, n.id)
	lo, hi := min(n.from, slices.Min(n.to)), max(n.from, slices.Max(n.to))
	for x := lo; x <= hi; x++ {
		var d direction
		if x > lo {
			d |= left
		}
		if x < hi {
			d |= right
		}
		if x == n.from {
			d |= up
		}
		if slices.Contains(n.to, x) {
			d |= down
		}
		c.line(y, x, d, n.id)
	}
	for _, x := range n.to {
		c.vertical(x, y+1, top+rows, n.id)
	}
}
