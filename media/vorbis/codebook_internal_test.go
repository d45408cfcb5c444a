package vorbis

import (
	"math"
	"runtime"
	"strings"
	"testing"
	"time"
)

// writer writes bits, the lowest of a byte first.
type writer struct {
	data []byte
	n    uint
}

func (w *writer) put(v uint64, n uint) {
	for i := range n {
		if w.n%8 == 0 {
			w.data = append(w.data, 0)
		}
		w.data[w.n/8] |= byte(v>>i&1) << (w.n % 8)
		w.n++
	}
}

// word puts the bits of a codeword, which are in the packet from its highest on.
func (w *writer) word(s string) {
	for _, c := range s {
		w.put(uint64(c-'0'), 1)
	}
}

func TestBitsAreReadFromTheLowestOn(t *testing.T) {
	t.Parallel()
	w := &writer{}
	w.put(5, 3)
	w.put(0xdeadbeef, 32)
	w.put(1, 1)
	b := &bits{data: w.data}
	if x, y, z := b.read(3), b.read(32), b.flag(); x != 5 || y != 0xdeadbeef || !z || b.ended {
		t.Errorf("%x %x %v", x, y, z)
	}
	if b.read(4); b.ended {
		t.Error("ended before the last bit")
	}
	if v := b.read(1); v != 0 || !b.ended {
		t.Errorf("%d past the end", v)
	}
}

// TestWordsAreGivenInOrder has the example of section 3.2.1.
func TestWordsAreGivenInOrder(t *testing.T) {
	t.Parallel()
	tree, err := newTree([]uint8{2, 4, 4, 4, 4, 2, 3, 3})
	if err != nil {
		t.Fatal(err)
	}
	for entry, word := range []string{"00", "0100", "0101", "0110", "0111", "10", "110", "111"} {
		w := &writer{}
		w.word(word)
		if got := tree.decode(&bits{data: append(w.data, 0)}); got != entry {
			t.Errorf("%s is %d, want %d", word, got, entry)
		}
	}
}

func TestLongWordsAreFound(t *testing.T) {
	t.Parallel()
	// One word of each length from 1 to 31, and two of 32.
	lengths := make([]uint8, 0, 33)
	for n := range uint8(32) {
		lengths = append(lengths, n+1)
	}
	lengths = append(lengths, 32)
	tree, err := newTree(lengths)
	if err != nil {
		t.Fatal(err)
	}
	for entry := range lengths {
		w := &writer{}
		w.word(strings.Repeat("1", min(entry, 32)))
		if entry < 32 {
			w.word("0")
		}
		if got := tree.decode(&bits{data: w.data}); got != entry {
			t.Errorf("got %d, want %d", got, entry)
		}
	}
}

func TestTreesThatAreNotWholeAreRefused(t *testing.T) {
	t.Parallel()
	for _, lengths := range [][]uint8{{1, 1, 1}, {1, 2}, {2, 2, 2}, {1, 2, 3}, {32, 32}, {1, 1, 32}} {
		if _, err := newTree(lengths); err == nil {
			t.Errorf("%v was taken", lengths)
		}
	}
	for _, lengths := range [][]uint8{{1, 1}, {0, 1, 0, 1}, {2, 1, 2}} {
		if _, err := newTree(lengths); err != nil {
			t.Errorf("%v: %v", lengths, err)
		}
	}
}

func TestBookOfOneWordTakesOneBit(t *testing.T) {
	t.Parallel()
	for _, length := range []uint8{1, 5, 32} {
		tree, err := newTree([]uint8{0, 0, length})
		if err != nil {
			t.Fatal(err)
		}
		b := &bits{data: []byte{0b10}}
		for range 8 {
			if got := tree.decode(b); got != 2 {
				t.Errorf("%d, want 2", got)
			}
		}
		if tree.decode(b) != -1 {
			t.Error("a word past the end")
		}
	}
	tree, err := newTree([]uint8{0, 0})
	if b := (&bits{data: []byte{0}}); err != nil || tree.decode(b) != -1 || !b.ended {
		t.Errorf("a book without words: %v", err)
	}
}

func TestLookupValues(t *testing.T) {
	t.Parallel()
	for _, c := range [][3]int{{81, 4, 3}, {80, 4, 2}, {625, 4, 5}, {1, 1, 1}, {65536, 1, 65536}, {65535, 16, 1}, {65536, 16, 2}, {7, 65535, 1}} {
		if got := lookupValues(c[0], c[1]); got != c[2] {
			t.Errorf("%d entries, %d dimensions: %d, want %d", c[0], c[1], got, c[2])
		}
	}
}

func TestNumbersAreUnpacked(t *testing.T) {
	t.Parallel()
	for bits, want := range map[uint32]float64{788<<21 | 1: 1, 788<<21 | 3 | 1<<31: -3, 787<<21 | 1: 0.5, 0: 0, 798<<21 | 5: 5120} {
		if got := unpack(bits); got != want {
			t.Errorf("%#x: %v, want %v", bits, got, want)
		}
	}
}

