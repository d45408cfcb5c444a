package vorbis

// bits reads a packet bit by bit, the lowest bit of a byte first (section 2 of the
// specification). Past the end it gives zeros and remembers it.
type bits struct {
	data  []byte
	word  uint64 // bits that were taken out of data and not yet read
	have  uint   // how many those are
	ended bool
}

// fill has 32 bits ready at least, as long as there are as many.
func (b *bits) fill() {
	for b.have <= 56 && len(b.data) > 0 {
		b.word |= uint64(b.data[0]) << b.have
		b.data = b.data[1:]
		b.have += 8
	}
}

// read takes n bits, 32 at most.
func (b *bits) read(n uint) uint32 {
	if b.have < n {
		b.fill()
	}
	v := uint32(b.word & (1<<n - 1))
	b.drop(n)
	return v
}

// drop passes n bits.
func (b *bits) drop(n uint) {
	if n > b.have {
		b.word, b.have, b.ended = 0, 0, true
		return
	}
	b.word >>= n
	b.have -= n
}

// flag reads one bit.
func (b *bits) flag() bool { return b.read(1) != 0 }

// number reads n bits as an int.
func (b *bits) number(n uint) int { return int(b.read(n)) }

// ilog is the number of bits that v needs (section 9.2.1).
func ilog(v int) uint {
	n := uint(0)
	for ; v > 0; v >>= 1 {
		n++
	}
	return n
}
