package graph

import (
	"cmp"
	"slices"
)

// sweeps is how often the layers are gone through; call graphs settle after three.
const sweeps = 8

// untangle orders the vertices of each layer so that few links cross: by the mean
// place of their neighbours in the layer before, then in the layer after, and so on,
// and keeps the best that it has seen.
func (l *layout) untangle() {
	best, least := l.copyOrder(), l.crossings()
	for n := range sweeps {
		for k := range l.layers {
			layer := k
			if n%2 == 1 {
				layer = len(l.layers) - 1 - k
			}
			l.sortLayer(layer, n%2 == 1)
		}
		if c := l.crossings(); c < least {
			best, least = l.copyOrder(), c
		}
	}
	l.layers = best
}

func (l *layout) copyOrder() [][]int {
	out := make([][]int, len(l.layers))
	for i, layer := range l.layers {
		out[i] = slices.Clone(layer)
	}
	return out
}

// places maps each vertex of a layer to its place in it.
func (l *layout) places(layer int) map[int]float64 {
	out := map[int]float64{}
	if layer < 0 || layer >= len(l.layers) {
		return out
	}
	for k, i := range l.layers[layer] {
		out[i] = float64(k)
	}
	return out
}

func (l *layout) sortLayer(layer int, backward bool) {
	neighbours, at := l.layersBeside(layer, backward)
	mean := map[int]float64{}
	for k, i := range l.layers[layer] {
		sum, n := 0.0, 0
		for _, j := range neighbours(i) {
			sum, n = sum+at[j], n+1
		}
		mean[i] = float64(k)
		if n > 0 {
			mean[i] = sum / float64(n)
		}
	}
	slices.SortStableFunc(l.layers[layer], func(a, b int) int { return cmp.Compare(mean[a], mean[b]) })
}

func (l *layout) layersBeside(layer int, backward bool) (neighbours func(int) []int, at map[int]float64) {
	if backward {
		return func(i int) []int { return l.v[i].out }, l.places(layer + 1)
	}
	return func(i int) []int { return l.v[i].in }, l.places(layer - 1)
}

// crossings counts the pairs of links that cross.
func (l *layout) crossings() int {
	n := 0
	for k := range l.layers {
		var ends [][2]float64
		at := l.places(k + 1)
		for a, i := range l.layers[k] {
			for _, j := range l.v[i].out {
				ends = append(ends, [2]float64{float64(a), at[j]})
			}
		}
		for i, e := range ends {
			for _, f := range ends[:i] {
				if (e[0]-f[0])*(e[1]-f[1]) < 0 {
					n++
				}
			}
		}
	}
	return n
}
