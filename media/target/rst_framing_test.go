package target_test

import (
	"encoding/binary"
	"testing"

	"rms/media"
	"rms/media/wire/rst"
)

func TestRSTDataFramingKeepsTheHeaderOnThePairs(t *testing.T) {
	t.Parallel()
	f := newRSTTwo(t)
	o := f.options()
	o.Framing, o.Codec = "data", media.Codec{Name: "PCMA"}
	s := f.open(t, o, func() { f.main.say(f.main.next().from, f.ack()) })
	s.write(rstRamp(160, 2), 2)
	if p := f.read.data(); p.Side != rst.Read || p.PT != rst.PCMA || len(p.Payload) != 160 {
		t.Errorf("%+v", p)
	}
	if p := f.write.data(); p.Side != rst.Write || p.PT != rst.PCMA {
		t.Errorf("%+v", p)
	}
}

func TestRSTRTPFramingHasAPlainHeader(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		codec string
		pt    byte
		size  int
	}{{"PCMU", 0, 160}, {"PCMA", 8, 160}, {"", 96, 320}} {
		f := newRSTTwo(t)
		o := f.options()
		o.Framing, o.Codec = "rtp", media.Codec{Name: c.codec}
		s := f.open(t, o, func() { f.main.say(f.main.next().from, f.ack()) })
		pcm := rstRamp(160, 2)
		pcm[0] = 0x0102
		s.write(pcm, 2)
		s.write(pcm, 2)
		if err := s.Write(&media.Frame{Lost: true, Samples: 480}); err != nil {
			t.Error(err)
		}
		s.write(pcm, 2)
		first, second, third := f.read.next().text, f.read.next().text, f.read.next().text
		if len(first) != 12+c.size || first[0] != 0x80 || first[1] != 0x80|c.pt || second[1] != c.pt || third[1] != 0x80|c.pt {
			t.Errorf("%q: % .14x | % .14x | % .14x", c.codec, first, second, third)
		}
		seq := func(p string) uint16 { return binary.BigEndian.Uint16([]byte(p[2:])) }
		ts := func(p string) uint32 { return binary.BigEndian.Uint32([]byte(p[4:])) }
		if seq(second) != seq(first)+1 || seq(third) != seq(second)+1 || ts(second) != ts(first)+160 || ts(third) != ts(second)+160+480 {
			t.Errorf("%q: sequence %d %d %d, timestamps %d %d %d", c.codec, seq(first), seq(second), seq(third), ts(first), ts(second), ts(third))
		}
		if other := f.write.next().text; other[8:12] == first[8:12] || first[8:12] != third[8:12] {
			t.Errorf("%q: SSRC % x and % x", c.codec, first[8:12], other[8:12])
		}
		if c.pt == 96 && (first[12] != 1 || first[13] != 2) {
			t.Errorf("L16 is not in network order: % x", first[12:14])
		}
	}
}
