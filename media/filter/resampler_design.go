package filter

import (
	"math"
	"sync"
)

// design is the filter of one pair of rates, shared by all streams between them.
// The low pass is cut into phases of contiguous taps, in the order of the past.
type design struct {
	up, down int // to and from, reduced
	taps     int // of each phase; a multiple of 8
	phases   int // rows of table, one less when blended
	blended  bool
	table    []float32
}

const (
	stopBand  = 96.0    // dB
	flatBand  = 0.425   // of the lower rate: the edge of the pass band
	mostTaps  = 1 << 16 // of all phases; with more, rows are blended
	blendRows = 512     // for a cut at half the input's rate
)

// designs keeps what is used again and again: pairs of usual rates. Odd rates of
// files are computed for each stream, so that no file can fill the memory.
var designs struct {
	sync.Mutex
	by map[[2]int]*design
}

func designFor(from, to int) *design {
	g := gcd(from, to)
	up, down := to/g, from/g
	if !usual(from) || !usual(to) {
		return newDesign(up, down)
	}
	designs.Lock()
	defer designs.Unlock()
	d := designs.by[[2]int{up, down}]
	if d == nil {
		if designs.by == nil {
			designs.by = map[[2]int]*design{}
		}
		d = newDesign(up, down)
		designs.by[[2]int{up, down}] = d
	}
	return d
}

func usual(rate int) bool {
	switch rate {
	case 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000:
		return true
	}
	return false
}

func gcd(a, b int) int {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// newDesign computes the windowed sinc. Its -6 dB point lies in the middle of
// the transition, whose upper end is half the lower rate.
func newDesign(up, down int) *design {
	d := &design{up: up, down: down, phases: up}
	low := min(1, float64(up)/float64(down)) // lower rate, in units of the input's
	// The window's transition begins before the flat band ends: its first seventh
	// costs less than 0.1 dB.
	width := (0.5 - flatBand) * 1.16 * low
	cut := 0.5*low - width/2
	length := (stopBand-7.95)/(14.36*width) + 1
	d.taps = (int(math.Ceil(length)) + 7) / 8 * 8
	if up*d.taps > mostTaps {
		// A straight line between two rows errs by (pi*cut/phases)^2/2 at most.
		d.blended = true
		d.phases = max(64, int(math.Ceil(blendRows*2*cut)))
	}
	rows := d.phases
	if d.blended {
		rows++
	}
	d.table = make([]float32, rows*d.taps)
	for p := range rows {
		d.row(d.table[p*d.taps:][:d.taps], float64(p)/float64(d.phases), cut)
	}
	return d
}

// row computes the taps for an output that lies fraction of a sample after the
// middle of its past. They sum up to exactly 1, so that no phase has a level of
// its own.
func (d *design) row(row []float32, fraction, cut float64) {
	beta := 0.1102 * (stopBand - 8.7)
	half := float64(d.taps) / 2
	h := make([]float64, len(row))
	sum := 0.0
	for i := range h {
		x := float64(i) - (half - 1) - fraction
		w := x / half
		if w <= -1 || w >= 1 {
			continue
		}
		h[i] = Sinc(2*cut*x) * Bessel(beta*math.Sqrt(1-w*w))
		sum += h[i]
	}
	for i := range h {
		row[i] = float32(h[i] / sum)
	}
}

// Sinc is sin(pi x) / (pi x), exactly 0 at whole numbers other than 0.
func Sinc(x float64) float64 {
	if x == math.Trunc(x) {
		if x == 0 {
			return 1
		}
		return 0
	}
	return math.Sin(math.Pi*x) / (math.Pi * x)
}

// Bessel is the modified Bessel function of the first kind and order 0, of which a
// Kaiser window is made.
func Bessel(x float64) float64 {
	sum, term := 1.0, 1.0
	for k := 1.0; term > sum*1e-17; k++ {
		term *= (x / 2 / k) * (x / 2 / k)
		sum += term
	}
	return sum
}
