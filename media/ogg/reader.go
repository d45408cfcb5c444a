// Package ogg takes packets out of the Ogg container (RFC 3533). It checks every
// page's checksum, finds the next whole page after damage, and follows one logical
// stream of a file, and the streams that are chained to it.
//
//	r := ogg.NewReader(data, func(first []byte) bool { return bytes.HasPrefix(first, []byte("OpusHead")) })
//	for {
//		p, err := r.Next() // io.EOF after the last
//		...
//	}
package ogg

import (
	"errors"
	"fmt"
	"io"
)

// MaxPacket is the longest packet in bytes. The books of a Vorbis stream are the
// longest that there are, a few thousand bytes.
const MaxPacket = 1 << 20

// ErrPacket says that a packet is longer than MaxPacket.
var ErrPacket = errors.New("packet too long")

// Packet is one packet of the stream.
type Packet struct {
	Data []byte // valid until the next Next
	// Granule is the position of the end of this packet, in units of the codec; -1
	// when another packet ends on the same page after it.
	Granule int64
	First   bool // begins a logical stream
	Last    bool // ends one
	Lost    bool // something before it is missing
}

// Reader reads packets of one file in memory. One goroutine at a time uses it.
type Reader struct {
	// Damaged counts the places where a page began that was cut off or had a wrong checksum.
	Damaged int

	data   []byte
	pick   func(first []byte) bool
	budget int // bytes that may still go through the checksum

	serial   uint32
	picked   bool // serial is what is being read
	begun    bool // a page after the first of the picked stream was there
	sequence uint32

	page    page // what is left of it
	partial []byte
	started bool // partial is the beginning of a packet
	lost    bool
}

// NewReader reads data, of which it follows the first stream whose first packet
// pick accepts; nil takes any.
func NewReader(data []byte, pick func(first []byte) bool) *Reader {
	return &Reader{data: data, pick: pick, budget: crcFactor*len(data) + 1<<17}
}

// Next returns the next packet, or io.EOF after the last.
func (r *Reader) Next() (Packet, error) {
	for {
		for len(r.page.lacing) > 0 {
			p, whole, err := r.packet()
			if err != nil || whole {
				return p, err
			}
		}
		p, ok := r.nextPage()
		if !ok {
			return Packet{}, io.EOF
		}
		if r.wants(p) {
			r.enter(p)
		}
	}
}

// wants decides whether a page belongs to the stream that is followed. A stream
// that begins when the one before it has been read on is chained to it; one that
// begins before that is beside it.
func (r *Reader) wants(p page) bool {
	if p.flags&flagFirst == 0 || r.picked && !r.begun {
		return r.picked && p.serial == r.serial && p.flags&flagFirst == 0
	}
	if r.pick != nil && !r.pick(firstPacket(p)) {
		return false
	}
	r.picked, r.begun = true, false
	r.serial = p.serial
	r.sequence = p.sequence
	r.started, r.lost = false, false
	return true
}

// firstPacket returns what a page has of its first packet.
func firstPacket(p page) []byte {
	n := 0
	for _, l := range p.lacing {
		n += int(l)
		if l < 255 {
			break
		}
	}
	return p.body[:n]
}

// enter begins with a page of the stream.
func (r *Reader) enter(p page) {
	r.begun = r.begun || p.flags&flagFirst == 0
	if p.sequence != r.sequence {
		r.started, r.lost = false, true
	}
	r.sequence = p.sequence + 1
	r.page = p
	continued := p.flags&flagContinued != 0
	switch {
	case r.started && !continued:
		r.started, r.lost = false, true
	case !r.started && continued:
		r.skip()
		r.lost = true
	}
	if !r.started {
		r.partial = r.partial[:0]
	}
}

// skip passes the end of a packet that has no beginning.
func (r *Reader) skip() {
	for len(r.page.lacing) > 0 {
		n := r.page.lacing[0]
		r.page.lacing, r.page.body = r.page.lacing[1:], r.page.body[n:]
		if n < 255 {
			return
		}
	}
}

// packet takes segments of the page until a packet is whole or the page is empty.
func (r *Reader) packet() (p Packet, whole bool, err error) {
	n, length := 0, 0
	for n < len(r.page.lacing) && !whole {
		length += int(r.page.lacing[n])
		whole = r.page.lacing[n] < 255
		n++
	}
	data := r.page.body[:length]
	r.page.lacing, r.page.body = r.page.lacing[n:], r.page.body[length:]
	if len(r.partial)+length > MaxPacket {
		return Packet{}, false, fmt.Errorf("read packet of more than %d bytes: %w", MaxPacket, ErrPacket)
	}
	if r.started || !whole {
		r.partial = append(r.partial, data...)
		data = r.partial
	}
	if r.started = !whole; !whole {
		return Packet{}, false, nil
	}
	p = Packet{Data: data, Granule: -1, First: r.page.flags&flagFirst != 0, Lost: r.lost}
	r.lost = false
	r.partial = r.partial[:0]
	r.page.flags &^= flagFirst
	if !r.endsLater() {
		p.Granule, p.Last = r.page.granule, r.page.flags&flagLast != 0
	}
	return p, true, nil
}

// endsLater reports whether one more packet ends on the page.
func (r *Reader) endsLater() bool {
	for _, l := range r.page.lacing {
		if l < 255 {
			return true
		}
	}
	return false
}
