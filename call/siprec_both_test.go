package call_test

import (
	"testing"
	"time"

	"rms/media/audiotest"
)

// Our recording client and our recording server: a call with a lost packet, a hold and
// another codec is one aligned file at the recorder.
func TestSiprecClientAndServerMakeOneRecording(t *testing.T) {
	t.Parallel()
	far := siprecStudio(t, script{})
	h := newHouse(t, nil)
	h.runs(recordTo(map[string]any{"to": "sip:recorder@" + far.addr.String() + ";transport=udp"}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:siprec_start")
	far.wait("rms:siprec_start")
	both := func(what string, ok func() bool) {
		t.Helper()
		h.until(what, func() bool { far.tick(); return ok() }, e)
	}
	both("the recording", func() bool { return len(far.seen("rms:record_start")) > 0 })
	say := func(pt uint8, payload []byte) {
		for i := 0; i+160 <= len(payload); i += 160 {
			if i == 50*160 && pt == 0 {
				e.seq, e.ts = e.seq+1, e.ts+160 // lost
			} else {
				e.say(pt, payload[i:i+160], 160, i == 0)
			}
			h.run(20*time.Millisecond, e)
			far.run(20 * time.Millisecond)
		}
	}
	say(0, pcmu(1000, 2*time.Second))
	c.Request("INVITE", e.offer("0", "inactive"))
	c.Expect(200)
	c.Ack()
	both("the hold", func() bool { return len(far.seen("rms:siprec_update")) == 1 })
	for range 50 {
		h.run(20*time.Millisecond, e)
		far.run(20 * time.Millisecond)
	}
	c.Request("INVITE", e.offer("8"))
	e.aim(c.Expect(200).Body)
	c.Ack()
	both("the other codec", func() bool { return len(far.seen("rms:siprec_update")) == 2 })
	say(8, alawOf(audiotest.Tone(8000, 1000, -10, 2*time.Second)))
	h.bye(c)
	both("the end", func() bool { return len(far.seen("rms:record_stop")) == 1 })
	got, _ := far.recorded()
	if len(got.told.Sides) != 2 || got.told.Sides[0].Lost != 1 || got.told.Sides[1].Lost != 0 || len(got.told.Parties) != 2 {
		t.Errorf("sides %+v, parties %+v", got.told.Sides, got.told.Parties)
	}
	for i, hz := range []float64{1000, 400} {
		pcm := got.sides[i]
		if len(pcm) < 5*8000 {
			t.Fatalf("%d samples", len(pcm))
		}
		pcm = sound(pcm) // how long the BYE took to arrive does not count
		first, last := pcm[4000:7000], pcm[len(pcm)-8000:len(pcm)-2000]
		for _, part := range [][]int16{first, last} {
			if l := audiotest.LevelAt(part, 8000, hz); l < -25 {
				t.Errorf("side %d: %.0f Hz at %.1f dB", i, hz, l)
			}
			if l := audiotest.LevelAt(part, 8000, 1400-hz); l > -45 {
				t.Errorf("side %d: the other side at %.1f dB", i, l)
			}
		}
		quiet := 0.0 // the quietest half of a second between them
		for at := 8000; at+4000 <= len(pcm)-8000; at += 400 {
			quiet = min(quiet, audiotest.LevelAt(pcm[at:at+4000], 8000, hz))
		}
		if quiet > -50 {
			t.Errorf("side %d: %.1f dB during the hold", i, quiet)
		}
	}
	if stop := h.wait("rms:siprec_stop"); stop.Get("by") != "us" || len(h.seen("rms:siprec_error")) != 0 {
		t.Errorf("stop %v", stop.Fields)
	}
}
