// Package vorbis decodes Vorbis I, after the public specification
// (https://xiph.org/vorbis/doc/Vorbis_I_spec.html; sections are named after it). It
// takes packets; package ogg takes those out of a file.
//
//	d, err := vorbis.New(first)          // identification header
//	err = d.Setup(third)                 // the second is of comments
//	channels, err := d.Decode(packet)    // nothing for the first
//
// Floor type 1, all residues and any number of submaps are decoded, for 1 to 8
// channels. Floor type 0, which encoders stopped to make before 1.0, is refused.
//
// The headers of a stream may be hostile: the space that its tables take is bounded
// before it is allocated, and a packet takes no more work than its block has
// values.
package vorbis

import (
	"errors"
	"fmt"
	"math"
)

// maxChannels is what PCM has at most elsewhere too.
const maxChannels = 8

// Decoder decodes one stream. One goroutine at a time uses it.
type Decoder struct {
	rate, channels int
	setup          *setup
	short, long    block

	before  int         // size of the block before, 0 without one
	tail    [][]float32 // second half of it, windowed, by channel
	spectra [][]float32
	join    []float32
	floors  []points
	samples []float32
	out     [][]float32
}

// block is what there is for one of the two sizes.
type block struct {
	size  int
	mdct  *mdct
	slope []float32 // rising half of the window
}

// New begins with the identification header, the first packet of a stream.
func New(packet []byte) (*Decoder, error) {
	b, err := header(packet, 1)
	if err != nil {
		return nil, err
	}
	version := b.read(32)
	d := &Decoder{channels: b.number(8), rate: b.number(32)}
	b.data = packet[min(len(packet), 28):] // past three bit rates, which say nothing about decoding
	b.word, b.have = 0, 0
	short, long := 1<<b.read(4), 1<<b.read(4)
	if framing := b.flag(); b.ended || !framing {
		return nil, errors.New("identification header is cut off")
	}
	switch {
	case version != 0:
		return nil, fmt.Errorf("version %d of Vorbis", version)
	case d.channels < 1 || d.channels > maxChannels:
		return nil, fmt.Errorf("%d channels: allowed are 1 to %d", d.channels, maxChannels)
	case d.rate < 1:
		return nil, fmt.Errorf("sample rate of %d Hz", d.rate)
	case short < 64 || long > 8192 || short > long:
		return nil, fmt.Errorf("blocks of %d and %d samples", short, long)
	}
	d.short, d.long = newBlock(short), newBlock(long)
	d.floors = make([]points, d.channels)
	d.samples = make([]float32, long)
	d.join = make([]float32, long/2*d.channels)
	for range d.channels {
		d.tail = append(d.tail, make([]float32, long/2))
		d.spectra = append(d.spectra, make([]float32, long/2))
		d.out = append(d.out, make([]float32, long/2))
	}
	return d, nil
}

func newBlock(size int) block {
	b := block{size: size, mdct: newMDCT(size), slope: make([]float32, size/2)}
	for i := range b.slope {
		s := math.Sin((float64(i) + 0.5) / float64(size) * math.Pi)
		b.slope[i] = float32(math.Sin(math.Pi / 2 * s * s))
	}
	return b
}

// Setup takes the setup header, the third packet.
func (d *Decoder) Setup(packet []byte) error {
	s, err := readSetup(packet, d.channels)
	if err != nil {
		return err
	}
	d.setup = s
	return nil
}

// Rate returns the sample rate in Hz.
func (d *Decoder) Rate() int { return d.rate }

// Channels returns how many channels there are.
func (d *Decoder) Channels() int { return d.channels }

// IsAudio reports whether a packet is one to decode, not a header.
func IsAudio(packet []byte) bool { return len(packet) > 0 && packet[0]&1 == 0 }

