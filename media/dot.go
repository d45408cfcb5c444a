package media

import (
	"fmt"
	"io"
	"strings"
)

// Dot writes the graph in the language of Graphviz, with what each filter says about
// itself and the format of each link; converters that the graph put in stand on their
// links. Like all that looks at the filters it runs between ticks.
func (g *Graph) Dot(w io.Writer) error {
	var b strings.Builder
	b.WriteString("digraph rms {\n\trankdir=LR;\n\tnode [shape=box];\n")
	ids := make(map[*node]int, len(g.nodes))
	for i, n := range g.nodes {
		ids[n] = i
		label := name(n.filter)
		if more := detail(n.filter); more != "" {
			label += "\n" + more
		}
		fmt.Fprintf(&b, "\tn%d [label=%q];\n", i, label)
	}
	for i, n := range g.nodes {
		for _, e := range n.in {
			if e.from.node == nil {
				continue
			}
			label := e.from.node.format.String()
			if e.conv != nil {
				label = fmt.Sprintf("%s -> %s (%s)", e.conv.from, e.conv.to, name(e.conv.filter))
			}
			fmt.Fprintf(&b, "\tn%d -> n%d [label=%q];\n", ids[e.from.node], i, label)
		}
	}
	b.WriteString("}\n")
	_, err := io.WriteString(w, b.String())
	return err
}
