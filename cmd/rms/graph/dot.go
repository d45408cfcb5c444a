package graph

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// Node is a filter, or an end.
type Node struct {
	Label []string // lines; the first is the name
}

// Edge is a link from one node to another, by index.
type Edge struct {
	From, To int
	Label    string // the format of the audio; "" for none
	Packets  bool   // packets go there outside the graph's links
}

// Graph is what is drawn.
type Graph struct {
	Nodes []Node
	Edges []Edge
}

// maxParts bounds nodes and edges: a call has dozens.
const maxParts = 2000

// Parse reads a graph in the part of Graphviz's language that media.Graph.Dot writes:
// one statement a line, ids n0, n1 and so on, a label in quotes as the only attribute
// that counts.
func Parse(text string) (*Graph, error) {
	g := &Graph{}
	ids := map[string]int{}
	number := 0
	open, closed := false, false
	for line := range strings.Lines(text) {
		number++
		line = strings.TrimSpace(line)
		var err error
		switch {
		case line == "":
		case closed:
			err = errors.New("something stands after the end")
		case !open:
			if open = strings.HasPrefix(line, "digraph ") && strings.HasSuffix(line, "{"); !open {
				err = errors.New("want digraph NAME {")
			}
		case line == "}":
			closed = true
		default:
			err = g.statement(line, ids)
		}
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", number, err)
		}
	}
	if !closed {
		return nil, fmt.Errorf("line %d: the graph is not closed", number)
	}
	if _, err := g.ranks(); err != nil {
		return nil, err
	}
	return g, nil
}

// statement reads a node, an edge, or a setting, which is passed over.
func (g *Graph) statement(line string, ids map[string]int) error {
	line, ok := strings.CutSuffix(line, ";")
	if !ok {
		return errors.New("want a semicolon at the end")
	}
	if len(g.Nodes)+len(g.Edges) >= maxParts {
		return errors.New("the graph is too large")
	}
	head, label, err := attribute(line)
	if err != nil {
		return err
	}
	if from, to, edge := strings.Cut(head, "->"); edge {
		a, known := ids[strings.TrimSpace(from)]
		b, known2 := ids[strings.TrimSpace(to)]
		if !known || !known2 {
			return fmt.Errorf("the link %q has an end that was not named", head)
		}
		g.Edges = append(g.Edges, Edge{From: a, To: b, Label: label})
		return nil
	}
	if !isID(head) {
		return nil
	}
	if _, twice := ids[head]; twice {
		return fmt.Errorf("there are two of %q", head)
	}
	ids[head] = len(g.Nodes)
	g.Nodes = append(g.Nodes, Node{Label: strings.Split(label, "\n")})
	return nil
}

// attribute cuts [label="..."] off a statement.
func attribute(line string) (head, label string, err error) {
	head, rest, ok := strings.Cut(line, "[")
	head = strings.TrimSpace(head)
	if !ok {
		return head, "", nil
	}
	quoted, ok := strings.CutPrefix(rest, "label=")
	if !ok {
		return head, "", nil // node [shape=box]
	}
	quoted, ok = strings.CutSuffix(quoted, "]")
	if !ok {
		return "", "", errors.New("want ] after the label")
	}
	if label, err = strconv.Unquote(quoted); err != nil || quoted[0] != '"' {
		return "", "", fmt.Errorf("the label %s is not in quotes", quoted)
	}
	return head, label, nil
}

// isID says that a text is n and a number.
func isID(text string) bool {
	digits, ok := strings.CutPrefix(text, "n")
	return ok && digits != "" && strings.Trim(digits, "0123456789") == ""
}
