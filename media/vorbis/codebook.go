package vorbis

import (
	"errors"
	"fmt"
	"math"
)

// Bounds of the books of a stream. libvorbis makes some fifty books of a few
// thousand entries; the format would allow what takes gigabytes.
const (
	maxEntries = 1 << 16 // of one book
	maxTables  = 1 << 21 // entries and values of all books together
)

// book is a codebook (section 3): words of different lengths that stand for
// numbers, and for vectors.
type book struct {
	dimensions int
	entries    int
	tree       tree
	vectors    []float32 // dimensions for each entry; nil for a book of numbers only
}

// readBook reads one codebook. Space is what all tables may still take.
func readBook(b *bits, space *int) (*book, error) {
	if b.read(24) != 0x564342 {
		return nil, errors.New("codebook does not begin with its mark")
	}
	k := &book{dimensions: b.number(16), entries: b.number(24)}
	if k.dimensions == 0 || k.entries == 0 || k.entries > maxEntries {
		return nil, fmt.Errorf("codebook of %d entries, %d dimensions", k.entries, k.dimensions)
	}
	if *space -= k.entries; *space < 0 {
		return nil, errors.New("codebooks are too large")
	}
	lengths, err := readLengths(b, k.entries)
	if err != nil {
		return nil, err
	}
	if k.tree, err = newTree(lengths); err != nil {
		return nil, err
	}
	return k, k.readVectors(b, space)
}

// readLengths reads how long the words are; 0 is an entry without one.
func readLengths(b *bits, entries int) ([]uint8, error) {
	lengths := make([]uint8, entries)
	if !b.flag() {
		sparse := b.flag()
		for i := range lengths {
			if !sparse || b.flag() {
				lengths[i] = uint8(b.read(5)) + 1
			}
		}
		return lengths, b.whole()
	}
	length := uint8(b.read(5)) + 1
	for at := 0; at < entries; length++ {
		n := b.number(ilog(entries - at))
		if n > entries-at || length > 32 || b.ended {
			return nil, errors.New("codebook of more words than entries")
		}
		for range n {
			lengths[at] = length
			at++
		}
	}
	return lengths, b.whole()
}

// whole is an error when more was read than there is.
func (b *bits) whole() error {
	if b.ended {
		return errors.New("header is cut off")
	}
	return nil
}

// readVectors reads the lookup table (section 3.2.1) and unfolds it.
func (k *book) readVectors(b *bits, space *int) error {
	kind := b.read(4)
	if kind == 0 {
		return b.whole()
	}
	if kind > 2 {
		return fmt.Errorf("codebook of lookup type %d", kind)
	}
	least, delta := unpack(b.read(32)), unpack(b.read(32))
	size := uint(b.read(4)) + 1
	sequence := b.flag()
	count := k.entries * k.dimensions
	if *space -= count; *space < 0 {
		return errors.New("codebooks are too large")
	}
	if kind == 1 {
		count = lookupValues(k.entries, k.dimensions)
	}
	values := make([]float64, count)
	for i := range values {
		values[i] = float64(b.read(size))*delta + least
	}
	if err := b.whole(); err != nil {
		return err
	}
	k.vectors = make([]float32, k.entries*k.dimensions)
	for entry := range k.entries {
		k.unfold(entry, values, kind == 1, sequence)
	}
	return nil
}

// unfold makes the vector of one entry (sections 3.2.1, 3.3). In a lattice the
// number of the entry, written in base len(values), has the values' numbers as its
// digits, the lowest first.
func (k *book) unfold(entry int, values []float64, lattice, sequence bool) {
	last, digits := 0.0, entry
	vector := k.vectors[entry*k.dimensions : (entry+1)*k.dimensions]
	for i := range vector {
		v := 0.0
		if lattice {
			v = values[digits%len(values)]
			digits /= len(values)
		} else {
			v = values[entry*k.dimensions+i]
		}
		v += last
		if sequence {
			last = v
		}
		vector[i] = float32(v)
	}
}

// lookupValues is the greatest n whose power of dimensions is no more than entries
// (section 9.2.3).
func lookupValues(entries, dimensions int) int {
	fits := func(n int) bool {
		power := 1
		for i := 0; i < dimensions && power <= entries && n > 1; i++ {
			power *= n
		}
		return power <= entries
	}
	n := 1
	for fits(n + 1) {
		n++
	}
	return n
}

// unpack reads the specification's own form of a floating point number (section
// 9.2.2).
func unpack(v uint32) float64 {
	f := math.Ldexp(float64(v&0x1fffff), int(v>>21&0x3ff)-788)
	if v>>31 != 0 {
		return -f
	}
	return f
}

// number decodes one entry's number; -1 at the end of the packet.
func (k *book) number(b *bits) int { return k.tree.decode(b) }

// vector decodes one vector; nil at the end of the packet.
func (k *book) vector(b *bits) []float32 {
	n := k.tree.decode(b)
	if n < 0 {
		return nil
	}
	return k.vectors[n*k.dimensions : (n+1)*k.dimensions]
}
