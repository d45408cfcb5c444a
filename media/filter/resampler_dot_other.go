//go:build !amd64

package filter

func dot(x, h []float32) float32 { return dotGo(x, h) }
