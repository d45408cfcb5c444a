package media

import (
	"errors"
	"fmt"
)

var errCycle = errors.New("the audio would run in a circle")

// build sorts the nodes so that each runs after what feeds it, settles the format
// of every link and lays out the steps. On an error the steps are as before.
func (g *Graph) build() error { return g.layOut(false) }

// rebuild is build after something was taken away: an input whose format does not
// fit any more is cut off and reported.
func (g *Graph) rebuild() {
	if err := g.layOut(true); err != nil {
		g.report("graph", err)
	}
}

func (g *Graph) layOut(cut bool) error {
	order, err := g.sorted()
	if err != nil {
		return err
	}
	slots := 1
	for _, n := range order {
		if err := g.settle(n, cut); err != nil {
			return err
		}
		slots += n.outs
		for _, e := range n.in {
			if e.conv != nil {
				slots++
			}
		}
	}
	g.lay(order, slots)
	return nil
}

// sorted returns the nodes in topological order, earlier ones first where the
// audio leaves a choice.
func (g *Graph) sorted() ([]*node, error) {
	for _, n := range g.nodes {
		n.mark = 0
	}
	order := make([]*node, 0, len(g.nodes))
	var visit func(n *node) error
	visit = func(n *node) error {
		switch n.mark {
		case 1:
			return fmt.Errorf("%w through %s", errCycle, name(n.filter))
		case 2:
			return nil
		}
		n.mark = 1
		for _, e := range n.in {
			if e.from.node == nil {
				continue
			}
			if err := visit(e.from.node); err != nil {
				return err
			}
		}
		n.mark = 2
		order = append(order, n)
		return nil
	}
	for _, n := range g.nodes {
		if err := visit(n); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// settle finds the format of n's outputs and the converters of its inputs.
func (g *Graph) settle(n *node, cut bool) error {
	var want, out Format
	if f, ok := n.filter.(Formatted); ok {
		want, out = f.In(), f.Out()
	}
	n.format = out
	for i, e := range n.in {
		if e.from.node == nil {
			continue
		}
		have := e.from.node.format
		if err := g.bridge(e, have, want); err != nil {
			err = fmt.Errorf("input %d of %s from %s: %w", i, name(n.filter), name(e.from.node.filter), err)
			if !cut {
				return err
			}
			g.report(name(n.filter), err)
			n.in[i] = &edge{}
			continue
		}
		if e.conv != nil {
			have = want
		}
		if n.format.IsZero() {
			n.format = have
		}
	}
	return nil
}

// bridge gives e the converter that it needs, or none.
func (g *Graph) bridge(e *edge, have, want Format) error {
	if have == want || have.IsZero() || want.IsZero() {
		e.conv = nil
		return nil
	}
	if e.conv != nil && e.convFrom == have && e.convTo == want {
		return nil
	}
	if g.convert == nil {
		return fmt.Errorf("%w: %s into %s, and the graph has no converter", ErrFormat, have, want)
	}
	conv, err := g.convert(have, want)
	if err != nil {
		return fmt.Errorf("%w: %s into %s: %w", ErrFormat, have, want, err)
	}
	if p, ok := conv.(Preparer); ok {
		p.Prepare(g.TickLength())
	}
	e.conv, e.convFrom, e.convTo = conv, have, want
	g.placeLate(conv)
	return nil
}

// lay writes the steps for nodes in this order, with a converter just before the
// node that needs it.
func (g *Graph) lay(order []*node, slots int) {
	g.slots = make([]*Frame, slots)
	clear(g.steps)
	g.steps = g.steps[:0]
	next := int32(1)
	first := make(map[*node]int32, len(order))
	for _, n := range order {
		from := make([]int32, len(n.in))
		for i, e := range n.in {
			if e.from.node == nil {
				continue
			}
			from[i] = first[e.from.node] + int32(e.from.out)
			if e.conv != nil {
				g.step(e.conv, []int32{from[i]}, next, 1)
				from[i] = next
				next++
			}
		}
		first[n] = next
		g.step(n.filter, from, next, n.outs)
		next += int32(n.outs)
	}
}

// step appends one step whose outputs start at slot.
func (g *Graph) step(f Filter, from []int32, slot int32, outs int) {
	g.steps = append(g.steps, step{
		filter: f, from: from,
		in:  make([]*Frame, len(from)),
		out: g.slots[slot : int(slot)+outs : int(slot)+outs],
	})
}
