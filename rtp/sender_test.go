package rtp_test

import (
	"testing"
	"time"

	"rms/media"
	"rms/rtp"
)

func TestSenderNumbersPacketsWithoutGaps(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for range 10 {
		r.turn(frame("PCMU/8000", 160))
	}
	sent := r.media()
	if len(sent) != 10 {
		t.Fatalf("%d packets, want 10", len(sent))
	}
	for i, p := range sent {
		if p.Marker != (i == 0) {
			t.Errorf("packet %d: marker %v", i, p.Marker)
		}
		if i > 0 && (p.SequenceNumber != sent[i-1].SequenceNumber+1 || p.Timestamp != sent[i-1].Timestamp+160) {
			t.Errorf("packet %d: sequence or timestamp is not the next", i)
		}
		if p.SSRC != r.s.SSRC() || p.PayloadType != 0 || len(p.Payload) != 160 {
			t.Errorf("packet %d: %v", i, p.Header)
		}
	}
	if r.wire.sent[0].to != far {
		t.Errorf("sent to %v", r.wire.sent[0].to)
	}
}

func TestSenderKeepsTimeThroughPausesAndSetsTheMarker(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.turn(frame("PCMU/8000", 160))
	r.idle(time.Second)
	r.turn(frame("PCMU/8000", 160))
	r.sender.(media.Skipper).Skip(5)
	r.turn(frame("PCMU/8000", 160))
	sent := r.media()
	if len(sent) != 3 {
		t.Fatalf("%d packets, want 3", len(sent))
	}
	if d := sent[1].Timestamp - sent[0].Timestamp; d != 51*160 {
		t.Errorf("timestamp moved by %d in 51 ticks, want %d", d, 51*160)
	}
	if d := sent[2].Timestamp - sent[1].Timestamp; d != 6*160 {
		t.Errorf("timestamp moved by %d over 5 skipped ticks, want %d", d, 6*160)
	}
	for i, p := range sent {
		if !p.Marker || p.SequenceNumber != sent[0].SequenceNumber+uint16(i) {
			t.Errorf("packet %d: marker %v, sequence %d", i, p.Marker, p.SequenceNumber)
		}
	}
}

func TestSenderCutsTicksToThePtime(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		codec       media.Codec
		tick, ptime time.Duration
	}{
		"10 from 20":         {pcmu, 20 * time.Millisecond, 10 * time.Millisecond},
		"30 from 10":         {pcma, 10 * time.Millisecond, 30 * time.Millisecond},
		"30 from 20":         {pcmu, 20 * time.Millisecond, 30 * time.Millisecond},
		"40 from 20":         {pcmu, 20 * time.Millisecond, 40 * time.Millisecond},
		"60 from 20":         {pcmu, 20 * time.Millisecond, 60 * time.Millisecond},
		"L16 at 20":          {l16, 20 * time.Millisecond, 20 * time.Millisecond},
		"L16 at 60 from 20":  {l16, 20 * time.Millisecond, 60 * time.Millisecond},
		"PCMU at 50 from 10": {pcmu, 10 * time.Millisecond, 50 * time.Millisecond},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := config()
			cfg.Codec, cfg.Ptime = c.codec, c.ptime
			r := newRig(t, cfg, ticks(c.tick))
			bytes := c.codec.ClockRate * c.codec.Bits / 8
			next := byte(0)
			for range int(600 * time.Millisecond / c.tick) {
				f := frame(c.codec.Encoding(), bytes*int(c.tick)/int(time.Second))
				for i := range f.Payload {
					f.Payload[i] = next
					next++
				}
				r.turn(f)
			}
			sent := r.media()
			if want := int(600 * time.Millisecond / c.ptime); len(sent) != want {
				t.Fatalf("%d packets, want %d", len(sent), want)
			}
			next = 0
			for i, p := range sent {
				if want := bytes * int(c.ptime) / int(time.Second); len(p.Payload) != want {
					t.Fatalf("packet %d has %d bytes, want %d", i, len(p.Payload), want)
				}
				if i > 0 && p.Timestamp-sent[i-1].Timestamp != uint32(c.codec.ClockRate)*uint32(c.ptime/time.Millisecond)/1000 {
					t.Fatalf("packet %d: timestamp moved by %d", i, p.Timestamp-sent[i-1].Timestamp)
				}
				for _, b := range p.Payload {
					if b != next {
						t.Fatalf("packet %d: audio out of order", i)
					}
					next++
				}
			}
		})
	}
}