// book writes the beginning of a codebook.
func bookHead(dimensions, entries uint64) *writer {
	w := &writer{}
	w.put(0x564342, 24)
	w.put(dimensions, 16)
	w.put(entries, 24)
	return w
}

// float packs a small whole number.
func float(v int) uint64 {
	if v < 0 {
		return 1<<31 | 788<<21 | uint64(-v)
	}
	return 788<<21 | uint64(v)
}

func TestVectorsOfBothLookups(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		kind     uint64
		sequence uint64
		values   []uint64
		want     []float32
	}{
		{1, 0, []uint64{0, 3}, []float32{-1, -1, 5, -1, -1, 5, 5, 5}},
		{1, 1, []uint64{0, 3}, []float32{-1, -2, 5, 4, -1, 4, 5, 10}},
		{2, 0, []uint64{0, 1, 2, 3, 4, 5, 6, 7}, []float32{-1, 1, 3, 5, 7, 9, 11, 13}},
	} {
		w := bookHead(2, 4)
		w.put(0, 2) // not ordered, not sparse
		for range 4 {
			w.put(1, 5)
		}
		w.put(c.kind, 4)
		w.put(float(-1), 32)
		w.put(float(2), 32)
		w.put(2, 4)
		w.put(c.sequence, 1)
		for _, v := range c.values {
			w.put(v, 3)
		}
		space := maxTables
		k, err := readBook(&bits{data: w.data}, &space)
		if err != nil {
			t.Fatal(err)
		}
		for i, v := range c.want {
			if k.vectors[i] != v {
				t.Errorf("lookup %d: %v, want %v", c.kind, k.vectors, c.want)
				break
			}
		}
	}
}

func TestOrderedLengths(t *testing.T) {
	t.Parallel()
	w := bookHead(1, 5)
	w.put(1, 1)
	w.put(1, 5) // from length 2
	w.put(3, 3) // three of them, of five left
	w.put(2, 2) // two of length 3
	w.put(0, 4) // no vectors
	space := maxTables
	k, err := readBook(&bits{data: w.data}, &space)
	if err != nil {
		t.Fatal(err)
	}
	for entry, word := range []string{"00", "01", "10", "110", "111"} {
		v := &writer{}
		v.word(word)
		if got := k.number(&bits{data: v.data}); got != entry {
			t.Errorf("%s is %d, want %d", word, got, entry)
		}
	}
}

// TestHostileBooksAreRefused has books of a few bytes that ask for gigabytes.
func TestHostileBooksAreRefused(t *testing.T) {
	t.Parallel()
	for name, fill := range map[string]func() *writer{
		"no entries":    func() *writer { return bookHead(1, 0) },
		"no dimensions": func() *writer { return bookHead(0, 1) },
		"too many":      func() *writer { return bookHead(1, 1<<24-1) },
		"cut off":       func() *writer { return bookHead(1, 60000) },
		"lengths go on": func() *writer {
			w := bookHead(1, 60000)
			w.put(1, 1)
			w.put(31, 5)
			w.put(0, 800)
			return w
		},
		"vectors without end": func() *writer {
			w := bookHead(65535, 256)
			w.put(1, 1)
			w.put(7, 5)
			w.put(256, 9)
			w.put(2, 4)
			w.put(0, 400)
			return w
		},
	} {
		space := maxTables
		if k, err := readBook(&bits{data: fill().data}, &space); err == nil {
			t.Errorf("%s: %d entries", name, k.entries)
		}
	}
}

// TestSetupTakesBoundedMemory has 256 books of the largest size, each in eleven
// bytes.
func TestSetupTakesBoundedMemory(t *testing.T) {
	w := &writer{}
	for _, c := range []byte("\x05vorbis\xff") {
		w.put(uint64(c), 8)
	}
	for range 256 {
		w.put(0x564342, 24)
		w.put(1, 16)
		w.put(maxEntries, 24)
		w.put(1|15<<1, 6)
		w.put(maxEntries, 17)
		w.put(0, 4)
	}
	// Without the bound the first books are read.
	space := maxTables
	if _, err := readBook(&bits{data: w.data[8:]}, &space); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	begun := time.Now()
	if _, err := readSetup(w.data, 1); err == nil || !strings.Contains(err.Error(), "too large") {
		t.Errorf("%v", err)
	}
	runtime.ReadMemStats(&after)
	if took := after.TotalAlloc - before.TotalAlloc; took > 128<<20 {
		t.Errorf("%d bytes were allocated for %d", took, len(w.data))
	}
	if took := time.Since(begun); took > 30*time.Second {
		t.Errorf("took %v", took)
	}
}

func TestDecibelsAreThoseOfTheSpecification(t *testing.T) {
	t.Parallel()
	for i, want := range map[int]float64{0: 1.0649863e-07, 1: 1.1341951e-07, 127: 3.1621e-4, 255: 1} {
		if got := float64(decibels[i]); math.Abs(got/want-1) > 1e-3 {
			t.Errorf("%d is %v, want %v", i, got, want)
		}
	}
}
