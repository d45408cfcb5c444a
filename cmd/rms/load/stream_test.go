package load

import (
	"encoding/binary"
	"testing"
	"time"
)

const ms = int64(time.Millisecond)

type feeder struct {
	s *stream
	m *meter
	t *testing.T
}

func newFeeder(t *testing.T) *feeder {
	t.Helper()
	c, err := findCodec("PCMU")
	if err != nil {
		t.Fatal(err)
	}
	s := &stream{codec: c, ptime: 20 * time.Millisecond, began: 1}
	s.allow(0)
	m := &meter{}
	m.windowFrom.Store(1)
	return &feeder{s, m, t}
}

func rtpPacket(sequence uint16, timestamp, ssrc uint32) []byte {
	b := make([]byte, 64)
	b[0] = 0x80
	binary.BigEndian.PutUint16(b[2:], sequence)
	binary.BigEndian.PutUint32(b[4:], timestamp)
	binary.BigEndian.PutUint32(b[8:], ssrc)
	for i := rtpHeader; i < len(b); i++ {
		b[i] = 0xff
	}
	return b
}

// at feeds the packet of a sequence number as it arrives late by a time.
func (f *feeder) at(n int, late int64) {
	f.s.packet(rtpPacket(uint16(65530+n), uint32(n*160), 7), 1000*ms+int64(n)*20*ms+late, f.m)
}

func (f *feeder) end() totals {
	f.m.windowTo.Store(2000 * ms)
	f.s.finish(f.m)
	return f.m.totals
}

func TestSteadyStreamHasNoDeviationOverTheSequenceWrap(t *testing.T) {
	f := newFeeder(t)
	for n := range 20 {
		f.at(n, 0)
	}
	got := f.end()
	if got.Received != 20 || got.InWindow != 20 || got.Lost != 0 || got.Restarts != 0 || f.m.steady.max != 0 || f.m.steady.total != 19 {
		t.Errorf("%+v, deviation %v", got, f.m.steady.spread())
	}
	if got.Heard != 0 || got.WithPackets != 1 {
		t.Errorf("silence was heard: %+v", got)
	}
}

func TestLossDuplicateAndReorderAreToldApart(t *testing.T) {
	f := newFeeder(t)
	for _, n := range []int{0, 1, 3, 2, 4, 4, 7} { // 5 and 6 never come
		f.at(n, 0)
	}
	got := f.end()
	if got.Lost != 2 || got.Duplicates != 1 || got.Reordered != 1 || got.Received != 7 {
		t.Errorf("%+v", got)
	}
	if f.m.steady.max != 0 {
		t.Errorf("a hole of two packets is no deviation: max %d", f.m.steady.max)
	}
}

func TestLateIsMoreThanTwentyBehindTheLeastDelay(t *testing.T) {
	f := newFeeder(t)
	f.at(0, 5*ms)
	f.at(1, 0) // least delay
	f.at(2, 19*ms)
	f.at(3, 21*ms)
	f.at(4, 30*ms) // behind for good
	got := f.end()
	if got.Late != 2 || f.m.steady.max != 19*ms {
		t.Errorf("late %d, max deviation %d", got.Late, f.m.steady.max/ms)
	}
}

func TestPacketsOutsideTheWindowAreCountedApart(t *testing.T) {
	f := newFeeder(t)
	f.m.windowFrom.Store(1050 * ms)
	f.m.windowTo.Store(1090 * ms)
	for n := range 10 {
		f.at(n, 0)
	}
	f.s.finish(f.m)
	got := f.m.totals
	if got.InWindow != 2 || got.Received != 10 || f.m.steady.total != 2 || f.m.outside.total != 7 || got.Expected != 2 {
		t.Errorf("%+v, in %d, out %d", got, f.m.steady.total, f.m.outside.total)
	}
}

