package vorbis

import (
	"errors"
	"fmt"
	"math"
	"slices"
)

// maxPoints is how many points the curve of a floor may have.
const maxPoints = 65

// floor is a floor of type 1 (section 7): the rough shape of a spectrum, as lines
// between points on a scale of decibels.
type floor struct {
	partitions []int // class of each
	classes    []floorClass
	multiplier int
	x          []int // of the points, in the order of the packet
	order      []int // numbers of the points from left to right
	low, high  []int // numbers of each point's neighbours among those before it
}

// floorClass says how the points of a partition are coded.
type floorClass struct {
	dimensions int
	subclasses uint // bits
	master     *book
	books      []*book // nil: the points are 0
}

// readFloor reads the setup of one floor.
func readFloor(b *bits, books []*book) (*floor, error) {
	if kind := b.read(16); kind != 1 {
		return nil, fmt.Errorf("floor of type %d", kind)
	}
	f := &floor{partitions: make([]int, b.read(5))}
	most := -1
	for i := range f.partitions {
		f.partitions[i] = b.number(4)
		most = max(most, f.partitions[i])
	}
	f.classes = make([]floorClass, most+1)
	for i := range f.classes {
		if err := f.classes[i].read(b, books); err != nil {
			return nil, err
		}
	}
	f.multiplier = b.number(2) + 1
	width := uint(b.read(4))
	f.x = append(f.x, 0, 1<<width)
	for _, class := range f.partitions {
		for range f.classes[class].dimensions {
			f.x = append(f.x, b.number(width))
		}
	}
	if len(f.x) > maxPoints {
		return nil, fmt.Errorf("floor of %d points", len(f.x))
	}
	if err := b.whole(); err != nil {
		return nil, err
	}
	return f, f.arrange()
}

// read reads the setup of a class.
func (c *floorClass) read(b *bits, books []*book) error {
	c.dimensions = b.number(3) + 1
	c.subclasses = uint(b.read(2))
	if c.subclasses > 0 {
		n := b.number(8)
		if n >= len(books) {
			return errors.New("floor uses a codebook that is not there")
		}
		c.master = books[n]
	}
	c.books = make([]*book, 1<<c.subclasses)
	for i := range c.books {
		n := b.number(8) - 1
		if n >= len(books) {
			return errors.New("floor uses a codebook that is not there")
		}
		if n >= 0 {
			c.books[i] = books[n]
		}
	}
	return nil
}

// arrange sorts the points and finds their neighbours.
func (f *floor) arrange() error {
	n := len(f.x)
	f.order, f.low, f.high = make([]int, n), make([]int, n), make([]int, n)
	for i := range f.order {
		f.order[i] = i
	}
	slices.SortFunc(f.order, func(a, b int) int { return f.x[a] - f.x[b] })
	for i := 1; i < n; i++ {
		if f.x[f.order[i]] == f.x[f.order[i-1]] {
			return errors.New("floor with two points in one place")
		}
	}
	for i := 2; i < n; i++ {
		f.low[i], f.high[i] = 0, 1
		for j := range i {
			if f.x[j] < f.x[i] && f.x[j] > f.x[f.low[i]] {
				f.low[i] = j
			}
			if f.x[j] > f.x[i] && f.x[j] < f.x[f.high[i]] {
				f.high[i] = j
			}
		}
	}
	return nil
}

// points is the floor of one channel in one packet.
type points struct {
	used bool
	y    [maxPoints]int
	set  [maxPoints]bool // the point is of the curve
}

// ranges of a point's height by multiplier.
var ranges = [5]int{0, 256, 128, 86, 64}

// decode reads the points of a packet. A packet that ends here leaves the floor
// unused.
func (f *floor) decode(b *bits, p *points) {
	if p.used = b.flag(); !p.used {
		return
	}
	width := ilog(ranges[f.multiplier] - 1)
	p.y[0], p.y[1] = b.number(width), b.number(width)
	at := 2
	for _, class := range f.partitions {
		c := &f.classes[class]
		value := 0
		if c.master != nil {
			value = max(0, c.master.number(b))
		}
		for range c.dimensions {
			p.y[at] = 0
			if k := c.books[value&(len(c.books)-1)]; k != nil {
				p.y[at] = max(0, k.number(b))
			}
			value >>= c.subclasses
			at++
		}
	}
	if p.used = !b.ended; p.used {
		f.predict(p)
	}
}

// predict turns differences from the line between two neighbours into heights
// (section 7.2.4, step 1).
func (f *floor) predict(p *points) {
	p.set[0], p.set[1] = true, true
	span := ranges[f.multiplier]
	for i := 2; i < len(f.x); i++ {
		low, high := f.low[i], f.high[i]
		guess := lineAt(f.x[low], p.y[low], f.x[high], p.y[high], f.x[i])
		value := p.y[i]
		p.y[i] = guess
		if p.set[i] = value != 0; !p.set[i] {
			continue
		}
		p.set[low], p.set[high] = true, true
		above, below := span-guess, guess
		switch room := 2 * min(above, below); {
		case value >= room && above > below:
			p.y[i] = value
		case value >= room:
			p.y[i] = span - 1 - value
		case value&1 != 0:
			p.y[i] = guess - (value+1)/2
		default:
			p.y[i] = guess + value/2
		}
		p.y[i] = min(max(p.y[i], 0), span-1)
	}
}

// lineAt is the height of the line from x0, y0 to x1, y1 at x, rounded towards y0.
func lineAt(x0, y0, x1, y1, x int) int {
	dy := y1 - y0
	off := max(dy, -dy) * (x - x0) / (x1 - x0)
	if dy < 0 {
		return y0 - off
	}
	return y0 + off
}

// decibels are the heights of a floor as factors: 140 dB in 256 steps.
var decibels = func() (t [256]float32) {
	for i := range t {
		t[i] = float32(math.Pow(10, float64(i-255)*140/256/20))
	}
	return t
}()

// apply multiplies a spectrum with the curve (section 7.2.4, step 2).
func (f *floor) apply(p *points, spectrum []float32) {
	x0, y0 := 0, p.y[0]*f.multiplier
	for _, i := range f.order[1:] {
		if !p.set[i] {
			continue
		}
		x1, y1 := f.x[i], p.y[i]*f.multiplier
		line(spectrum, x0, y0, x1, y1)
		x0, y0 = x1, y1
	}
	for i := x0; i < len(spectrum); i++ {
		spectrum[i] *= decibels[y0&255]
	}
}

// line multiplies with the line from x0 to before x1, in whole steps (section 9.2.7).
func line(spectrum []float32, x0, y0, x1, y1 int) {
	dx, dy := x1-x0, y1-y0
	step, sign := dy/dx, 1
	if dy < 0 {
		sign = -1
	}
	rest := max(dy, -dy) - max(step, -step)*dx
	y, over := y0, 0
	for x := x0; x < min(x1, len(spectrum)); x++ {
		spectrum[x] *= decibels[y&255]
		y += step
		if over += rest; over >= dx {
			over -= dx
			y += sign
		}
	}
}
