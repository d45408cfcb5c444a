package media

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Pin names an output of a filter in a graph, and so also the filter. Pins can be
// compared; the zero Pin names nothing.
type Pin struct {
	node *node
	out  int
}

// Output returns the i-th output of the filter that p belongs to.
func (p Pin) Output(i int) Pin { return Pin{node: p.node, out: i} }

// node is a filter in a graph.
type node struct {
	filter Filter
	in     []edge
	format Format // of the outputs, as far as known
	graph  *Graph // nil after Remove
	outs   int
	slot   int32 // of the first output
	mark   int8  // of the sort: 0 new, 1 open, 2 done
	read   bool  // some filter reads an output
}

// edge leads from an output to an input, through a converter when the formats
// differ. from is the zero Pin when what fed it was removed.
type edge struct {
	from Pin
	conv *converter
}

// converter is a filter that the graph put between two others.
type converter struct {
	filter   Filter
	from, to Format
}

func (n *node) prepare(tick time.Duration) {
	for i := range n.in {
		if c := n.in[i].conv; c != nil {
			if p, ok := c.filter.(Preparer); ok {
				p.Prepare(tick)
			}
		}
	}
	if p, ok := n.filter.(Preparer); ok {
		p.Prepare(tick)
	}
}

// name returns what a filter is called in pictures and errors.
func name(f Filter) string {
	if n, ok := f.(Named); ok {
		return n.Name()
	}
	s := fmt.Sprintf("%T", f)
	return strings.TrimLeft(s, "*")
}

var errPin = errors.New("the pin is not part of this graph")

// check returns an error unless p is an output of g.
func (g *Graph) check(p Pin) error {
	if p.node == nil || p.node.graph != g {
		return errPin
	}
	if p.out < 0 || p.out >= p.node.outs {
		return fmt.Errorf("%s has %d outputs, not number %d", name(p.node.filter), p.node.outs, p.out)
	}
	return nil
}

// Add puts f with outs outputs into the graph, fed by from in this order. Where
// formats differ a converter goes between; when there is none the error wraps
// ErrFormat. The Pin is the first output, and a handle when there are none.
func (g *Graph) Add(f Filter, outs int, from ...Pin) (Pin, error) {
	n := &node{filter: f, outs: outs, graph: g}
	if len(from) > 0 {
		n.in = make([]edge, len(from))
	}
	for i, p := range from {
		if err := g.check(p); err != nil {
			return Pin{}, fmt.Errorf("add %s: %w", name(f), err)
		}
		n.in[i].from = p
	}
	if p, ok := f.(Preparer); ok {
		p.Prepare(g.TickLength())
	}
	g.nodes = append(g.nodes, n)
	if err := g.build(); err != nil {
		g.nodes = g.nodes[:len(g.nodes)-1]
		n.graph = nil
		return Pin{}, fmt.Errorf("add %s: %w", name(f), errors.Join(err, g.build()))
	}
	g.placeLate(f)
	return Pin{node: n}, nil
}

// Chain adds filters with one input and one output, one behind the other, and
// returns the output of the last. It reads in the order of the audio.
func (g *Graph) Chain(from Pin, fs ...Filter) (Pin, error) {
	for _, f := range fs {
		p, err := g.Add(f, 1, from)
		if err != nil {
			return Pin{}, err
		}
		from = p
	}
	return from, nil
}

// Connect feeds from into one more input of the filter that owns into: a mixer.
// An input whose feeder was removed is used again.
func (g *Graph) Connect(from, into Pin) error {
	if err := g.check(from); err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	n := into.node
	if n == nil || n.graph != g {
		return fmt.Errorf("connect: %w", errPin)
	}
	old := slices.Clone(n.in)
	free := slices.IndexFunc(n.in, func(e edge) bool { return e.from == Pin{} })
	if free >= 0 {
		n.in[free] = edge{from: from}
	} else {
		n.in = append(n.in, edge{from: from})
	}
	if err := g.build(); err != nil {
		n.in = old
		return fmt.Errorf("connect %s to %s: %w", name(from.node.filter), name(n.filter), errors.Join(err, g.build()))
	}
	return nil
}

// Disconnect takes the input that from feeds away from the filter that owns into.
// The inputs behind it keep their numbers; Connect fills the hole. Without such an
// input it does nothing.
func (g *Graph) Disconnect(from, into Pin) {
	n := into.node
	if n == nil || n.graph != g {
		return
	}
	i := slices.IndexFunc(n.in, func(e edge) bool { return e.from == from })
	if i < 0 {
		return
	}
	n.in[i] = edge{}
	last := len(n.in)
	for last > 1 && n.in[last-1].from == (Pin{}) {
		last--
	}
	n.in = n.in[:last]
	g.rebuild()
}

// Replace puts f in the place of the filter that owns p; all links stay.
func (g *Graph) Replace(p Pin, f Filter) error {
	n := p.node
	if n == nil || n.graph != g {
		return fmt.Errorf("replace by %s: %w", name(f), errPin)
	}
	old := n.filter
	if q, ok := f.(Preparer); ok {
		q.Prepare(g.TickLength())
	}
	n.filter = f
	if err := g.build(); err != nil {
		n.filter = old
		return fmt.Errorf("replace %s by %s: %w", name(old), name(f), errors.Join(err, g.build()))
	}
	if r, ok := old.(interface{ removed() }); ok {
		r.removed()
	}
	g.placeLate(f)
	return nil
}

// Remove takes the filter that owns p out of the graph. What it fed gets no audio
// there any more; what fed it stays.
func (g *Graph) Remove(p Pin) {
	n := p.node
	if n == nil || n.graph != g {
		return
	}
	n.graph = nil
	g.nodes = slices.DeleteFunc(g.nodes, func(m *node) bool { return m == n })
	for _, m := range g.nodes {
		for i := range m.in {
			if m.in[i].from.node == n {
				m.in[i] = edge{}
			}
		}
	}
	if r, ok := n.filter.(interface{ removed() }); ok {
		r.removed()
	}
	g.rebuild()
}

// placeLate tells a filter that came while the graph runs its shard.
func (g *Graph) placeLate(f Filter) {
	if p, ok := f.(Placed); ok && g.shard >= 0 {
		p.Placed(g.shard)
	}
}

// Link returns the link that Feed or Spawn made for p, nil when it is none.
func (g *Graph) Link(p Pin) *Link {
	if p.node == nil {
		return nil
	}
	switch f := p.node.filter.(type) {
	case *sourceFilter:
		return f.link
	case *sinkFilter:
		return f.link
	}
	return nil
}
