package filter

// dot is the sum of the products of x and h, whose length is the same multiple
// of 8. SSE, which every amd64 has, does four at once.
//
//go:noescape
func dot(x, h []float32) float32
