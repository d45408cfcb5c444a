package vorbis

import (
	"errors"
	"fmt"
)

// residue is the fine structure of spectra (section 8): vectors that are summed up
// in as many as eight passes.
type residue struct {
	kind       int
	begin, end int
	partition  int // values in one
	classes    int
	master     *book
	books      [][8]*book // by class and pass; nil: nothing is added

	class [][]uint8 // of each channel's partitions in this packet
}

// readResidue reads the setup of one residue.
func readResidue(b *bits, books []*book) (*residue, error) {
	r := &residue{kind: b.number(16)}
	if r.kind > 2 {
		return nil, fmt.Errorf("residue of type %d", r.kind)
	}
	r.begin, r.end = b.number(24), b.number(24)
	r.partition = b.number(24) + 1
	r.classes = b.number(6) + 1
	master := b.number(8)
	if r.begin > r.end || master >= len(books) {
		return nil, errors.New("residue uses a codebook that is not there, or ends before it begins")
	}
	r.master = books[master]
	passes := make([]uint32, r.classes)
	for i := range passes {
		passes[i] = b.read(3)
		if b.flag() {
			passes[i] |= b.read(5) << 3
		}
	}
	r.books = make([][8]*book, r.classes)
	for i := range r.books {
		for pass := range 8 {
			if passes[i]>>pass&1 == 0 {
				continue
			}
			n := b.number(8)
			if n >= len(books) || books[n].vectors == nil {
				return nil, errors.New("residue uses a codebook that is not there, or has no vectors")
			}
			r.books[i][pass] = books[n]
		}
	}
	return r, b.whole()
}

// decode adds to the spectra of the channels that have one; nil is a channel
// without.
func (r *residue) decode(b *bits, spectra [][]float32, join []float32) {
	size := 0
	for _, s := range spectra {
		size = max(size, len(s))
	}
	if size == 0 {
		return
	}
	if r.kind != 2 {
		r.passes(b, spectra, size)
		return
	}
	// Type 2 is one vector in which the channels take turns.
	channels := len(spectra)
	join = join[:size*channels]
	clear(join)
	r.passes(b, [][]float32{join}, len(join))
	for i, s := range spectra {
		for j := range s {
			s[j] = join[j*channels+i]
		}
	}
}

// passes decodes all passes over spectra of one size (section 8.6.2).
func (r *residue) passes(b *bits, spectra [][]float32, size int) {
	begin, end := min(r.begin, size), min(r.end, size)
	partitions := (end - begin) / r.partition
	for len(r.class) < len(spectra) {
		r.class = append(r.class, nil)
	}
	for i := range spectra {
		if cap(r.class[i]) < partitions {
			r.class[i] = make([]uint8, partitions)
		}
		r.class[i] = r.class[i][:partitions]
	}
	words := r.master.dimensions
	for pass := range 8 {
		for at := 0; at < partitions; at += words {
			last := min(at+words, partitions)
			if pass == 0 && !r.readClasses(b, spectra, at, last) {
				return
			}
			for p := at; p < last; p++ {
				if !r.partitions(b, spectra, p, begin+p*r.partition, pass) {
					return
				}
			}
		}
	}
}

// readClasses reads the classes of the next partitions of each channel; false at
// the end of the packet.
func (r *residue) readClasses(b *bits, spectra [][]float32, from, to int) bool {
	for i, s := range spectra {
		if s == nil {
			continue
		}
		n := r.master.number(b)
		if n < 0 {
			return false
		}
		// The last partition's class is the lowest digit. Those past the end are there too.
		for past := r.master.dimensions - (to - from); past > 0 && n > 0 && r.classes > 1; past-- {
			n /= r.classes
		}
		for p := to - 1; p >= from; p-- {
			r.class[i][p] = uint8(n % r.classes)
			n /= r.classes
		}
	}
	return true
}

// partitions decodes one partition of every channel; false at the end of the packet.
func (r *residue) partitions(b *bits, spectra [][]float32, p, at, pass int) bool {
	for i, s := range spectra {
		if s == nil {
			continue
		}
		k := r.books[r.class[i][p]][pass]
		if k != nil && !r.add(b, k, s[at:at+r.partition]) {
			return false
		}
	}
	return true
}

// add sums up vectors in one partition.
func (r *residue) add(b *bits, k *book, out []float32) bool {
	if r.kind == 0 {
		step := len(out) / k.dimensions
		for i := range step {
			v := k.vector(b)
			if v == nil {
				return false
			}
			for j, x := range v {
				out[i+j*step] += x
			}
		}
		return true
	}
	for len(out) > 0 {
		v := k.vector(b)
		if v == nil {
			return false
		}
		v = v[:min(len(v), len(out))]
		for j, x := range v {
			out[j] += x
		}
		out = out[len(v):]
	}
	return true
}
