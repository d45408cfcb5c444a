package media

import (
	"errors"
	"fmt"
	"time"
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
	var room [16]*node
	order, err := g.sorted(room[:0])
	if err != nil {
		return err
	}
	var n sizes
	for _, m := range order {
		if err := g.settle(m, cut); err != nil {
			return err
		}
		n.add(m)
	}
	g.lay(order, n)
	listen(order)
	return nil
}

// listen tells the filters whether somebody reads what they put out.
func listen(order []*node) {
	for _, n := range order {
		n.read = false
	}
	for _, n := range order {
		for i := range n.in {
			if from := n.in[i].from.node; from != nil {
				from.read = true
			}
		}
	}
	for _, n := range order {
		if f, ok := n.filter.(Listened); ok {
			f.Heard(n.read)
		}
	}
}

// sizes counts what the tables of a graph must hold.
type sizes struct{ steps, slots, feeds int }

func (s *sizes) add(n *node) {
	s.steps++
	s.slots += n.outs
	for i := range n.in {
		if n.in[i].conv != nil {
			s.steps++
			s.slots++
		}
	}
	if len(n.in) > 1 {
		s.slots += len(n.in)
		s.feeds += len(n.in)
	}
}

// sorted appends the nodes to order so that each comes after what feeds it,
// earlier ones first where the audio leaves a choice.
func (g *Graph) sorted(order []*node) (_ []*node, err error) {
	for _, n := range g.nodes {
		n.mark = 0
	}
	for _, n := range g.nodes {
		if order, err = n.visit(order); err != nil {
			return nil, err
		}
	}
	return order, nil
}

// visit appends what feeds n, and then n.
func (n *node) visit(order []*node) (_ []*node, err error) {
	switch n.mark {
	case 1:
		return nil, fmt.Errorf("%w through %s", errCycle, name(n.filter))
	case 2:
		return order, nil
	}
	n.mark = 1
	for i := range n.in {
		if m := n.in[i].from.node; m != nil {
			if order, err = m.visit(order); err != nil {
				return nil, err
			}
		}
	}
	n.mark = 2
	return append(order, n), nil
}

// settle finds the format of n's outputs and the converters of its inputs.
func (g *Graph) settle(n *node, cut bool) error {
	var want, out Format
	if f, ok := n.filter.(Formatted); ok {
		want, out = f.In(), f.Out()
	}
	n.format = out
	defer n.align()
	for i := range n.in {
		e := &n.in[i]
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
			*e = edge{}
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

// align tells a filter that wants to know how late its inputs are.
func (n *node) align() {
	f, ok := n.filter.(Aligner)
	if !ok {
		return
	}
	late := make([]time.Duration, len(n.in))
	for i := range n.in {
		if c := n.in[i].conv; c != nil {
			if l, ok := c.filter.(Late); ok {
				late[i] = l.Late()
			}
		}
	}
	f.Align(late)
}

// bridge gives e the converter that it needs, or none.
func (g *Graph) bridge(e *edge, have, want Format) error {
	if have == want || have.IsZero() || want.IsZero() {
		e.conv = nil
		return nil
	}
	if c := e.conv; c != nil && c.from == have && c.to == want {
		return nil
	}
	if g.convert == nil {
		return fmt.Errorf("%w: %s into %s, and the graph has no converter", ErrFormat, have, want)
	}
	f, err := g.convert(have, want)
	if err != nil {
		return fmt.Errorf("%w: %s into %s: %w", ErrFormat, have, want, err)
	}
	if p, ok := f.(Preparer); ok {
		p.Prepare(g.TickLength())
	}
	e.conv = &converter{filter: f, from: have, to: want}
	g.placeLate(f)
	return nil
}

// lay writes the steps for nodes in this order, with a converter just before the
// node that needs it. Thousands of graphs stand in memory, so the tables are cut
// to size.
func (g *Graph) lay(order []*node, n sizes) {
	g.slots = make([]*Frame, 1+n.slots)
	g.feeds = make([]int32, 0, n.feeds)
	clear(g.steps)
	if g.steps = g.steps[:0]; cap(g.steps) < n.steps {
		g.steps = make([]step, 0, n.steps)
	}
	next := int32(1)
	for _, m := range order {
		next = g.layNode(m, next)
	}
}

// layNode writes the steps for n, whose first slot is next, and returns the slot
// after its last.
func (g *Graph) layNode(n *node, next int32) int32 {
	s := step{filter: n.filter, inEnd: int32(len(n.in)), feeds: noFeeds}
	feeds := int32(len(g.feeds))
	for i := range n.in {
		e := &n.in[i]
		from := int32(0)
		if e.from.node != nil {
			from = e.from.node.slot + int32(e.from.out)
		}
		if e.conv != nil {
			g.steps = append(g.steps, step{filter: e.conv.filter, in: from, inEnd: from + 1, out: next, outEnd: next + 1, feeds: noFeeds})
			from = next
			next++
		}
		if len(n.in) == 1 {
			s.in, s.inEnd = from, from+1
			break
		}
		g.feeds = append(g.feeds, from)
	}
	if many := int32(len(n.in)); many > 1 {
		s.feeds, s.in, s.inEnd = feeds, next, next+many
		next += many
	}
	n.slot = next
	s.out, s.outEnd = next, next+int32(n.outs)
	g.steps = append(g.steps, s)
	return s.outEnd
}
