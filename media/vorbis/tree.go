package vorbis

import "errors"

// quickBits is how many bits of a word are looked up at once.
const quickBits = 9

// tree decodes words of different lengths (section 3.2.1). Of a node the sons are
// nodes when they are positive, entries when they are negative (^entry), and
// nothing when they are 0, as no node has the root for its son.
type tree struct {
	nodes [][2]int32
	quick []quick // what the next quickBits lead to
}

// quick is a node or an entry, and how many bits lead there.
type quick struct {
	at   int32
	bits uint8
}

// newTree gives each entry the first word of its length that is free, in the order
// of the entries.
func newTree(lengths []uint8) (tree, error) {
	used, all := 0, uint64(0)
	for _, length := range lengths {
		if length > 0 {
			used++
			all += 1 << (32 - length)
		}
	}
	switch {
	case used == 0:
		return tree{}, nil // a book that nothing may use
	case used > 1 && all > 1<<32:
		return tree{}, errors.New("codebook of more words than there are")
	case used > 1 && all < 1<<32:
		return tree{}, errors.New("codebook with words that mean nothing")
	}
	t := tree{nodes: make([][2]int32, 1, used+1)}
	// free[n] is the one free word of n bits that there may be, at the upper end of 32 bits.
	var free [33]uint32
	first := true
	for entry, length := range lengths {
		if length > 0 {
			t.insert(takeWord(&free, length, first), length, int32(entry))
			first = false
		}
	}
	if used == 1 {
		// One word alone leaves half of the tree empty; both bits mean it.
		t.nodes[0] = [2]int32{t.only(), t.only()}
	}
	t.index()
	return t, nil
}

// takeWord takes the lowest free word of length bits and keeps the words that
// branch off on the way to it.
func takeWord(free *[33]uint32, length uint8, first bool) uint32 {
	at, word := length, uint32(0)
	if first {
		at = 0
	} else {
		for at > 1 && free[at] == 0 {
			at--
		}
		word = free[at]
		free[at] = 0
	}
	for n := length; n > at; n-- {
		free[n] = word + 1<<(32-n)
	}
	return word
}

// insert adds a word.
func (t *tree) insert(word uint32, length uint8, entry int32) {
	node := int32(0)
	for ; length > 1; length-- {
		son := t.nodes[node][word>>31]
		if son <= 0 {
			son = int32(len(t.nodes))
			t.nodes = append(t.nodes, [2]int32{})
			t.nodes[node][word>>31] = son
		}
		node = son
		word <<= 1
	}
	t.nodes[node][word>>31] = ^entry
}

// only returns the single entry of a tree.
func (t *tree) only() int32 {
	for _, sons := range t.nodes {
		if sons[0] < 0 {
			return sons[0]
		}
	}
	return 0
}

// index follows all words of quickBits from the root.
func (t *tree) index() {
	t.quick = make([]quick, 1<<quickBits)
	for word := range t.quick {
		at, n := int32(0), uint8(0)
		for n < quickBits && at >= 0 {
			at = t.nodes[at][word>>n&1]
			n++
		}
		t.quick[word] = quick{at, n}
	}
}

// decode reads one word and returns its entry; -1 at the end of the packet.
func (t *tree) decode(b *bits) int {
	if t.quick == nil {
		b.ended = true
		return -1
	}
	if b.have < 32 {
		b.fill()
	}
	q := t.quick[b.word&(1<<quickBits-1)]
	b.drop(uint(q.bits))
	at := q.at
	for at >= 0 && !b.ended {
		at = t.nodes[at][b.read(1)]
	}
	if b.ended {
		return -1
	}
	return int(^at)
}