func TestExpectedEndsWithTheCall(t *testing.T) {
	f := newFeeder(t)
	f.m.windowFrom.Store(1000 * ms)
	f.s.began = 1100 * ms
	f.s.stopped.Store(1500 * ms)
	if got := f.end(); got.Expected != 20 {
		t.Errorf("expected %v packets of 400 ms, want 20", got.Expected)
	}
}

func TestNewSourceIsARestartNotALoss(t *testing.T) {
	f := newFeeder(t)
	f.at(0, 0)
	f.at(1, 0)
	f.s.packet(rtpPacket(9000, 5, 8), 1040*ms, f.m)
	f.s.packet(rtpPacket(9001, 165, 8), 1060*ms, f.m)
	f.s.packet(rtpPacket(9002, 4000000000, 8), 1080*ms, f.m) // timestamp jumps
	if got := f.end(); got.Restarts != 2 || got.Lost != 0 || got.WithPackets != 1 || f.m.steady.max != 0 {
		t.Errorf("%+v, max %d", got, f.m.steady.max)
	}
}

func TestForeignPayloadsAndJunkAreNotAudio(t *testing.T) {
	f := newFeeder(t)
	event := rtpPacket(1, 1, 7)
	event[1] = 101
	for _, b := range [][]byte{nil, make([]byte, 11), make([]byte, 40), event} {
		f.s.packet(b, 5, f.m)
	}
	if got := f.end(); got.Bad != 3 || got.Other != 1 || got.Received != 0 || got.WithPackets != 0 {
		t.Errorf("%+v", got)
	}
}

func TestSoundIsToldFromSilence(t *testing.T) {
	tone := toneOf(codec{name: "PCMU", clockRate: 8000, bytesPer: 8})
	if len(tone) != 8000 || !soundIn(tone[:52]) || soundIn(rtpPacket(0, 0, 0)[rtpHeader:]) || soundIn(nil) {
		t.Errorf("tone of %d bytes: sound %v", len(tone), soundIn(tone[:52]))
	}
}

func TestCountingAPacketDoesNotAllocate(t *testing.T) {
	f := newFeeder(t)
	b := rtpPacket(0, 0, 7)
	n := 0
	if allocs := testing.AllocsPerRun(100, func() {
		n++
		binary.BigEndian.PutUint16(b[2:], uint16(n))
		binary.BigEndian.PutUint32(b[4:], uint32(n*160))
		f.s.packet(b, int64(n)*20*ms, f.m)
	}); allocs != 0 {
		t.Errorf("%v allocations", allocs)
	}
}

func TestHistogramQuantilesAreRightToTwoPercent(t *testing.T) {
	var h histogram
	for i := range 10000 {
		h.add(int64(i+1) * 1000)
	}
	for q, want := range map[float64]int64{0.5: 5000e3, 0.99: 9900e3, 0.999: 9990e3, 1: 10000e3} {
		if got := int64(h.quantile(q)); got < want || float64(got) > float64(want)*1.02 {
			t.Errorf("quantile %v = %d, want %d", q, got, want)
		}
	}
	for _, v := range []int64{-5, 0, 1, 63, 64, 65, 127, 128, 129, 1 << 20, 1<<62 + 1} {
		b := bucketOf(v)
		if upperOf(b) < v && b != len(h.counts)-1 {
			t.Errorf("%d falls into a bucket that ends at %d", v, upperOf(b))
		}
		if b > 0 && upperOf(b-1) >= v {
			t.Errorf("%d belongs to an earlier bucket", v)
		}
	}
}

func FuzzStreamSurvivesAnyPacket(f *testing.F) {
	f.Add(rtpPacket(1, 160, 7), rtpPacket(65535, 0, 9))
	f.Fuzz(func(t *testing.T, a, b []byte) {
		fd := newFeeder(t)
		for i, p := range [][]byte{a, b, a, b, b} {
			fd.s.packet(p, int64(i)*20*ms, fd.m)
		}
		if got := fd.end(); got.Lost > 5*maxDropout {
			t.Errorf("%d lost of five packets", got.Lost)
		}
	})
}
