package call_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
)

// ask sends a request of the recorder's in the dialog of its INVITE.
func (s *srs) ask(method string, seq int, body string, kind string) {
	s.t.Helper()
	contact := s.invite.Contact()
	text := strings.Join([]string{
		method + " " + contact + " SIP/2.0", fmt.Sprintf("Via: SIP/2.0/UDP %s;branch=z9hG4bKsrs%d%s;rport", s.Local, seq, method),
		"From: " + s.invite.Header("To") + ";tag=srs", "To: " + s.invite.Header("From"), "Call-ID: " + s.invite.Header("Call-ID"),
		fmt.Sprintf("CSeq: %d %s", seq, method), "Max-Forwards: 70", "Contact: <" + s.uri() + ">;+sip.srs",
	}, "\r\n") + "\r\n"
	if body != "" {
		text += "Content-Type: " + kind + "\r\n"
	}
	s.Send(text + fmt.Sprintf("Content-Length: %d\r\n\r\n%s", len(body), body))
}

func TestSiprecRecorderHangsUp(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	h.talk(e, 1000, 200*time.Millisecond)
	s.ask("BYE", 1, "", "")
	s.Expect(200)
	stop := h.wait("rms:siprec_stop")
	if stop.Get("by") != "recorder" || stop.Get("packets").(int64) < 15 || len(h.seen("rms:siprec_error")) != 0 {
		t.Errorf("stop %v", stop.Fields)
	}
	h.undisturbed(e)
	s.forget()
	h.talk(e, 1000, 100*time.Millisecond)
	s.listen()
	if n := len(s.ears[0].packets); n != 0 {
		t.Errorf("%d packets after the end", n)
	}
	if n := h.ports.InUse(); n != 1 {
		t.Errorf("%d pairs of ports in use", n)
	}
	// and again, under the same name
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "siprec", s.uri()); return err }); err != nil {
		t.Fatal(err)
	}
	s.records("0", "0")
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecRecorderHoldsAndMoves(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	h.talk(e, 1000, 100*time.Millisecond)

	s.ask("INVITE", 1, s.answer("inactive", "0", "0"), "application/sdp")
	ok := s.Expect(200)
	if strings.Count(ok.Body, "a=inactive") != 2 || !strings.Contains(ok.Body, "a=label:1") || !strings.Contains(ok.Header("Contact"), "+sip.src") {
		t.Errorf("answer:\n%s", ok.Raw)
	}
	s.ask("ACK", 1, "", "")
	h.run(40*time.Millisecond, e)
	s.forget()
	h.talk(e, 1000, 200*time.Millisecond)
	s.listen()
	if n := len(s.ears[0].packets) + len(s.ears[1].packets); n != 0 {
		t.Errorf("%d packets while the recorder holds", n)
	}

	s.ears = [2]*recorder{newRecorder(t), newRecorder(t)}
	s.ask("UPDATE", 2, s.answer("recvonly", "0", "0"), "application/sdp")
	if ok := s.Expect(200); strings.Count(ok.Body, "a=sendonly") != 2 {
		t.Errorf("answer:\n%s", ok.Raw)
	}
	h.run(40*time.Millisecond, e)
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)

	s.ask("INVITE", 3, "", "") // wants an offer, answers in the ACK
	ok = s.Expect(200)
	if strings.Count(ok.Body, "m=audio ") != 2 {
		t.Errorf("offer:\n%s", ok.Body)
	}
	s.ears = [2]*recorder{newRecorder(t), newRecorder(t)}
	s.ask("ACK", 3, s.answer("recvonly", "0", "0"), "application/sdp")
	s.ask("OPTIONS", 4, "", "") // which stands in line behind the ACK
	s.Expect(200)
	h.run(40*time.Millisecond, e)
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)

	s.ask("UPDATE", 5, s.answer("recvonly", "18", "18"), "application/sdp")
	s.Expect(488)
	s.ask("UPDATE", 6, "v=0\r\nnonsense", "application/sdp")
	s.Expect(488)
	s.ask("UPDATE", 7, "", "")
	s.Expect(200)
	s.ask("OPTIONS", 8, "", "")
	s.Expect(200)
	s.forget()
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)
	h.undisturbed(e)
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecAnswersARequestForAllMetadata(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	before := *s.meta
	s.ask("UPDATE", 1, "--b\r\nContent-Type: application/sdp\r\n\r\n"+s.answer("recvonly", "0", "0")+
		"\r\n--b\r\nContent-Type: application/rs-metadata-request\r\nContent-Disposition: recording-session\r\n\r\nlost\r\n--b--\r\n", "multipart/mixed;boundary=b")
	s.Expect(200)
	again := s.ExpectRequest("INVITE")
	s.read(again)
	if s.meta.Partial || len(s.meta.Streams) != 2 || s.meta.Streams[0].ID != before.Streams[0].ID || s.meta.Sessions[0].ID != before.Sessions[0].ID {
		t.Errorf("metadata %+v, before %+v", s.meta, before)
	}
	s.Reply(again, 200, "", s.answer("recvonly", "0", "0"))
	s.ExpectRequest("ACK")
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecGoesToSeveralRecordersAtOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	list := []*srs{newSRS(t, h), newSRS(t, h), newSRS(t, h)}
	h.runs(script{"rms:start": func(x *call.Exec) error {
		for i, s := range list {
			args := map[string]any{"to": s.uri(), "name": fmt.Sprint(i)}
			if i == 2 {
				args["codec"] = "PCMA"
			}
			if _, err := named(x, "siprec", args); err != nil {
				return err
			}
		}
		return tone400(x)
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for i, s := range list {
		s.records([]string{"0", "0", "8"}[i], []string{"0", "0", "8"}[i])
	}
	h.until("start", func() bool { return len(h.seen("rms:siprec_start")) == 3 }, e)
	h.talk(e, 1000, 500*time.Millisecond)
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "siprec_stop", "0"); return err }); err != nil {
		t.Fatal(err)
	}
	list[0].Reply(list[0].ExpectRequest("BYE"), 200, "", "")
	h.run(40*time.Millisecond, e)
	list[0].listen()
	list[0].sides("PCMU", 8000, 0)
	list[0].forget()
	h.talk(e, 1000, 500*time.Millisecond)
	list[0].listen()
	if n := len(list[0].ears[0].packets); n != 0 {
		t.Errorf("%d packets after the stop", n)
	}
	list[1].listen()
	list[1].sides("PCMU", 8000, 0)
	list[2].listen()
	list[2].sides("PCMA", 8000, 8)
	for _, s := range list[1:] {
		s.ears[0].gapless(160)
		s.ears[1].gapless(160)
	}
	h.bye(c)
	for _, s := range list[1:] {
		s.Reply(s.ExpectRequest("BYE"), 200, "", "")
	}
}

func TestSiprecSendsCallsByAudioSocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	r := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": r.uri()}))
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID, audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 160))...)
	h.until("start", func() bool { return len(h.seen("rms:start")) > 0 })
	r.records("0", "0")
	if p, ok := r.meta.Sender("1"); !ok || p.Name() == "" {
		t.Errorf("metadata %+v", r.meta)
	}
	h.wait("rms:siprec_start")
	tone := audiotest.Tone(8000, 1000, -10, 20*time.Millisecond) // whole periods
	h.until("the caller", func() bool {
		a.speak(audiosocket.Slin8, tone)
		h.run(10 * time.Millisecond)
		r.listen()
		return len(sound(r.ears[0].heard("PCMU", 8000, 0))) > 8000
	})
	pitch(t, sound(r.ears[0].heard("PCMU", 8000, 0)), 8000, 1000)
	pitch(t, sound(r.ears[1].heard("PCMU", 8000, 0)), 8000, 400)
	_ = a.conn.Close()
	r.Reply(r.ExpectRequest("BYE"), 200, "", "")
	h.until("end", func() bool { return len(h.seen("rms:end")) > 0 })
}

func TestSiprecAnswersAChallenge(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri(), "user": "rms", "password": "secret"}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.Reply(s.invited(), 401, "", "", `WWW-Authenticate: Digest realm="rec", nonce="n1", algorithm=SHA-256, qop="auth"`)
	s.ExpectRequest("ACK")
	if inv := s.invited(); !strings.Contains(inv.Header("Authorization"), `username="rms"`) || inv.Header("Require") != "siprec" {
		t.Errorf("INVITE:\n%s", inv.Raw)
	}
	s.Reply(s.invite, 200, "srs", s.answer("recvonly", "0", "0"))
	s.ExpectRequest("ACK")
	h.wait("rms:siprec_start")
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecOfACallThatIsOnHoldBegins(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0", "sendonly"))
	inv := s.invited()
	if text := s.read(inv); strings.Count(text, "a=sendonly") != 1 || strings.Count(text, "a=inactive") != 1 {
		t.Errorf("offer:\n%s", text)
	}
	c.Request("INVITE", e.offer("0")) // the hold ends before the recorder answers
	c.Expect(200)
	c.Ack()
	h.settle()
	s.Reply(inv, 200, "srs", s.answer("recvonly", "0", "0"))
	s.ExpectRequest("ACK")
	again := s.ExpectRequest("INVITE")
	if text := s.read(again); strings.Count(text, "a=sendonly") != 2 {
		t.Errorf("offer:\n%s", text)
	}
	s.Reply(again, 200, "srs", s.answer("recvonly", "0", "0"))
	s.ExpectRequest("ACK")
	h.settle()
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecPauseIsAtOnceAndTold(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.records("0", "0")
	h.wait("rms:siprec_start")
	h.talk(e, 1000, 200*time.Millisecond)
	verb := func(name string) {
		t.Helper()
		if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, name); return err }); err != nil {
			t.Fatal(err)
		}
	}
	verb("siprec_pause")
	h.settle()
	h.run(50*time.Millisecond, e) // it holds from one of the next ticks on
	h.settle()
	s.forget()
	h.talk(e, 1000, 200*time.Millisecond) // the recorder has not answered yet
	s.listen()
	if n := len(s.ears[0].packets) + len(s.ears[1].packets); n != 0 {
		t.Errorf("%d packets in the pause", n)
	}
	m := s.ExpectRequest("INVITE")
	if text := s.read(m); strings.Count(text, "a=inactive") != 2 {
		t.Errorf("offer:\n%s", text)
	}
	verb("siprec_resume") // and goes on before it has
	s.Reply(m, 200, "", s.answer("inactive", "0", "0"))
	s.ExpectRequest("ACK")
	m = s.ExpectRequest("INVITE")
	if text := s.read(m); strings.Count(text, "a=sendonly") != 2 {
		t.Errorf("offer:\n%s", text)
	}
	s.forget()
	s.Reply(m, 200, "", s.answer("recvonly", "0", "0"))
	s.ExpectRequest("ACK")
	h.settle()
	h.talk(e, 1000, 500*time.Millisecond)
	s.listen()
	s.sides("PCMU", 8000, 0)
	h.bye(c)
	s.Reply(s.ExpectRequest("BYE"), 200, "", "")
}
