package rtp_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/rtp"
)

// key is one packet of a digit.
type key struct {
	ts       uint32
	event    byte
	end      bool
	duration uint16
	marker   bool
	after    time.Duration // before it comes
}

func (k key) packet(seq int) packet {
	b := []byte{k.event, 10, 0, 0}
	if k.end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], k.duration)
	return packet{seq: uint16(seq), ts: k.ts, ssrc: 0x1234, pt: 101, marker: k.marker, body: b}
}

// press returns the packets of a key as most senders make them.
func press(event byte, ts uint32, units int) (ks []key) {
	for d := 160; d < units; d += 160 {
		ks = append(ks, key{ts: ts, event: event, duration: uint16(d), marker: d == 160})
	}
	for range 3 {
		ks = append(ks, key{ts: ts, event: event, end: true, duration: uint16(units)})
	}
	return ks
}

func without(ks []key, drop func(i int, k key) bool) (out []key) {
	for i, k := range ks {
		if !drop(i, k) {
			out = append(out, k)
		}
	}
	return out
}

func TestEachKeyIsReportedOnce(t *testing.T) {
	t.Parallel()
	five := press(5, 1000, 1600)
	ends := func(i int, k key) bool { return k.end }
	long := []key{}
	for d := 3200; d <= 65535-3200; d += 3200 {
		long = append(long, key{ts: 1000, event: 7, duration: uint16(d)})
	}
	long = append(long, key{ts: 1000, event: 7, duration: 65535})
	long = append(long, key{ts: 1000 + 65535, event: 7, duration: 3200}, key{ts: 1000 + 65535, event: 7, end: true, duration: 16000})
	drifting := []key{}
	for i := range 8 {
		drifting = append(drifting, key{ts: 1000 + uint32(i)*160, event: 3, duration: uint16(160 * (i + 1)), marker: i == 0})
	}
	for i := range 3 {
		drifting = append(drifting, key{ts: 1000 + uint32(8+i)*160, event: 3, end: true, duration: 1440})
	}
	cases := map[string]struct {
		keys   []key
		digits string
		ms     []int
	}{
		"whole":                      {five, "5", []int{200}},
		"only one end":               {without(five, func(i int, k key) bool { return i < len(five)-1 }), "5", []int{200}},
		"no end, time-out":           {without(five, ends), "5", []int{180}},
		"no end, next key":           {append(without(five, ends), press(6, 4000, 800)...), "56", []int{180, 100}},
		"no end, same key again":     {append(without(five, ends), press(5, 4000, 800)...), "55", []int{180, 100}},
		"same key twice":             {append(press(5, 1000, 800), press(5, 2200, 800)...), "55", []int{100, 100}},
		"same key twice, ends only":  {append(press(5, 1000, 800)[4:], press(5, 2200, 800)[4:]...), "55", []int{100, 100}},
		"every packet twice":         {twice(five), "5", []int{200}},
		"out of order":               {[]key{five[2], five[0], five[1], five[9], five[3], five[10]}, "5", []int{200}},
		"old key after new":          {append(append(press(1, 1000, 800), press(2, 4000, 800)...), press(1, 1000, 800)[4:]...), "12", []int{100, 100}},
		"longer than a segment":      {long, "7", []int{10192}},
		"timestamp moves each time":  {drifting, "3", []int{180}},
		"late packets after timeout": {append(without(five, ends), key{ts: 1000, event: 5, duration: 1600, end: true, after: time.Second}), "5", []int{180}},
		"all keys":                   {allKeys(), "0123456789*#ABCD", nil},
		"flash and unknown":          {append(press(16, 1000, 800), press(200, 5000, 800)...), "", nil},
		"timestamp starts again":     {append(press(1, 4_000_000, 800), later(press(2, 100, 800), 3*time.Second)...), "12", []int{100, 100}},
		"timestamp wraps":            {append(press(1, 0xfffffe00, 800), press(2, 2000, 800)...), "12", []int{100, 100}},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, config())
			for i, k := range c.keys {
				r.idle(k.after)
				r.arrive(far, k.packet(i))
				r.turn(nil)
			}
			r.idle(time.Second)
			if r.digits != c.digits || r.s.Stats().Digits != uint64(len(c.digits)) {
				t.Fatalf("heard %q, want %q", r.digits, c.digits)
			}
			for i, ms := range c.ms {
				if got := r.lengths[i]; got.Round(time.Millisecond) != time.Duration(ms)*time.Millisecond {
					t.Errorf("key %d lasted %v, want %d ms", i, got, ms)
				}
			}
		})
	}
}

