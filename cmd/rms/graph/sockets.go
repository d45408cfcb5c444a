package graph

import "strings"

// Role says what a node is, for its colour.
type Role int

// The roles.
const (
	Filter Role = iota
	Socket      // RTP comes in or goes out
	Source      // something that plays
	Target      // something outside that listens
)

// sources begins the names of filters that play.
var sources = []string{"player", "playout", "tone", "source", "prompt"}

// Role tells what node i is by its name and its links.
func (g *Graph) Role(i int) Role {
	name := g.Nodes[i].Label[0]
	ins, outs := g.links(i)
	for _, e := range g.Edges {
		if e.To == i && e.Packets {
			ins--
		}
	}
	switch {
	case strings.HasPrefix(name, "rtp "):
		return Socket
	case ins > 0 && outs == 0:
		return Target
	case ins > 0:
		return Filter
	}
	for _, s := range sources {
		if strings.HasPrefix(name, s) {
			return Source
		}
	}
	return Filter
}

func (g *Graph) links(i int) (ins, outs int) {
	for _, e := range g.Edges {
		if e.To == i {
			ins++
		}
		if e.From == i {
			outs++
		}
	}
	return ins, outs
}

// JoinSockets adds the links that packets take outside the graph: from a socket to
// the decoder that was added after it.
func (g *Graph) JoinSockets() {
	socket := -1
	for i, n := range g.Nodes {
		ins, outs := g.links(i)
		switch {
		case n.Label[0] == "rtp receive" && outs == 0:
			socket = i
		case strings.HasPrefix(n.Label[0], "decoder") && ins == 0 && socket >= 0:
			g.Edges = append(g.Edges, Edge{From: socket, To: i, Label: "packets", Packets: true})
			socket = -1
		}
	}
}