func TestSenderSendsAShortPacketBeforeSilence(t *testing.T) {
	t.Parallel()
	c := config()
	c.Ptime = 60 * time.Millisecond
	r := newRig(t, c)
	r.turn(frame("PCMU/8000", 160))
	r.turn(nil)
	r.turn(frame("PCMU/8000", 160))
	r.turn(frame("PCMU/8000", 160))
	r.turn(frame("PCMU/8000", 160))
	sent := r.media()
	if len(sent) != 2 || len(sent[0].Payload) != 160 || len(sent[1].Payload) != 480 {
		t.Fatalf("sent %v", sent)
	}
	if sent[1].Timestamp-sent[0].Timestamp != 320 || !sent[1].Marker {
		t.Errorf("second packet: %v after %v", sent[1].Header, sent[0].Header)
	}
}

func TestSenderIsSilentOnHoldAndToNowhere(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*rtp.Config){
		"receive only": func(c *rtp.Config) { c.Send = false },
		"0.0.0.0":      func(c *rtp.Config) { c.Remote = addr("0.0.0.0:4000") },
		"port 0":       func(c *rtp.Config) { c.Remote = addr("192.0.2.1:0") },
		"no address":   func(c *rtp.Config) { c.Remote = addr("") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := config()
			change(&c)
			r := newRig(t, c)
			r.turn(frame("PCMU/8000", 160))
			if n := len(r.media()); n != 0 {
				t.Errorf("sent %d packets", n)
			}
			r.s.Update(config())
			r.turn(frame("PCMU/8000", 160))
			if sent := r.media(); len(sent) != 1 || !sent[0].Marker {
				t.Errorf("after resume: %v", sent)
			}
		})
	}
}

func TestUpdateKeepsSequenceTimestampAndSSRC(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.turn(frame("PCMU/8000", 160))
	c := config()
	c.Codec, c.PayloadType, c.Remote = pcma, 8, addr("192.0.2.55:7000")
	r.s.Update(c)
	r.turn(frame("PCMU/8000", 160)) // of the old codec: must not go out as PCMA
	r.turn(frame("PCMA/8000", 160))
	sent := r.media()
	if len(sent) != 2 {
		t.Fatalf("%d packets, want 2", len(sent))
	}
	a, b := sent[0], sent[1]
	if b.SSRC != a.SSRC || b.SequenceNumber != a.SequenceNumber+1 || b.Timestamp != a.Timestamp+320 || b.PayloadType != 8 {
		t.Errorf("%v then %v", a.Header, b.Header)
	}
	if to := r.wire.sent[1].to; to != c.Remote {
		t.Errorf("sent to %v", to)
	}
	if n := r.s.Stats().Mismatched; n != 1 {
		t.Errorf("mismatched = %d, want 1", n)
	}
}

func TestSessionsStartAtRandomNumbers(t *testing.T) {
	t.Parallel()
	seen := map[[3]uint32]bool{}
	for range 8 {
		r := newRig(t, config())
		r.turn(frame("PCMU/8000", 160))
		p := r.media()[0]
		seen[[3]uint32{p.SSRC, uint32(p.SequenceNumber), p.Timestamp}] = true
	}
	if len(seen) != 8 {
		t.Errorf("only %d of 8 sessions differ", len(seen))
	}
}
