package graph

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
)

// Sizes of the picture, in pixels. All text is of a font of one width, so that its
// size is known: 0.602 of its height a column.
const (
	titleFont  = 13.0
	detailFont = 11.0
	pillFont   = 10.5
	column     = 0.602
	boxPad     = 13.0
	lineHeight = 15.0
	margin     = 28.0
	headHeight = 34.0
	footHeight = 34.0
)

// look is how a role is drawn.
type look struct{ word, fill, stroke string }

var looks = map[Role]look{
	Filter: {"filter", "#ffffff", "#607d8b"},
	Socket: {"RTP socket", "#e3f2fd", "#1976d2"},
	Source: {"source", "#fff3e0", "#ef6c00"},
	Target: {"target", "#e8f5e9", "#2e7d32"},
}

// svgSize measures a vertex for the picture: along is its width, across its height.
func svgSize(v *vertex) (along, across float64) {
	switch v.kind {
	case box:
		for i, line := range v.text {
			font := detailFont
			if i == 0 {
				font = titleFont
			}
			along = max(along, float64(columns(clean(line)))*font*column)
		}
		return along + 2*boxPad, 18 + lineHeight*float64(len(v.text)-1) + 14
	case pill:
		for _, line := range v.text {
			along = max(along, float64(columns(clean(line)))*pillFont*column)
		}
		return along + 14, 13*float64(len(v.text)) + 6
	}
	return 0, 10
}

// SVG draws the graph from left to right, with a title above and the meaning of the
// colours below. Labels come from outside and are escaped.
func (g *Graph) SVG(w io.Writer, title string) error {
	l := g.lay(style{
		size: svgSize, apart: 22, middle: true,
		gap: func(*layout, int) float64 { return 36 },
	})
	b := bufio.NewWriter(w)
	words := float64(columns(clean(title)))*titleFont*column + 8
	wide := max(l.along, words, legendWidth(g)) + 2*margin
	high := l.across + headHeight + footHeight + margin
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%.0f" height="%.0f" viewBox="0 0 %.0f %.0f" `+
		`font-family="'DejaVu Sans Mono', Menlo, 'Liberation Mono', monospace">`+"\n", wide, high, wide, high)
	fmt.Fprintf(b, "<title>%s</title>\n<rect width=\"100%%\" height=\"100%%\" fill=\"#fafafa\"/>\n", escaped(title))
	fmt.Fprintf(b, "<text x=\"%.1f\" y=\"26\" font-size=\"%.0f\" font-weight=\"bold\" fill=\"#263238\">%s</text>\n", margin, titleFont, escaped(title))
	fmt.Fprintf(b, "<g transform=\"translate(%.1f %.1f)\">\n", (wide-l.along)/2, headHeight+margin/2)
	l.svgLinks(b)
	for i := range l.v {
		switch v := &l.v[i]; v.kind {
		case box:
			v.svgBox(b, looks[g.Role(v.node)])
		case pill:
			v.svgPill(b)
		}
	}
	fmt.Fprint(b, "</g>\n")
	svgLegend(b, g, high-footHeight/2)
	fmt.Fprint(b, "</svg>\n")
	return b.Flush()
}

func (v *vertex) svgBox(w io.Writer, k look) {
	top := v.center - v.across/2
	fmt.Fprintf(w, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"6\" fill=\"%s\" stroke=\"%s\" stroke-width=\"1.5\"/>\n",
		v.start, top, v.along, v.across, k.fill, k.stroke)
	for i, line := range v.text {
		font, weight, colour := detailFont, "normal", "#546e7a"
		if i == 0 {
			font, weight, colour = titleFont, "bold", "#263238"
		}
		svgText(w, v.start+v.along/2, top+20+lineHeight*float64(i), font, weight, colour, line)
	}
}

func (v *vertex) svgPill(w io.Writer) {
	top := v.center - v.across/2
	fmt.Fprintf(w, "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" rx=\"8\" fill=\"#eceff1\"/>\n", v.start, top, v.along, v.across)
	for i, line := range v.text {
		svgText(w, v.start+v.along/2, top+13+13*float64(i), pillFont, "normal", "#37474f", line)
	}
}

func svgText(w io.Writer, x, y, font float64, weight, colour, line string) {
	fmt.Fprintf(w, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" font-weight=\"%s\" fill=\"%s\" text-anchor=\"middle\">%s</text>\n",
		x, y, font, weight, colour, escaped(line))
}

func escaped(line string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(clean(line))) // a Builder takes everything
	return b.String()
}

// legend lists the roles that there are.
func legend(g *Graph) (out []look) {
	for _, r := range []Role{Socket, Source, Filter, Target} {
		for i := range g.Nodes {
			if g.Role(i) == r {
				out = append(out, looks[r])
				break
			}
		}
	}
	return out
}

func legendWidth(g *Graph) (sum float64) {
	for _, k := range legend(g) {
		sum += 42 + float64(len(k.word))*detailFont*column
	}
	return sum
}

func svgLegend(w io.Writer, g *Graph, y float64) {
	x := margin
	for _, k := range legend(g) {
		fmt.Fprintf(w, "<rect x=\"%.1f\" y=\"%.1f\" width=\"14\" height=\"14\" rx=\"3\" fill=\"%s\" stroke=\"%s\"/>\n", x, y-11, k.fill, k.stroke)
		fmt.Fprintf(w, "<text x=\"%.1f\" y=\"%.1f\" font-size=\"%g\" fill=\"#546e7a\">%s</text>\n", x+20, y, detailFont, k.word)
		x += 42 + float64(len(k.word))*detailFont*column
	}
}
