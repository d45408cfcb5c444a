package ogg

import (
	"bytes"
	"encoding/binary"
)

// Flags of a page.
const (
	flagContinued = 1 // the first segment goes on with a packet of the page before
	flagFirst     = 2 // of a logical stream
	flagLast      = 4
)

const headerSize = 27

// page is one page of the container (RFC 3533 section 6). Slices point into the
// reader's data.
type page struct {
	flags    byte
	granule  int64
	serial   uint32
	sequence uint32
	lacing   []byte // lengths of the segments
	body     []byte
}

// crcFactor bounds how often the bytes of a file may go through the checksum: once
// where all is well, a few times more around damage.
const crcFactor = 8

// nextPage finds the next page whose checksum is right, and false when there is
// none. What lies between is passed.
func (r *Reader) nextPage() (page, bool) {
	for {
		i := bytes.Index(r.data, []byte("OggS"))
		if i < 0 {
			r.data = nil
			return page{}, false
		}
		r.data = r.data[i:]
		if p, size, ok := r.readPage(); ok {
			r.data = r.data[size:]
			return p, true
		}
		r.Damaged++
		r.data = r.data[1:]
	}
}

// readPage reads the page that the data begins with.
func (r *Reader) readPage() (p page, size int, ok bool) {
	d := r.data
	if len(d) < headerSize || d[4] != 0 {
		return p, 0, false
	}
	segments := int(d[26])
	if len(d) < headerSize+segments {
		return p, 0, false
	}
	p.lacing = d[headerSize : headerSize+segments]
	size = headerSize + segments
	for _, n := range p.lacing {
		size += int(n)
	}
	if len(d) < size || r.budget < size {
		return p, 0, false
	}
	r.budget -= size
	sum := crc(crc(0, d[:22]), []byte{0, 0, 0, 0})
	if crc(sum, d[26:size]) != binary.LittleEndian.Uint32(d[22:]) {
		return p, 0, false
	}
	p.flags = d[5]
	p.granule = int64(binary.LittleEndian.Uint64(d[6:]))
	p.serial = binary.LittleEndian.Uint32(d[14:])
	p.sequence = binary.LittleEndian.Uint32(d[18:])
	p.body = d[headerSize+segments : size]
	return p, size, true
}
