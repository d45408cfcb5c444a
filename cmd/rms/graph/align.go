package graph

// align gives each vertex its place across the flow: as near as can be to the middle
// of its neighbours, in the order of its layer, and never nearer than apart.
func (l *layout) align(apart float64) {
	for _, layer := range l.layers {
		l.settle(layer, apart, func(int) []int { return nil })
	}
	for n := range 4 * sweeps {
		for k := range l.layers {
			switch n % 4 {
			case 0, 2:
				l.settle(l.layers[k], apart, func(i int) []int { return l.v[i].in })
			case 1:
				l.settle(l.layers[len(l.layers)-1-k], apart, func(i int) []int { return l.v[i].out })
			default:
				l.settle(l.layers[len(l.layers)-1-k], apart, func(i int) []int { return append(append([]int{}, l.v[i].in...), l.v[i].out...) })
			}
		}
	}
	low := 0.0
	for i := range l.v {
		if edge := l.v[i].center - l.v[i].across/2; i == 0 || edge < low {
			low = edge
		}
	}
	for i := range l.v {
		l.v[i].center -= low
	}
}

// group is a run of neighbours that touch, which have one wish.
type group struct {
	wish, weight float64
	n            int
}

// settle places the vertices of a layer: each where its neighbours want it, moved as
// little as possible (least squares) for the distances to be kept.
func (l *layout) settle(layer []int, apart float64, neighbours func(int) []int) {
	var groups []group
	shift := 0.0 // of a vertex from the first when all touch
	shifts := make([]float64, len(layer))
	for k, i := range layer {
		if k > 0 {
			shift += (l.v[layer[k-1]].across+l.v[i].across)/2 + apart
		}
		shifts[k] = shift
		g := l.wish(i, neighbours(i))
		g.wish -= shift
		groups = append(groups, g)
		for last := len(groups) - 1; last > 0 && groups[last-1].wish > groups[last].wish; last-- {
			a, b := groups[last-1], groups[last]
			w := a.weight + b.weight
			groups[last-1] = group{(a.wish*a.weight + b.wish*b.weight) / w, w, a.n + b.n}
			groups = groups[:last]
		}
	}
	k := 0
	for _, g := range groups {
		for range g.n {
			l.v[layer[k]].center = g.wish + shifts[k]
			k++
		}
	}
}

// wish is where a vertex would be without others. Bends want it most, so that long
// links are straight.
func (l *layout) wish(i int, neighbours []int) group {
	g := group{wish: l.v[i].center, weight: 1, n: 1}
	if len(neighbours) == 0 {
		g.weight = 0.1
		return g
	}
	g.wish = 0
	for _, j := range neighbours {
		g.wish += l.v[j].center / float64(len(neighbours))
	}
	if l.v[i].kind == bend {
		g.weight = 8
	}
	return g
}
