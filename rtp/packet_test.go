package rtp_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"rms/rtp"
)

// readHeader reads a header with nothing but RFC 3550 in hand: what the library
// that the product reads and writes with is held against.
func readHeader(b []byte) (p rtp.Packet, ok bool) {
	if len(b) < 12 || b[0]>>6 != 2 {
		return p, false
	}
	start, end := 12+4*int(b[0]&0x0f), len(b)
	if b[0]&0x10 != 0 {
		if start+4 > end {
			return p, false
		}
		start += 4 + 4*int(binary.BigEndian.Uint16(b[start+2:]))
	}
	if start > end {
		return p, false
	}
	if b[0]&0x20 != 0 {
		padding := int(b[end-1])
		if padding == 0 || padding > end-start {
			return p, false
		}
		end -= padding
	}
	return rtp.Packet{
		Marker: b[1]&0x80 != 0, PayloadType: b[1] & 0x7f, Sequence: binary.BigEndian.Uint16(b[2:]),
		Timestamp: binary.BigEndian.Uint32(b[4:]), SSRC: binary.BigEndian.Uint32(b[8:]), Payload: b[start:end],
	}, true
}

func same(a, b rtp.Packet) bool {
	return a.Marker == b.Marker && a.PayloadType == b.PayloadType && a.Sequence == b.Sequence &&
		a.Timestamp == b.Timestamp && a.SSRC == b.SSRC && bytes.Equal(a.Payload, b.Payload)
}

// fixed is the fixed header with another first byte and marker, payload type 101,
// sequence 0x1234, timestamp 0x55667788 and SSRC 0xdeadbeef.
func fixed(first byte, rest ...byte) []byte {
	return append([]byte{first, 0xe5, 0x12, 0x34, 0x55, 0x66, 0x77, 0x88, 0xde, 0xad, 0xbe, 0xef}, rest...)
}

var headers = map[string]struct {
	data    []byte
	payload string
	bad     bool
}{
	"plain":                               {data: fixed(0x80, 'a', 'b'), payload: "ab"},
	"nothing in it":                       {data: fixed(0x80)},
	"15 contributing sources":             {data: append(fixed(0x8f, make([]byte, 60)...), 'a'), payload: "a"},
	"a contributing source too few":       {data: fixed(0x82, 0, 0, 0, 1), bad: true},
	"padding":                             {data: fixed(0xa0, 'a', 0, 2), payload: "a"},
	"padding only":                        {data: fixed(0xa0, 0, 0, 3)},
	"padding of nothing":                  {data: fixed(0xa0, 'a', 0), bad: true},
	"more padding than packet":            {data: fixed(0xa0, 'a', 3), bad: true},
	"the padding bit and nothing else":    {data: fixed(0xa0), bad: true},
	"an extension of RFC 3550":            {data: fixed(0x90, 1, 2, 0, 1, 9, 9, 9, 9, 'a'), payload: "a"},
	"an empty extension":                  {data: fixed(0x90, 0xbe, 0xde, 0, 0, 'a'), payload: "a"},
	"one-byte elements":                   {data: fixed(0x90, 0xbe, 0xde, 0, 1, 0x10, 7, 0, 0, 'a'), payload: "a"},
	"a one-byte element that is too long": {data: fixed(0x90, 0xbe, 0xde, 0, 1, 0x1f, 7, 0, 0, 'a'), payload: "a"},
	"two-byte elements":                   {data: fixed(0x90, 0x10, 0, 0, 1, 1, 1, 7, 0, 'a'), payload: "a"},
	"a two-byte element that is too long": {data: fixed(0x90, 0x10, 0, 0, 1, 1, 99, 7, 0, 'a'), payload: "a"},
	"a two-byte element without a length": {data: fixed(0x90, 0x10, 0, 0, 1, 0, 0, 0, 1, 'a'), payload: "a"},
	"an extension, sources and padding":   {data: fixed(0xb1, 0, 0, 0, 1, 1, 2, 0, 0, 'a', 0, 2), payload: "a"},
	"an extension cut short":              {data: fixed(0x90, 1, 2, 0), bad: true},
	"an extension past the end":           {data: fixed(0x90, 1, 2, 0, 2, 9, 9, 9, 9), bad: true},
	"another version":                     {data: fixed(0x40, 'a'), bad: true},
	"eleven bytes":                        {data: fixed(0x80)[:11], bad: true},
	"nothing":                             {bad: true},
}

func TestAHeaderIsReadByItsBytes(t *testing.T) {
	t.Parallel()
	for name, test := range headers {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			before := bytes.Clone(test.data)
			p, ok := rtp.RawPacket(test.data)
			if ok == test.bad {
				t.Fatalf("read %v: %+v", ok, p)
			}
			if !bytes.Equal(test.data, before) {
				t.Errorf("the datagram % x became % x", before, test.data)
			}
			want := rtp.Packet{
				Marker: true, PayloadType: 101, Sequence: 0x1234, Timestamp: 0x55667788, SSRC: 0xdeadbeef, Payload: []byte(test.payload),
			}
			if ok && !same(p, want) {
				t.Errorf("got %+v, want %+v", p, want)
			}
		})
	}
}

func TestAHeaderIsWrittenByItsBytes(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	var tapped []rtp.Packet
	r.s.TapSent(func(p *rtp.Packet) {
		tapped = append(tapped, *p)
		tapped[len(tapped)-1].Payload = bytes.Clone(p.Payload)
	})
	for i := range 3 {
		f := frame("PCMU/8000", 160)
		f.Payload[0] = byte(i + 1)
		r.turn(f)
	}
	if len(tapped) != 3 || len(r.wire.sent) != 3 {
		t.Fatalf("%d packets tapped, %d sent, want 3", len(tapped), len(r.wire.sent))
	}
	for i, sent := range r.wire.sent {
		p, ok := readHeader(sent.data)
		if !ok || sent.data[0] != 0x80 || !same(p, tapped[i]) || len(p.Payload) != 160 || p.Payload[0] != byte(i+1) {
			t.Errorf("% x is not %+v", sent.data, tapped[i])
		}
	}
}

func TestNoHeaderAllocates(t *testing.T) {
	r := newRig(t, config())
	r.wire.mute = true
	var all []datagram
	for _, test := range headers {
		all = append(all, datagram{far, 1, test.data})
	}
	longest := fixed(0x90, 0x10, 0, 0x01, 0xf8) // elements as many as fit, two bytes each
	for len(longest) < 16+4*0x1f8 {
		longest = append(longest, 1, 0)
	}
	all = append(all, datagram{far, 1, longest})
	if n := testing.AllocsPerRun(1000, func() {
		r.wire.in[rtp.Media] = all
		r.turn(nil)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
	if st := r.s.Stats(); st.Malformed == 0 || st.PacketsIn == 0 {
		t.Errorf("stats %+v", st)
	}
}
