package graph

import "strings"

// kind is what a vertex of a layout stands for.
type kind int

const (
	box  kind = iota // a node
	pill             // the label of links from one node
	bend             // where a link passes a layer
)

// vertex is something with a place in a layout. Along is the way that audio flows,
// across is beside it.
type vertex struct {
	kind          kind
	node          int // of a box
	text          []string
	packets       bool // of a pill or bend
	layer         int
	along, across float64 // size
	start         float64 // where it begins along the flow
	center        float64 // of it, across the flow
	entered       int     // column where the last link entered, in a text picture
	in, out       []int
}

// layout is a graph with a place for everything. Each link leads from one layer to
// the next.
type layout struct {
	graph  *Graph
	v      []vertex
	layers [][]int      // vertices, in order across the flow
	bounds [][2]float64 // of the layers along the flow
	along  float64      // size of all
	across float64
}

// style says how large things are, and how far apart.
type style struct {
	size   func(v *vertex) (along, across float64)
	gap    func(l *layout, layer int) float64 // between a layer and the next
	apart  float64                            // neighbours of a layer
	whole  bool                               // places are whole numbers
	middle bool                               // stand in the middle of their layer along the flow, not at its beginning
}

// lay places a graph that has no circles. Nodes stand in even layers, labels of links
// in the odd ones between them, so that nothing overlaps.
func (g *Graph) lay(s style) *layout {
	l := &layout{graph: g}
	rank, err := g.ranks()
	if err != nil || len(rank) == 0 {
		return l
	}
	for i, n := range g.Nodes {
		l.add(vertex{kind: box, node: i, text: n.Label, layer: 2 * rank[i]})
	}
	l.join(rank)
	for i := range l.v {
		v := &l.v[i]
		v.along, v.across = s.size(v)
	}
	l.untangle()
	l.align(s.apart)
	if s.whole {
		l.snap()
	}
	l.stack(s)
	return l
}

func (l *layout) add(v vertex) int {
	i := len(l.v)
	l.v = append(l.v, v)
	for len(l.layers) <= v.layer {
		l.layers = append(l.layers, nil)
	}
	l.layers[v.layer] = append(l.layers[v.layer], i)
	return i
}

func (l *layout) link(from, to int) {
	l.v[from].out = append(l.v[from].out, to)
	l.v[to].in = append(l.v[to].in, from)
}

// join adds the labels of links, once for all links of a node that have the same, and
// the bends of links that pass other layers.
func (l *layout) join(rank []int) {
	type trunk struct {
		from  int
		label string
	}
	type whole struct {
		trunk
		to int
	}
	trunks, seen := map[trunk]int{}, map[whole]bool{}
	for _, e := range l.graph.Edges {
		t := trunk{e.From, e.Label}
		if seen[whole{t, e.To}] {
			continue
		}
		seen[whole{t, e.To}] = true
		at, ok := trunks[t]
		if !ok {
			at = l.add(vertex{kind: pill, text: pillText(e.Label), packets: e.Packets, layer: 2*rank[e.From] + 1})
			if e.Label == "" {
				l.v[at].kind = bend
			}
			trunks[t] = at
			l.link(e.From, at)
		}
		for layer := 2*rank[e.From] + 2; layer < 2*rank[e.To]; layer++ {
			next := l.add(vertex{kind: bend, packets: e.Packets, layer: layer})
			l.link(at, next)
			at = next
		}
		l.link(at, e.To)
	}
}

// pillText puts the converter of a link below the formats.
func pillText(label string) []string {
	if label == "" {
		return nil
	}
	formats, by, ok := strings.Cut(label, " (")
	if !ok {
		return strings.Split(label, "\n")
	}
	return []string{formats, "(" + by}
}

// stack gives the layers their places along the flow, one after the other.
func (l *layout) stack(s style) {
	for n, layer := range l.layers {
		size := 0.0
		for _, i := range layer {
			size = max(size, l.v[i].along)
		}
		for _, i := range layer {
			l.v[i].start = l.along
			if s.middle {
				l.v[i].start += (size - l.v[i].along) / 2
			}
		}
		l.bounds = append(l.bounds, [2]float64{l.along, l.along + size})
		l.along += size
		if n < len(l.layers)-1 {
			l.along += s.gap(l, n)
		}
	}
	for i := range l.v {
		l.across = max(l.across, l.v[i].center+l.v[i].across/2)
	}
}