func twice(ks []key) (out []key) {
	for _, k := range ks {
		out = append(out, k, k)
	}
	return out
}

func later(ks []key, d time.Duration) []key {
	ks[0].after = d
	return ks
}

func allKeys() (out []key) {
	for i := range 16 {
		out = append(out, press(byte(i), uint32(1000+i*4000), 800)...)
	}
	return out
}

func TestDigitsLeaveAsRFC4733Events(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.talk()
	if err := r.s.SendDigits("1#", 100*time.Millisecond, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	for range 40 {
		r.talk()
	}
	sent := r.media()
	var events, audio int
	for i, p := range sent {
		if i > 0 && p.SequenceNumber != sent[i-1].SequenceNumber+1 {
			t.Fatalf("packet %d: sequence %d after %d", i, p.SequenceNumber, sent[i-1].SequenceNumber)
		}
		if p.PayloadType == 101 {
			events++
		} else {
			audio++
		}
	}
	// 100 ms are 5 packets, the last of which is the first end, and 2 more ends.
	if events != 14 || audio != 41-2*(5+5) {
		t.Errorf("%d events, %d packets of audio", events, audio)
	}
	checkDigit(t, sent[1:8], 1, sent[0].Timestamp+160)
	checkDigit(t, sent[8:15], 11, sent[0].Timestamp+160+10*160)
	if after := sent[15]; !after.Marker || after.PayloadType != 0 || after.Timestamp != sent[0].Timestamp+21*160 {
		t.Errorf("audio after the digits: %v", after.Header)
	}
}

func checkDigit(t *testing.T, packets []rtpPacket, event byte, ts uint32) {
	t.Helper()
	for i, p := range packets {
		d := binary.BigEndian.Uint16(p.Payload[2:])
		wantEnd, wantUnits := i >= 4, uint16(min(160*(i+1), 800))
		if p.Marker != (i == 0) || p.Timestamp != ts || p.Payload[0] != event ||
			p.Payload[1]&0x80 != 0 != wantEnd || d != wantUnits || p.Payload[1]&0x3f != 10 {
			t.Errorf("packet %d of event %d: %v % x", i, event, p.Header, p.Payload)
		}
	}
}

func TestALongKeyLeavesInSegments(t *testing.T) {
	t.Parallel()
	c := config()
	c.Codec, c.DTMFRate = l16, 16000
	r := newRig(t, c)
	if err := r.s.SendDigits("5", 8*time.Second, 100*time.Millisecond); err != nil {
		t.Fatal(err)
	}
	r.idle(9 * time.Second)
	sent := r.media()
	start, before, last, ends := sent[0].Timestamp, uint32(0), uint16(0), 0
	for i, p := range sent {
		d := binary.BigEndian.Uint16(p.Payload[2:])
		if p.Timestamp != start {
			if p.Timestamp != start+0xffff || last != 0xffff {
				t.Fatalf("packet %d: timestamp +%d after a duration of %d", i, p.Timestamp-start, last)
			}
			start, before, last = p.Timestamp, before+0xffff, 0
		}
		if d < last || p.Marker != (i == 0) {
			t.Errorf("packet %d: duration %d after %d, marker %v", i, d, last, p.Marker)
		}
		last = d
		if p.Payload[1]&0x80 != 0 {
			ends++
			if before+uint32(d) != 8*16000 {
				t.Errorf("it ends after %d units, want %d", before+uint32(d), 8*16000)
			}
		}
		r.arrive(far, packet{seq: p.SequenceNumber, ts: p.Timestamp, ssrc: 7, pt: 101, marker: p.Marker, body: p.Payload})
		r.turn(nil)
	}
	if ends != 3 || r.digits != "5" || r.lengths[0] != 8*time.Second {
		t.Errorf("%d ends; heard %q of %v", ends, r.digits, r.lengths)
	}
}

func TestAKeyThatPausesIsStillOneKeyInItsNextSegment(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	seq := 0
	say := func(ts uint32, units int, end bool) {
		r.arrive(far, key{ts: ts, event: 5, duration: uint16(units), end: end, marker: seq == 0}.packet(seq))
		seq++
		r.turn(nil)
	}
	for units := 160; units < 0xffff; units += 160 {
		say(1000, units, false)
		if units == 6400 {
			r.idle(600 * time.Millisecond)
		}
	}
	for units := 160; units < 8000; units += 160 {
		say(1000+0xffff, units, false)
	}
	say(1000+0xffff, 8000, true)
	if r.digits != "5" {
		t.Errorf("heard %q of %v", r.digits, r.lengths)
	}
	say(1000+0xffff+16000, 800, true)
	if r.digits != "55" {
		t.Errorf("heard %q after another press", r.digits)
	}
}

func TestAnotherKeyAtTheSameTimestampIsHeard(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for i, k := range append(press(1, 1000, 800), press(2, 1000, 800)...) {
		r.arrive(far, k.packet(i))
		r.turn(nil)
	}
	if r.digits != "12" {
		t.Errorf("heard %q", r.digits)
	}
}

func TestOurDigitsAreHeardByOurselves(t *testing.T) {
	t.Parallel()
	a, b := newRig(t, config()), newRig(t, config())
	if err := a.s.SendDigits("0123456789*#abcD", 80*time.Millisecond, 0); err != nil {
		t.Fatal(err)
	}
	for i := range 200 {
		a.turn(frame("PCMU/8000", 160))
		for _, p := range a.wire.sent {
			if p.c == rtp.Media && i%3 != 1 { // a third is lost
				b.wire.in[0] = append(b.wire.in[0], datagram{far, b.now.UnixNano(), p.data})
			}
		}
		a.wire.sent = nil
		b.turn(nil)
	}
	if b.digits != "0123456789*#ABCD" {
		t.Errorf("heard %q", b.digits)
	}
}

func TestSendDigitsRefusesWhatCannotBeSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	if err := r.s.SendDigits("12x", 0, 0); err == nil || !strings.Contains(err.Error(), `'x' at position 3`) {
		t.Errorf("12x: %v", err)
	}
	if err := r.s.SendDigits("1", time.Millisecond, 0); err == nil {
		t.Error("1 ms is too short")
	}
	if err := r.s.SendDigits(strings.Repeat("1", 65), 0, 0); !errors.Is(err, rtp.ErrDigitsFull) {
		t.Errorf("65 digits: %v", err)
	}
	c := config()
	c.DTMFType = 0
	r.s.Update(c)
	if err := r.s.SendDigits("1", 0, 0); !errors.Is(err, rtp.ErrNoDTMF) {
		t.Errorf("without telephone-event: %v", err)
	}
}

func TestDigitsAreNotLossForTheJitterBuffer(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for i := range 10 {
		r.arrive(far, audio(i))
		r.turn(nil)
	}
	for i, k := range press(1, 1600, 1600) {
		r.arrive(far, k.packet(10+i))
		r.turn(nil)
	}
	if st := r.s.Stats(); st.Lost != 0 || r.digits != "1" {
		t.Errorf("%q, %+v", r.digits, st)
	}
}

func ExampleSession_SendDigits() {
	fmt.Println((&rtp.Session{}).SendDigits("1", 0, 0))
	// Output: no telephone-event was agreed, or the call is on hold
}
