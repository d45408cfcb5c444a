package waveform

import (
	"encoding/binary"
	"errors"
	"hash/crc32"
	"math"
	"time"
)

// magic begins an overview that was written down. Another version is not read but made
// anew.
const magic = "rmswave1"

// Bounds of an overview that is read.
const (
	maxSides  = 8
	sideBytes = 2 * 8 // durations
	binBytes  = 8
	headBytes = len(magic) + 8 + 4*3 + 8*2 + 8*3
)

var errForeign = errors.New("this is no overview of the file")

// marshal writes an overview of the file that key stands for.
func (o *Overview) marshal(key uint64) []byte {
	le := binary.LittleEndian
	n := 0
	if len(o.Sides) > 0 {
		n = len(o.Sides[0])
	}
	b := make([]byte, 0, headBytes+len(o.Sides)*(sideBytes+n*binBytes)+4)
	b = append(b, magic...)
	b = le.AppendUint64(b, key)
	for _, v := range []int{o.Rate, len(o.Sides), n} {
		b = le.AppendUint32(b, uint32(v)) //nolint:gosec // bounded by what a WAV file has
	}
	for _, v := range []int64{o.Samples, o.Step, int64(o.Talk.Both), int64(o.Talk.Silence), int64(o.Talk.Paused)} {
		b = le.AppendUint64(b, uint64(v)) //nolint:gosec // read as it was written
	}
	for c, side := range o.Sides {
		b = le.AppendUint64(b, uint64(o.Talk.Sides[c])) //nolint:gosec // the same
		b = le.AppendUint64(b, uint64(o.Talk.Alone[c])) //nolint:gosec // the same
		for _, bin := range side {
			b = le.AppendUint16(b, uint16(bin.Low))  //nolint:gosec // the same
			b = le.AppendUint16(b, uint16(bin.High)) //nolint:gosec // the same
			b = le.AppendUint32(b, math.Float32bits(bin.Power))
		}
	}
	return le.AppendUint32(b, crc32.ChecksumIEEE(b))
}

// unmarshal reads an overview, if it is of the file that key stands for.
func unmarshal(b []byte, key uint64) (*Overview, error) {
	le := binary.LittleEndian
	if len(b) < headBytes+4 || string(b[:len(magic)]) != magic || le.Uint64(b[len(magic):]) != key {
		return nil, errForeign
	}
	body := b[:len(b)-4]
	if crc32.ChecksumIEEE(body) != le.Uint32(b[len(body):]) {
		return nil, errForeign
	}
	body = body[len(magic)+8:]
	rate, sides, n := int(le.Uint32(body)), int(le.Uint32(body[4:])), int(le.Uint32(body[8:]))
	body = body[12:]
	var v [5]int64
	for i := range v {
		v[i] = int64(le.Uint64(body[8*i:])) //nolint:gosec // as it was written
	}
	body = body[8*len(v):]
	o := &Overview{Rate: rate, Samples: v[0], Step: v[1]}
	if sides < 1 || sides > maxSides || n > maxBins || rate < 1 || rate > 192000 || len(body) != sides*(sideBytes+n*binBytes) ||
		o.Samples < 0 || o.Step < 1 || o.Step > 1<<40 || o.Samples > int64(n)*o.Step || n > 0 && o.Samples <= int64(n-1)*o.Step {
		return nil, errForeign
	}
	o.Talk = Talk{
		Both: time.Duration(v[2]), Silence: time.Duration(v[3]), Paused: time.Duration(v[4]),
		Sides: make([]time.Duration, sides), Alone: make([]time.Duration, sides),
	}
	o.Sides = make([][]Bin, sides)
	for c := range o.Sides {
		o.Talk.Sides[c], o.Talk.Alone[c] = time.Duration(le.Uint64(body)), time.Duration(le.Uint64(body[8:])) //nolint:gosec // the same
		body = body[sideBytes:]
		bins := make([]Bin, n)
		for i := range bins {
			bins[i] = Bin{int16(le.Uint16(body)), int16(le.Uint16(body[2:])), math.Float32frombits(le.Uint32(body[4:]))} //nolint:gosec // the same
			body = body[binBytes:]
		}
		o.Sides[c] = bins
	}
	return o, nil
}
