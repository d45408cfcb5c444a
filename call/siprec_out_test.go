package call_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/codec"
)

// recordTo is a script that plays a tone and sends the call to a recorder.
func recordTo(args map[string]any) script {
	return script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "siprec", args); err != nil {
			return err
		}
		return tone400(x)
	}}
}

func TestSiprecSendsBothSidesAsTheyCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri(), "headers": map[string]any{"X-Call": "${call_id}"}}))
	e := newEar(t)
	c := h.dial(e, e.offer("8 101", "rtpmap:101 telephone-event/8000"))
	id := h.wait("rms:ack").Call
	inv := s.invited()
	if inv.Header("Require") != "siprec" || !strings.Contains(inv.Header("Contact"), ";+sip.src") || inv.Header("X-Call") != id {
		t.Errorf("INVITE:\n%s", inv.Raw)
	}
	offer := s.read(inv)
	if strings.Count(offer, "a=sendonly") != 2 || !strings.Contains(offer, "a=label:1") || !strings.Contains(offer, "a=label:2") ||
		!strings.Contains(offer, " RTP/AVP 8 0 13") {
		t.Errorf("offer:\n%s", offer)
	}
	if p, ok := s.meta.Sender("1"); !ok || !strings.Contains(p.AOR(), "caller@") || len(s.meta.Flows) != 2 {
		t.Errorf("metadata: %+v", s.meta)
	}
	s.Reply(inv, 200, "srs", s.answer("recvonly", "8", "8"))
	s.ExpectRequest("ACK")
	start := h.wait("rms:siprec_start")
	if start.Get("name") != "siprec" || start.Get("streams") != int64(2) || start.Get("codec") != "PCMA/8000" || start.Get("relayed") != true {
		t.Errorf("start %v", start.Fields)
	}
	from := e.ts
	h.alaw(e, 1000, time.Second)
	e.say(101, []byte{5, 0, 0, 160}, 0, true) // a key is not for the recorder, and no loss
	h.alaw(e, 1000, 200*time.Millisecond)
	s.listen()
	s.sides("PCMA", 8000, 8)
	for i, ear := range s.ears {
		ear.gapless(160)
		if ear.packets[0].SSRC == 77 || len(ear.packets) < 55 {
			t.Errorf("stream %d: SSRC %d, %d packets", i+1, ear.packets[0].SSRC, len(ear.packets))
		}
	}
	if ts := s.ears[0].packets[0].Timestamp; (ts-from)%160 != 0 || ts-from > 160*20 {
		t.Errorf("timestamps begin at %d, those of the caller at %d", ts, from)
	}
	h.bye(c)
	bye := s.ExpectRequest("BYE")
	s.Reply(bye, 200, "", "")
	stop := h.wait("rms:siprec_stop")
	if stop.Get("by") != "us" || stop.Get("packets").(int64) < 110 || len(h.seen("rms:siprec_error")) != 0 {
		t.Errorf("stop %v", stop.Fields)
	}
	if names := h.names(); strings.Index(names, "rms:siprec_stop") > strings.Index(names, "rms:end") {
		t.Errorf("events: %s", names)
	}
	for i, ear := range s.ears {
		if !hasGoodbye(ear.reports()) {
			t.Errorf("stream %d: no goodbye", i+1)
		}
	}
}

func hasGoodbye(list []rtcp.Packet) bool {
	for _, p := range list {
		if _, ok := p.(*rtcp.Goodbye); ok {
			return true
		}
	}
	return false
}

// alaw has the caller say a tone in PCMA.
func (h *house) alaw(e *ear, hz float64, d time.Duration) {
	h.t.Helper()
	pcm := audiotest.Tone(8000, hz, -10, d)
	cd, _ := codec.Lookup("PCMA", 8000, 1)
	enc := cd.NewEncoder()
	for len(pcm) >= 160 {
		e.say(8, enc.Encode(nil, pcm[:160]), 160, false)
		pcm = pcm[160:]
		h.run(20*time.Millisecond, e)
	}
}

