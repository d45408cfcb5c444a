// Package graph draws the filter graph of a call: it reads what media.Graph.Dot
// writes, lays it out in layers and writes an SVG picture, or one of characters for a
// terminal:
//
//	g, err := graph.Parse(dot)
//	err = g.SVG(w, "a call")
package graph
