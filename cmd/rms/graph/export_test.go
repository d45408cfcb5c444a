package graph

import "fmt"

// Overlaps says which two things of a picture overlap, or what is too small for its
// text, "" for nothing; text is the picture of characters.
func (g *Graph) Overlaps(text bool) string {
	s := style{size: svgSize, apart: 22, middle: true, gap: func(*layout, int) float64 { return 36 }}
	if text {
		s = style{size: textSize, apart: 3, whole: true, gap: func(l *layout, layer int) float64 { return float64(l.route(layer).rows) }}
	}
	l := g.lay(s)
	for i := range l.v {
		a := &l.v[i]
		if a.start < 0 || a.center-a.across/2 < -1 || a.start+a.along > l.along+0.01 || a.center+a.across/2 > l.across+0.01 {
			return fmt.Sprintf("%v lies outside", a.text)
		}
		for j := range l.v[:i] {
			b := &l.v[j]
			if a.start < b.start+b.along && b.start < a.start+a.along &&
				a.center-a.across/2 < b.center+b.across/2 && b.center-b.across/2 < a.center+a.across/2 {
				return fmt.Sprintf("%v and %v", a.text, b.text)
			}
		}
		for _, j := range a.out {
			if l.v[j].layer != a.layer+1 {
				return fmt.Sprintf("a link leads from layer %d to %d", a.layer, l.v[j].layer)
			}
		}
	}
	return ""
}