// Decode decodes one audio packet and returns samples of each channel, 1 is full
// scale. They are those that the block before overlaps with, so the first packet of
// a stream gives none. They are valid until the next Decode. After an error the
// next packet can be decoded, without what it overlaps with.
func (d *Decoder) Decode(packet []byte) ([][]float32, error) {
	if d.setup == nil {
		return nil, errors.New("packet before the setup header")
	}
	b := &bits{data: packet}
	if b.flag() || len(packet) == 0 {
		return nil, errors.New("not an audio packet")
	}
	n := b.number(ilog(len(d.setup.modes) - 1))
	if n >= len(d.setup.modes) || b.ended {
		d.before = 0
		return nil, errors.New("audio packet of a mode that is not there")
	}
	m := &d.setup.modes[n]
	k := &d.short
	before, after := k, k // sizes of the slopes
	if m.long {
		k = &d.long
		if b.flag() {
			before = k
		}
		if b.flag() {
			after = k
		}
	}
	d.decodeSpectra(b, m.mapping, k.size/2)
	return d.overlap(k, before, after), nil
}

// decodeSpectra reads floors and residues and puts them together (section 4.3).
func (d *Decoder) decodeSpectra(b *bits, m *mapping, half int) {
	for i := range d.floors {
		m.floors[m.submap[i]].decode(b, &d.floors[i])
		d.spectra[i] = d.spectra[i][:half]
		clear(d.spectra[i])
	}
	var used [maxChannels]bool
	for i := range d.floors {
		used[i] = d.floors[i].used
	}
	for _, c := range m.coupling {
		both := used[c.magnitude] || used[c.angle]
		used[c.magnitude], used[c.angle] = both, both
	}
	if !b.ended {
		d.decodeResidues(b, m, &used)
	}
	for i := len(m.coupling) - 1; i >= 0; i-- {
		c := m.coupling[i]
		decouple(d.spectra[c.magnitude], d.spectra[c.angle])
	}
	for i := range d.floors {
		if d.floors[i].used {
			m.floors[m.submap[i]].apply(&d.floors[i], d.spectra[i])
		} else {
			clear(d.spectra[i])
		}
	}
}

// decodeResidues reads the residue of each submap.
func (d *Decoder) decodeResidues(b *bits, m *mapping, used *[maxChannels]bool) {
	var list [maxChannels][]float32
	for submap, r := range m.residues {
		spectra := list[:0]
		for i, s := range d.spectra {
			if m.submap[i] != submap {
				continue
			}
			if !used[i] {
				s = nil
			}
			spectra = append(spectra, s)
		}
		r.decode(b, spectra, d.join)
	}
}

// decouple turns magnitude and angle into two channels (section 4.3.5).
func decouple(magnitude, angle []float32) {
	for i, m := range magnitude {
		a := angle[i]
		switch {
		case m > 0 && a > 0:
			angle[i] = m - a
		case m > 0:
			angle[i] = m
			magnitude[i] = m + a
		case a > 0:
			angle[i] = m + a
		default:
			angle[i] = m
			magnitude[i] = m - a
		}
	}
}

// overlap makes the samples of a block and returns those that are done: from the
// middle of the block before to the middle of this one.
func (d *Decoder) overlap(k, before, after *block) [][]float32 {
	n := k.size
	done := 0
	if d.before > 0 {
		done = d.before/4 + n/4
	}
	for i := range d.spectra {
		y := d.samples[:n]
		k.mdct.inverse(d.spectra[i], y)
		window(y[:n/2], before.slope, false)
		window(y[n/2:], after.slope, true)
		out := d.out[i][:done]
		if done > 0 {
			// The quarters of both blocks that are nearest to each other meet.
			copy(out, d.tail[i][:min(done, d.before/2)])
			for j := d.before / 2; j < done; j++ {
				out[j] = 0
			}
			from := n/4 - d.before/4
			for j := max(0, -from); j < done; j++ {
				out[j] += y[j+from]
			}
		}
		d.out[i] = out
		copy(d.tail[i], y[n/2:])
	}
	d.before = n
	if done == 0 {
		return nil
	}
	return d.out
}

// window fades half of a block in, or out: with a slope in its middle, silence
// before that and all of it after.
func window(y, slope []float32, out bool) {
	flat := (len(y) - len(slope)) / 2
	for i := range y {
		j := i
		if out {
			j = len(y) - 1 - i
		}
		switch at := j - flat; {
		case at < 0:
			y[i] = 0
		case at < len(slope):
			y[i] *= slope[at]
		}
	}
}
