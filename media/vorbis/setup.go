package vorbis

import (
	"errors"
	"fmt"
)

// mapping says which floor and residue each channel has, and which channels are
// coded together (section 4.2.4).
type mapping struct {
	coupling []couple
	submap   []int // of each channel
	floors   []*floor
	residues []*residue
}

// couple is a pair of channels that is coded as a magnitude and an angle.
type couple struct{ magnitude, angle int }

// mode is a kind of audio packet.
type mode struct {
	long    bool
	mapping *mapping
}

// setup is what the third header holds.
type setup struct {
	modes []mode
}

// header checks how a header packet begins and returns the bits after that.
func header(packet []byte, kind byte) (*bits, error) {
	if len(packet) < 7 || packet[0] != kind || string(packet[1:7]) != "vorbis" {
		return nil, fmt.Errorf("packet is not header %d of Vorbis", kind)
	}
	return &bits{data: packet[7:]}, nil
}

// readSetup reads the third header.
func readSetup(packet []byte, channels int) (*setup, error) {
	b, err := header(packet, 5)
	if err != nil {
		return nil, err
	}
	space := maxTables
	books, err := list(b, 8, func() (*book, error) { return readBook(b, &space) })
	if err != nil {
		return nil, err
	}
	// Transforms that were never defined: all have to be 0.
	if _, err := list(b, 6, func() (int, error) { return 0, zero(b, 16) }); err != nil {
		return nil, err
	}
	floors, err := list(b, 6, func() (*floor, error) { return readFloor(b, books) })
	if err != nil {
		return nil, err
	}
	residues, err := list(b, 6, func() (*residue, error) { return readResidue(b, books) })
	if err != nil {
		return nil, err
	}
	mappings, err := list(b, 6, func() (*mapping, error) { return readMapping(b, channels, floors, residues) })
	if err != nil {
		return nil, err
	}
	modes, err := list(b, 6, func() (mode, error) { return readMode(b, mappings) })
	if err != nil {
		return nil, err
	}
	if !b.flag() || b.ended {
		return nil, errors.New("setup header is cut off")
	}
	return &setup{modes: modes}, nil
}

// list reads a number of things; how many is in the first bits, less one.
func list[T any](b *bits, width uint, read func() (T, error)) ([]T, error) {
	count := b.number(width) + 1
	if err := b.whole(); err != nil {
		return nil, err
	}
	all := make([]T, 0, count)
	for range count {
		v, err := read()
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	return all, nil
}

// zero reads bits that have to be 0.
func zero(b *bits, width uint) error {
	if b.read(width) != 0 {
		return errors.New("setup header uses what is reserved")
	}
	return b.whole()
}

func readMapping(b *bits, channels int, floors []*floor, residues []*residue) (*mapping, error) {
	if err := zero(b, 16); err != nil {
		return nil, err
	}
	submaps := 1
	if b.flag() {
		submaps = b.number(4) + 1
	}
	m := &mapping{submap: make([]int, channels)}
	if b.flag() {
		for range b.number(8) + 1 {
			c := couple{b.number(ilog(channels - 1)), b.number(ilog(channels - 1))}
			if c.magnitude == c.angle || max(c.magnitude, c.angle) >= channels {
				return nil, errors.New("mapping couples a channel that is not there")
			}
			m.coupling = append(m.coupling, c)
		}
	}
	if err := zero(b, 2); err != nil {
		return nil, err
	}
	if submaps > 1 {
		for i := range m.submap {
			if m.submap[i] = b.number(4); m.submap[i] >= submaps {
				return nil, errors.New("mapping uses a submap that is not there")
			}
		}
	}
	for range submaps {
		b.read(8)
		f, r := b.number(8), b.number(8)
		if f >= len(floors) || r >= len(residues) {
			return nil, errors.New("mapping uses a floor or residue that is not there")
		}
		m.floors, m.residues = append(m.floors, floors[f]), append(m.residues, residues[r])
	}
	return m, b.whole()
}

func readMode(b *bits, mappings []*mapping) (mode, error) {
	m := mode{long: b.flag()}
	if err := zero(b, 32); err != nil {
		return m, err
	}
	n := b.number(8)
	if n >= len(mappings) {
		return m, errors.New("mode uses a mapping that is not there")
	}
	m.mapping = mappings[n]
	return m, b.whole()
}