func TestSiprecEncodesAnewWhatTheRecorderCannotTake(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		args        map[string]any
		format      string
		name        string
		rate        int
		pt          uint8
		perPacket   uint32
		hasToOffer  string
		notRelaying bool
	}{
		{map[string]any{}, "8", "PCMA", 8000, 8, 160, "RTP/AVP 0 8 13", true}, // it takes the second
		{map[string]any{"codec": "G722"}, "9", "G722", 16000, 9, 160, "RTP/AVP 9", true},
		{map[string]any{"codec": "L16/16000"}, "96\r\na=rtpmap:96 L16/16000", "L16", 16000, 96, 320, "L16/16000", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			s := newSRS(t, h)
			test.args["to"] = s.uri()
			h.runs(recordTo(test.args))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			s.records(test.format, test.format)
			if offer := s.read(s.invite); !strings.Contains(offer, test.hasToOffer) {
				t.Errorf("offer:\n%s", offer)
			}
			if start := h.wait("rms:siprec_start"); start.Get("relayed") != false {
				t.Errorf("start %v", start.Fields)
			}
			h.talk(e, 1000, time.Second)
			s.listen()
			s.sides(test.name, test.rate, test.pt)
			for _, ear := range s.ears {
				ear.gapless(test.perPacket)
			}
			h.bye(c)
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		})
	}
}

func TestSiprecKeepsWhatTheNetworkDidToThePackets(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	h.run(40*time.Millisecond, e)
	first := e.seq
	for _, seq := range []uint16{0, 1, 3, 2, 5, 6} { // 2 and 3 change places, 4 is lost
		e.seq, e.ts = first+seq, 1000+160*uint32(seq)
		e.say(0, make([]byte, 160), 160, false)
		h.run(20*time.Millisecond, e)
	}
	s.listen()
	got := s.ears[0].packets
	if len(got) != 6 {
		t.Fatalf("%d packets", len(got))
	}
	for i, seq := range []uint16{0, 1, 3, 2, 5, 6} {
		if got[i].SequenceNumber-got[0].SequenceNumber != seq || got[i].Timestamp != 1000+160*uint32(seq) {
			t.Errorf("packet %d: sequence %d, timestamp %d", i, got[i].SequenceNumber-got[0].SequenceNumber, got[i].Timestamp)
		}
	}
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecGoesOnWithTheOneStreamThatTheRecorderTakes(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]func(s *srs) string{
		"refused": func(s *srs) string { return s.answer("recvonly", "0", "") },
		"missing": func(s *srs) string { return s.answer("recvonly", "0") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			s := newSRS(t, h)
			h.runs(recordTo(map[string]any{"to": s.uri()}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			s.invited()
			used := h.ports.InUse()
			s.Reply(s.invite, 200, "srs", answer(s))
			s.ExpectRequest("ACK")
			if start := h.wait("rms:siprec_start"); start.Get("streams") != int64(1) {
				t.Errorf("start %v", start.Fields)
			}
			h.talk(e, 1000, 500*time.Millisecond)
			s.listen()
			if l := s.level(0, "PCMU", 8000, 0, 1000); l < -20 {
				t.Errorf("the caller at %.1f dB", l)
			}
			if n := len(s.ears[1].packets); n != 0 {
				t.Errorf("%d packets of the stream that was refused", n)
			}
			if now := h.ports.InUse(); now != used-1 {
				t.Errorf("%d ports in use, %d before", now, used)
			}
			c.Request("INVITE", e.offer("0", "inactive")) // a later offer keeps the m-line closed
			c.Expect(200)
			c.Ack()
			again := s.ExpectRequest("INVITE")
			if text := s.read(again); strings.Count(text, "m=audio 0 ") != 1 || strings.Count(text, "m=audio ") != 2 {
				t.Errorf("later offer:\n%s", text)
			}
			s.Reply(again, 200, "", s.answer("inactive", "0", ""))
			s.ExpectRequest("ACK")
			h.bye(c)
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		})
	}
}

func TestSiprecFollowsHold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	h.talk(e, 1000, 200*time.Millisecond)
	for _, step := range []struct {
		call            string
		active          int
		callerSpeaks    bool
		callee, version int
	}{{"sendonly", 1, true, 0, 2}, {"inactive", 0, false, 0, 3}, {"sendrecv", 2, true, 1, 4}} {
		c.Request("INVITE", e.offer("0", step.call))
		c.Expect(200)
		c.Ack()
		m := s.ExpectRequest("INVITE")
		text := s.read(m)
		if n := strings.Count(text, "a=sendonly"); n != step.active || strings.Count(text, "a=inactive") != 2-n {
			t.Errorf("%s:\n%s", step.call, text)
		}
		if !strings.Contains(text, fmt.Sprintf(" %d IN IP4", step.version)) || m.Header("Require") != "siprec" || !strings.Contains(m.Header("Contact"), "+sip.src") {
			t.Errorf("%s: version or header fields:\n%s", step.call, m.Raw)
		}
		if _, ok := s.meta.Sender("1"); ok != step.callerSpeaks {
			t.Errorf("%s: the caller sends: %v", step.call, ok)
		}
		s.Reply(m, 200, "", s.answer("recvonly", "0", "0"))
		s.ExpectRequest("ACK")
	}
	h.run(40*time.Millisecond, e)
	s.forget()
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
	if n := len(h.seen("rms:siprec_error")); n != 0 {
		t.Errorf("%d errors", n)
	}
}

