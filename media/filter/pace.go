package filter

import (
	"math"
	"slices"
)

// Lengths in ms of what changePace works with, and how alike two pieces must be
// where it must not be heard.
const (
	paceOverlap = 5  // two pieces are faded into each other for so long
	paceLeast   = 5  // half this is the shortest piece: a voice of 400 Hz
	paceMost    = 15 // the longest piece
	paceAlike   = 0.85
	paceQuiet   = 64 // mean magnitude below which nothing is heard, -54 dBFS
)

// changePace takes a piece out of the mono audio from pcm[from] on, or puts one in,
// without a seam: the piece is one or more periods of what is heard, and the audio
// before fades into the audio behind it. Where no piece fits it leaves pcm alone,
// unless pace is beyond -1 or 1.
func changePace(pcm []int16, from int, pace int8, rate int) []int16 {
	a := pcm[from:]
	overlap := paceOverlap * rate / 1000
	piece, alike := findPiece(a, overlap, rate)
	switch {
	case piece == 0:
		return pcm
	case alike < paceAlike && pace >= -1 && pace <= 1 && loudness(a) > paceQuiet:
		return pcm
	case pace < 0:
		for i := range overlap {
			a[i] = fade(a[i], a[piece+i], i, overlap)
		}
		n := copy(a[overlap:], a[piece+overlap:])
		return pcm[:from+overlap+n]
	}
	pcm = slices.Grow(pcm, piece)[:len(pcm)+piece]
	b := pcm[from:]
	copy(b[piece+overlap:], a[overlap:])
	for i := overlap - 1; i >= 0; i-- { // downwards: b[i] is read before it is written
		b[piece+i] = fade(b[piece+i], b[i], i, overlap)
	}
	return pcm
}

// fade is the i-th of n samples on the way from one piece to another.
func fade(one, other int16, i, n int) int16 {
	return int16((int32(one)*int32(n-i) + int32(other)*int32(i+1)) / int32(n+1))
}

// findPiece returns how long a piece from the start of a is most like what follows
// it, and how alike they are, at most 1. Of equals the longest is best. It returns 0
// when a is too short.
func findPiece(a []int16, overlap, rate int) (piece int, alike float64) {
	least, most := paceLeast*rate/2000, min(paceMost*rate/1000, len(a)-overlap)
	if most < least || overlap == 0 {
		return 0, 0
	}
	alike = -2
	energy := product(a[:overlap], a[:overlap])
	behind := product(a[least:least+overlap], a[least:least+overlap])
	for lag := least; lag <= most; lag++ {
		c := float64(product(a[:overlap], a[lag:lag+overlap])) / math.Sqrt(float64(energy+1)*float64(behind+1))
		if c >= alike-0.005 {
			piece, alike = lag, max(c, alike)
		}
		if lag < most {
			out, in := int64(a[lag]), int64(a[lag+overlap])
			behind += in*in - out*out
		}
	}
	return piece, alike
}

func product(a, b []int16) (sum int64) {
	b = b[:len(a)]
	for i, v := range a {
		sum += int64(v) * int64(b[i])
	}
	return sum
}

// loudness is the mean magnitude.
func loudness(a []int16) int {
	sum := 0
	for _, v := range a {
		sum += max(int(v), -int(v))
	}
	return sum / max(len(a), 1)
}
