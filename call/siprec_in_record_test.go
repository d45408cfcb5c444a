package call_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/sip/siprec"
)

// siprecStudio is a studio that records what recording clients send.
func siprecStudio(t *testing.T, s script) *studio {
	t.Helper()
	return newStudio(t, s, nil, func(o *call.Options) { o.RecordSIPREC = true })
}

// pcmu is G.711 of a tone.
func pcmu(hz float64, d time.Duration) []byte {
	return encodeMulaw(audiotest.Tone(8000, hz, -10, d))
}

func alawOf(pcm []int16) []byte {
	cd, _ := codec.Lookup("PCMA", 8000, 1)
	return cd.NewEncoder().Encode(nil, pcm)
}

// speak says 20 ms of each voice at a time; a nil voice is silent.
func (c *client) speak(pt uint8, voices ...[]byte) {
	for at := 0; ; at += 160 {
		more := false
		for i, v := range voices {
			if at+160 <= len(v) {
				c.ears[i].say(pt, v[at:at+160], 160, at == 0)
				more = true
			}
		}
		if !more {
			return
		}
		c.run(20 * time.Millisecond)
	}
}

// tapes waits for n recordings to end and reads them by their names.
func (s *studio) tapes(n int) map[string]*tape {
	s.t.Helper()
	s.until("the ends of recordings", func() bool { return len(s.seen(call.EventRecordStop)) == n })
	all := map[string]*tape{}
	for _, ev := range s.seen(call.EventRecordStop) {
		all[ev.Get("name").(string)] = s.listen(ev.Get("file").(string))
	}
	return all
}

func TestRecordingSessionIsRecordedByItself(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 3)
	c.dial(c.offer(), people(3))
	c.speak(0, pcmu(400, 2*time.Second), pcmu(700, 2*time.Second), pcmu(1100, 2*time.Second))
	c.call.Bye()
	c.call.Expect(200)
	tapes := s.tapes(2)
	both, third := tapes["siprec"], tapes["siprec-3"]
	if both == nil || third == nil || both.info.Format.Channels != 2 || third.info.Format.Channels != 1 {
		t.Fatalf("recordings %v", tapes)
	}
	middle := func(pcm []int16) []int16 { return pcm[4000:12000] }
	s.levels("stream 1", middle(both.sides[0]), 8000, 400)
	s.levels("stream 2", middle(both.sides[1]), 8000, 700)
	s.levels("stream 3", middle(third.pcm), 8000, 1100)
	for i, hz := range []float64{700, 400} {
		if l := audiotest.LevelAt(middle(both.sides[i]), 8000, hz); l > -50 {
			t.Errorf("channel %d has the other voice at %.1f dBFS", i, l)
		}
	}
	told := both.told
	if len(told.Sides) != 2 || told.Sides[0].Label != "1" || told.Sides[1].Party != "sip:party2@x.test" || told.Sides[1].Packets != 100 {
		t.Errorf("sides %+v", told.Sides)
	}
	if len(told.Parties) != 3 || told.Parties[0].Role != "caller" || told.Parties[0].Name != "Party 1" {
		t.Errorf("parties %+v", told.Parties)
	}
	if len(third.told.Sides) != 1 || third.told.Sides[0].Label != "3" || third.told.Sides[0].Party != "sip:party3@x.test" {
		t.Errorf("sides of the third %+v", third.told.Sides)
	}
	var words struct {
		Streams  []struct{ Label, Side, Participant string }
		Metadata siprec.Metadata
		Updates  []struct{ By string }
	}
	if err := json.Unmarshal(told.Siprec, &words); err != nil {
		t.Fatal(err)
	}
	if len(words.Streams) != 3 || words.Streams[1].Participant != "p2" || len(words.Metadata.Participants) != 3 || words.Updates[0].By != "invite" {
		t.Errorf("siprec of the sidecar is %s", told.Siprec)
	}
}

// Both voices are the same, packet by packet: so they are in the file.
func TestVoicesOfARecordingSessionAreInStep(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 2)
	c.dial(c.offer(), people(2))
	voice := encodeMulaw(audiotest.Voice(8000, -12, 3*time.Second))
	c.speak(0, voice, voice)
	c.call.Bye()
	c.call.Expect(200)
	both := s.tapes(1)["siprec"]
	if d, alike := audiotest.Delay(both.sides[0], both.sides[1], 800); d != 0 || alike < 0.99 {
		t.Errorf("stream 2 is %d samples behind, likeness %.4f", d, alike)
	}
}

func TestPausedStreamLeavesSilence(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 2)
	c.dial(c.offer(), people(2))
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	c.change("INVITE", "application/sdp", strings.Replace(c.offer(), "sendonly", "inactive", 1), 200)
	s.until("the update", func() bool { return len(s.seen(call.EventSiprecUpdate)) == 1 })
	c.speak(0, pcmu(500, time.Second), pcmu(700, time.Second)) // the client goes on by mistake
	c.change("INVITE", "application/sdp", c.offer(), 200)
	s.until("the update", func() bool { return len(s.seen(call.EventSiprecUpdate)) == 2 })
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	c.call.Bye()
	c.call.Expect(200)
	both := s.tapes(1)["siprec"]
	left := both.sides[0]
	for _, g := range both.told.Gaps {
		if g.Reason == "loss" {
			t.Errorf("packets that came are told as lost: %+v", g)
		}
	}
	if lost := both.told.Sides[0].Lost; lost != 0 {
		t.Errorf("%d packets lost", lost)
	}
	for i, want := range []bool{true, false, true} {
		part := left[i*8000+2400 : i*8000+6400]
		if l := audiotest.RMS(part); l > -40 != want {
			t.Errorf("second %d of the paused stream is at %.1f dBFS", i, l)
		}
	}
}