func TestSiprecFollowsAnotherCodec(t *testing.T) {
	t.Parallel()
	for name, taken := range map[string]bool{"taken": true, "refused": false} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			s := newSRS(t, h)
			h.runs(recordTo(map[string]any{"to": s.uri()}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			s.records("0", "0")
			h.wait("rms:siprec_start")
			h.talk(e, 1000, 200*time.Millisecond)
			c.Request("INVITE", e.offer("8"))
			e.aim(c.Expect(200).Body)
			c.Ack()
			m := s.ExpectRequest("INVITE")
			if text := s.read(m); !strings.Contains(text, "RTP/AVP 8 0 13") {
				t.Errorf("offer:\n%s", text)
			}
			h.run(40*time.Millisecond, e)
			s.forget()
			h.alaw(e, 1000, 500*time.Millisecond) // made anew until the recorder has taken it
			s.listen()
			s.sides("PCMU", 8000, 0)
			last := s.ears[0].packets[len(s.ears[0].packets)-1]
			s.forget()
			if !taken {
				s.Reply(m, 488, "", "")
				s.ExpectRequest("ACK")
				if ev := h.wait("rms:siprec_error"); ev.Get("code") != int64(488) {
					t.Errorf("error %v", ev.Fields)
				}
				h.alaw(e, 1000, 500*time.Millisecond)
				s.listen()
				s.sides("PCMU", 8000, 0)
			} else {
				s.Reply(m, 200, "", s.answer("recvonly", "8", "8"))
				s.ExpectRequest("ACK")
				h.until("the other codec", func() bool { // the answer is known before it is in use
					h.alaw(e, 1000, 20*time.Millisecond)
					s.listen()
					return s.ears[0].last().PayloadType == 8 && s.ears[1].last().PayloadType == 8
				})
				p := s.ears[0].packets[0]
				s.forget()
				h.alaw(e, 1000, 500*time.Millisecond)
				s.listen()
				s.sides("PCMA", 8000, 8)
				if p.SSRC != last.SSRC || p.SequenceNumber-last.SequenceNumber > 3 || p.Timestamp-last.Timestamp > 160*10 {
					t.Errorf("%v after %v", p.Header, last.Header)
				}
			}
			h.bye(c)
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		})
	}
}
