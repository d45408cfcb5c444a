package graph

import (
	"errors"
	"slices"
)

var errCircle = errors.New("the links run in a circle")

// ranks gives each node its place along the flow: after all that feeds it, and what
// nothing feeds just before what it feeds.
func (g *Graph) ranks() ([]int, error) {
	order, err := g.sorted()
	if err != nil {
		return nil, err
	}
	rank := make([]int, len(g.Nodes))
	for _, i := range order {
		for _, e := range g.Edges {
			if e.From == i {
				rank[e.To] = max(rank[e.To], rank[i]+1)
			}
		}
	}
	for i := range g.Nodes {
		if ins, outs := g.links(i); ins > 0 || outs == 0 {
			continue
		}
		rank[i] = len(g.Nodes)
		for _, e := range g.Edges {
			if e.From == i {
				rank[i] = min(rank[i], rank[e.To]-1)
			}
		}
	}
	// The first rank of all may have become empty.
	if len(rank) > 0 {
		low := slices.Min(rank)
		for i := range rank {
			rank[i] -= low
		}
	}
	return rank, nil
}

// sorted lists the nodes so that each comes after what feeds it.
func (g *Graph) sorted() ([]int, error) {
	waits := make([]int, len(g.Nodes))
	for _, e := range g.Edges {
		waits[e.To]++
	}
	var order []int
	for i, n := range waits {
		if n == 0 {
			order = append(order, i)
		}
	}
	for at := 0; at < len(order); at++ {
		for _, e := range g.Edges {
			if e.From != order[at] {
				continue
			}
			if waits[e.To]--; waits[e.To] == 0 {
				order = append(order, e.To)
			}
		}
	}
	if len(order) < len(g.Nodes) {
		return nil, errCircle
	}
	return order, nil
}