func TestCodecChangeByAnotherMLineGoesOnInTheSameChannel(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 3)
	a, b, x := c.ears[0], c.ears[1], c.ears[2]
	c.dial(sdpHead+mline(a, "0", "label:1", "sendonly")+mline(b, "0", "label:2", "sendonly"), people(2))
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	gone := strings.Replace(mline(a, "0", "label:1"), fmt.Sprint(a.port()), "0", 1)
	kind, body := siprec.BuildBody([]byte(sdpHead+gone+mline(b, "0", "label:2", "sendonly")+mline(x, "8", "label:1", "sendonly")), people(2))
	m := c.change("INVITE", kind, string(body), 200)
	c.aim(m.Body)
	s.until("the update", func() bool { return len(s.seen(call.EventSiprecUpdate)) == 1 })
	x.seq, x.ts = 30000, 500000 // another session of the client's
	alaw := alawOf(audiotest.Tone(8000, 450, -10, time.Second))
	voice := pcmu(700, time.Second)
	for at := 0; at+160 <= len(alaw); at += 160 {
		x.say(8, alaw[at:at+160], 160, at == 0)
		b.say(0, voice[at:at+160], 160, false)
		c.run(20 * time.Millisecond)
	}
	c.call.Bye()
	c.call.Expect(200)
	both := s.tapes(1)["siprec"]
	s.levels("before", both.sides[0][2400:7200], 8000, 400)
	s.levels("after", both.sides[0][11200:15000], 8000, 450)
	s.levels("the other", both.sides[1][2400:15000], 8000, 700)
	if codecs := both.told.Sides[0].Codecs; len(codecs) != 2 {
		t.Errorf("codecs %v", codecs)
	}
}

func TestSecondStreamThatComesLaterIsTheOtherChannel(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 2)
	a, b := c.ears[0], c.ears[1]
	c.dial(sdpHead+mline(a, "0", "label:1", "sendonly"), people(1))
	c.speak(0, pcmu(400, time.Second))
	kind, body := siprec.BuildBody([]byte(sdpHead+mline(a, "0", "label:1", "sendonly")+mline(b, "0", "label:2", "sendonly")), people(2))
	c.aim(c.change("INVITE", kind, string(body), 200).Body)
	s.until("the update", func() bool { return len(s.seen(call.EventSiprecUpdate)) == 1 })
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	c.call.Bye()
	c.call.Expect(200)
	both := s.tapes(1)["siprec"]
	s.levels("stream 1", both.sides[0][2400:15000], 8000, 400)
	s.levels("stream 2", both.sides[1][10400:15000], 8000, 700)
	if l := audiotest.RMS(both.sides[1][800:7000]); l > -60 {
		t.Errorf("stream 2 is at %.1f dBFS before it was there", l)
	}
	if len(both.told.Parties) != 2 || both.told.Parties[1].URI != "sip:party2@x.test" {
		t.Errorf("parties %+v: the update is missing", both.told.Parties)
	}
}

func TestScriptMayRecordASessionItself(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, nil)
	s.runs(script{call.EventInvite: func(x *call.Exec) error {
		_, err := named(x, "record_start", map[string]any{"name": "own", "file": "own.wav", "sides": "mixed"})
		return err
	}})
	c := newClient(t, s.house, 2)
	c.dial(c.offer(), people(2))
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	c.call.Bye()
	c.call.Expect(200)
	own := s.tapes(1)["own"]
	if own == nil || own.info.Format.Channels != 1 || !strings.Contains(string(own.told.Siprec), "party2") {
		t.Fatalf("recordings: %s", s.names())
	}
	for _, hz := range []float64{400, 700} {
		if l := audiotest.LevelAt(own.pcm[2400:7000], 8000, hz); l < -20 {
			t.Errorf("%v Hz is at %.1f dBFS", hz, l)
		}
	}
}

func TestRecordingSessionWithoutAStoreIsTakenNevertheless(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *call.Options) { o.RecordSIPREC = true })
	c := newClient(t, h, 2)
	c.dial(c.offer(), people(2))
	h.wait(call.EventSiprecStart)
	c.call.Bye()
	c.call.Expect(200)
}

func TestAStreamThatComesBehindOneThatWentIsRecorded(t *testing.T) {
	t.Parallel()
	s := siprecStudio(t, script{})
	c := newClient(t, s.house, 5)
	lines := func(third, fourth, fifth string) string {
		text := sdpHead
		for i, label := range []string{"1", "2", third, fourth, fifth} {
			if line := mline(c.ears[i], "0", "label:"+label, "sendonly"); label != "" {
				text += line
			} else if i < 4 {
				text += strings.Replace(line, fmt.Sprint(c.ears[i].port()), "0", 1)
			}
		}
		return text
	}
	c.dial(lines("3", "4", ""), people(2))
	c.speak(0, pcmu(400, time.Second), pcmu(700, time.Second))
	for i, offer := range []string{lines("", "4", ""), lines("", "4", "5")} {
		c.aim(c.change("INVITE", "application/sdp", offer, 200).Body)
		s.until("the update", func() bool { return len(s.seen(call.EventSiprecUpdate)) == i+1 })
	}
	c.speak(0, nil, nil, nil, nil, pcmu(1300, time.Second))
	c.call.Bye()
	c.call.Expect(200)
	tapes := s.tapes(4)
	if tapes["siprec-5"] == nil {
		t.Fatalf("recordings: %s", s.names())
	}
	s.levels("stream 5", tapes["siprec-5"].pcm[2400:7000], 8000, 1300)
}
