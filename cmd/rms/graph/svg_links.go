package graph

import (
	"cmp"
	"fmt"
	"io"
	"slices"
)

const linkColour = "#78909c"

// svgLinks draws the links, below everything else. They turn only between layers, so
// that they meet nothing that they do not belong to. Those that enter or leave a box at
// one side share that side out among them.
func (l *layout) svgLinks(w io.Writer) {
	for i := range l.v {
		for _, j := range l.v[i].out {
			a, b := &l.v[i], &l.v[j]
			y1, y2 := l.port(i, j, a.out, a), l.port(j, i, b.in, b)
			dashes := ""
			if a.kind != box && a.packets || b.kind != box && b.packets {
				dashes = " stroke-dasharray=\"5 4\""
			}
			end := b.start
			switch b.kind {
			case box:
				fmt.Fprintf(w, "<path d=\"M%.1f %.1f l-7 -4 v8 z\" fill=\"%s\"/>\n", end, y2, linkColour)
				end -= 6
			case bend:
				end = l.bounds[b.layer][1]
			}
			x1, x2 := l.bounds[a.layer][1], l.bounds[b.layer][0]-6
			half := (x2 - x1) / 2
			fmt.Fprintf(w, "<path d=\"M%.1f %.1f H%.1f C%.1f %.1f %.1f %.1f %.1f %.1f H%.1f\" fill=\"none\" stroke=\"%s\" stroke-width=\"1.5\"%s/>\n",
				a.start+a.along, y1, x1, x1+half, y1, x2-half, y2, x2, y2, end, linkColour, dashes)
		}
	}
}

// port is where across the flow a link between i and other meets i, one of all at
// that side.
func (l *layout) port(i, other int, all []int, v *vertex) float64 {
	if v.kind != box || len(all) < 2 {
		return l.v[i].center
	}
	sorted := slices.Clone(all)
	slices.SortStableFunc(sorted, func(a, b int) int { return cmp.Compare(l.v[a].center, l.v[b].center) })
	step := min(12, (v.across-10)/float64(len(all)))
	return v.center + step*(float64(slices.Index(sorted, other))-float64(len(all)-1)/2)
}
