package call_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/target"
	"rms/sip/siptest"
)

// undisturbed fails unless the call goes on: what we play is heard.
func (h *house) undisturbed(e *ear) {
	h.t.Helper()
	e.packets = nil
	h.run(200*time.Millisecond, e)
	if len(e.packets) < 8 {
		h.t.Errorf("the call is disturbed: %d packets in 200 ms", len(e.packets))
	}
}

func TestSiprecTellsWhyARecorderCannotBeHad(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answer func(s *srs)
		code   int64
		by     string // "timeout": so is what it waits for, else it is given all the time it needs
		says   string
	}{
		"busy": {func(s *srs) {
			s.Reply(s.invited(), 486, "", "")
			s.ExpectRequest("ACK")
		}, 486, "recorder", "Whatever"},
		"gone": {func(s *srs) {
			s.Reply(s.invited(), 604, "", "")
			s.ExpectRequest("ACK")
		}, 604, "recorder", "Whatever"},
		"no siprec": {func(s *srs) {
			s.Reply(s.invited(), 420, "", "", "Unsupported: siprec")
			s.ExpectRequest("ACK")
		}, 420, "recorder", ""},
		"broken": {func(s *srs) {
			s.Reply(s.invited(), 500, "", "")
			s.ExpectRequest("ACK")
		}, 500, "recorder", ""},
		"silent": {func(s *srs) { s.invited() }, 408, "timeout", "no answer"},
		"ringing": {func(s *srs) {
			s.Reply(s.invited(), 180, "x", "")
			s.Reply(s.ExpectRequest("CANCEL"), 200, "x", "")
			s.Reply(s.invite, 487, "x", "")
			s.ExpectRequest("ACK")
		}, 408, "timeout", "no answer"},
		"both refused": {func(s *srs) {
			s.Reply(s.invited(), 200, "x", s.answer("recvonly", "", ""))
			s.ExpectRequest("ACK")
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		}, 488, "error", "refuses"},
		"no description": {func(s *srs) {
			s.Reply(s.invited(), 200, "x", "")
			s.ExpectRequest("ACK")
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		}, 488, "error", ""},
		"garbage": {func(s *srs) {
			s.Reply(s.invited(), 200, "x", "m=\r\nm=audio\r\nnonsense")
			s.ExpectRequest("ACK")
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		}, 488, "error", ""},
		"another codec": {func(s *srs) {
			s.Reply(s.invited(), 200, "x", s.answer("recvonly", "18", "18"))
			s.ExpectRequest("ACK")
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		}, 488, "error", "codec"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			s := newSRS(t, h)
			timeout := 60.0
			if test.by == "timeout" {
				timeout = 0.5
			}
			h.runs(recordTo(map[string]any{"to": s.uri(), "timeout": timeout}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			test.answer(s)
			stop, failed := h.wait("rms:siprec_stop"), h.wait("rms:siprec_error")
			if failed.Get("code") != test.code || !strings.Contains(failed.Get("error").(string), test.says) || stop.Get("by") != test.by {
				t.Errorf("error %v, stop %v", failed.Fields, stop.Fields)
			}
			if len(h.seen("rms:siprec_start"))+len(h.seen("rms:siprec_stop"))+len(h.seen("rms:siprec_error")) != 2 {
				t.Errorf("events: %s", h.names())
			}
			h.undisturbed(e)
			if n := h.ports.InUse(); n != 1 {
				t.Errorf("%d pairs of ports in use, want that of the call", n)
			}
			h.bye(c)
		})
	}
}

func TestSiprecTellsOfARecorderThatIsDown(t *testing.T) {
	t.Parallel()
	const at = "127.0.0.1:9" // a port that no other test is given
	for name, to := range map[string]string{
		"tcp": "sip:rec@" + at + ";transport=tcp", "udp": "sip:rec@" + at + ";transport=udp", "name": "sip:rec@no-such-host.invalid",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			h.runs(recordTo(map[string]any{"to": to, "timeout": 0.4}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			failed := h.wait("rms:siprec_error")
			if code := failed.Get("code").(int64); code != 503 && code != 408 {
				t.Errorf("error %v", failed.Fields)
			}
			h.wait("rms:siprec_stop")
			h.undisturbed(e)
			h.bye(c)
		})
	}
}

func TestSiprecGoesWhereARecorderSendsIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s, second := newSRS(t, h), newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	s.Reply(s.invited(), 302, "", "", "Contact: <sip:nobody.invalid:99999>, <"+second.uri()+">")
	s.ExpectRequest("ACK")
	second.records("0", "0")
	if start := h.wait("rms:siprec_start"); start.Get("streams") != int64(2) {
		t.Errorf("start %v", start.Fields)
	}
	h.until("the tone", func() bool { return len(e.packets) > 0 }, e)
	h.talk(e, 1000, 500*time.Millisecond)
	second.listen()
	second.sides("PCMU", 8000, 0)
	h.bye(c)
	second.Reply(second.ExpectRequest("BYE"), 200, "", "")
}

func TestSiprecDoesNotGoRoundInCircles(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	s := newSRS(t, h)
	h.runs(recordTo(map[string]any{"to": s.uri()}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	for range 5 {
		s.Reply(s.invited(), 302, "", "", "Contact: <"+s.uri()+">")
		s.ExpectRequest("ACK")
	}
	if failed := h.wait("rms:siprec_error"); failed.Get("code") != int64(302) {
		t.Errorf("error %v", failed.Fields)
	}
	h.wait("rms:siprec_stop")
	h.undisturbed(e)
	h.bye(c)
}

func TestSiprecGivesUpWhenItIsStoppedBeforeAnAnswer(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(h *house, s *srs){
		"cancelled": func(_ *house, s *srs) {
			s.Reply(s.ExpectRequest("CANCEL"), 200, "x", "")
			s.Reply(s.invite, 487, "x", "")
			s.ExpectRequest("ACK")
		},
		"answered meanwhile": func(_ *house, s *srs) {
			s.Reply(s.ExpectRequest("CANCEL"), 481, "x", "")
			s.Reply(s.invite, 200, "x", s.answer("recvonly", "0", "0"))
			s.ExpectRequest("ACK")
			s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		},
	} {
		for _, how := range []string{"by the verb", "by the end of the call"} {
			t.Run(name+" "+how, func(t *testing.T) {
				t.Parallel()
				h := newHouse(t, nil)
				s := newSRS(t, h)
				h.runs(recordTo(map[string]any{"to": s.uri()}))
				e := newEar(t)
				c := h.dial(e, e.offer("0"))
				s.Reply(s.invited(), 180, "x", "")
				if how == "by the verb" {
					if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "siprec_stop"); return err }); err != nil {
						t.Fatal(err)
					}
				} else {
					h.bye(c)
				}
				if stop := h.wait("rms:siprec_stop"); stop.Get("by") != "us" || stop.Get("packets") != int64(0) {
					t.Errorf("stop %v", stop.Fields)
				}
				end(h, s)
				if how == "by the verb" {
					h.undisturbed(e)
					h.bye(c)
				}
				if len(h.seen("rms:siprec_error"))+len(h.seen("rms:siprec_start")) != 0 {
					t.Errorf("events: %s", h.names())
				}
			})
		}
	}
}

func TestSiprecRefusesWhatItCannotDo(t *testing.T) {
	t.Parallel()
	scripts, err := target.NewDialer(target.DialOptions{Scripts: true})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, nil, func(o *call.Options) { o.Streams.Scripts = scripts })
	h.runs(script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	s := newSRS(t, h)
	for _, args := range []map[string]any{
		{"to": ""}, {"to": "127.0.0.1"}, {"to": "sips:rec@127.0.0.1"}, {"to": "tel:123"}, {"to": "sip:"}, {"to": "sip:a b@127.0.0.1"},
		{"to": "sip:rec@169.254.169.254"}, {"to": "sip:rec@169.254.169.254:80;transport=tcp"}, {"to": "sip:rec@0.0.0.0"}, {"to": "sip:rec@[::ffff:169.254.169.254]"},
		{"to": s.uri(), "codec": "opus"}, {"to": s.uri(), "name": ""}, {"to": s.uri(), "name": strings.Repeat("x", 65)},
		{"to": s.uri(), "caller_uri": "me"}, {"to": s.uri(), "headers": "x"}, {"to": s.uri(), "headers": map[string]any{"Via": "x"}},
		{"to": s.uri(), "headers": map[string]any{"content-type": "x"}}, {"to": s.uri(), "timeout": 0},
	} {
		if err := h.inScript(c, func(x *call.Exec) error { _, err := named(x, "siprec", args); return err }); err == nil {
			t.Errorf("%v was done", args)
		}
	}
	err = h.inScript(c, func(x *call.Exec) error {
		for i := range 4 {
			if _, err := named(x, "siprec", map[string]any{"to": s.uri(), "name": fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		if _, err := named(x, "siprec", map[string]any{"to": s.uri(), "name": "0"}); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a name twice: %v", err)
		}
		if _, err := named(x, "siprec", map[string]any{"to": s.uri()}); err == nil || !strings.Contains(err.Error(), "4 recording sessions") {
			t.Errorf("the fifth: %v", err)
		}
		if _, err := do(x, "siprec_stop", "nobody"); err == nil {
			t.Error("what is not there was stopped")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	var invites []siptest.Message // unanswered ones would hold up the end of the test
	for range 4 {
		invites = append(invites, s.invited())
	}
	for _, m := range invites {
		s.Reply(m, 486, "", "")
	}
	for range invites {
		s.ExpectRequest("ACK")
	}
	h.bye(c)
	if n := h.ports.InUse(); n != 0 {
		t.Errorf("%d ports in use after the call", n)
	}
}

func TestSiprecNeedsMedia(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	done := make(chan error, 1)
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		_, err := do(x, "siprec", "sip:rec@127.0.0.1")
		done <- err
		_, err = do(x, "reject", int64(486))
		return err
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(486)
	c.AckRefusal()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "media") {
		t.Errorf("%v", err)
	}
	h.wait("rms:end")
}

// remote runs a verb as HTTP and the Event Socket do.
func (h *house) remote(id, verb string, args map[string]any) error {
	h.t.Helper()
	x, err := h.calls.Door(id, call.FromAPI)
	if err != nil {
		return err
	}
	_, err = named(x, verb, args)
	return err
}

func TestSiprecObeysTheRuleOfTheDoorThatAsks(t *testing.T) {
	t.Parallel()
	listed, err := target.NewDialer(target.DialOptions{Allow: []string{"127.0.0.1"}})
	if err != nil {
		t.Fatal(err)
	}
	named, err := target.NewDialer(target.DialOptions{Allow: []string{"localhost"}})
	if err != nil {
		t.Fatal(err)
	}
	start := func(t *testing.T, rule *target.Dialer, to func(s *srs) string) (*house, *srs, func() call.Event, error) {
		h := newHouse(t, nil, func(o *call.Options) { o.Streams.Remote = rule })
		h.runs(script{"rms:start": tone400})
		s := newSRS(t, h)
		e := newEar(t)
		c := h.dial(e, e.offer("0"))
		err := h.remote(h.wait("rms:ack").Call, "siprec", map[string]any{"to": to(s), "timeout": 60})
		return h, s, func() call.Event { return h.bye(c) }, err
	}
	t.Run("not listed", func(t *testing.T) {
		t.Parallel()
		_, s, bye, err := start(t, listed, func(s *srs) string {
			return strings.Replace(s.uri(), "127.0.0.1", "127.0.0.2", 1)
		})
		if err == nil || !strings.Contains(err.Error(), "not listed") {
			t.Errorf("%v", err)
		}
		bye()
		s.ExpectNone(0)
	})
	t.Run("listed by name", func(t *testing.T) {
		t.Parallel()
		h, s, bye, err := start(t, named, func(s *srs) string { return strings.Replace(s.uri(), "127.0.0.1", "localhost", 1) })
		if err != nil {
			t.Fatal(err)
		}
		s.records("0", "0") // its Contact and its media have the address that the name stands for
		h.wait("rms:siprec_start")
		bye()
		s.Reply(s.ExpectRequest("BYE"), 200, "", "")
	})
	t.Run("a name for another place", func(t *testing.T) {
		t.Parallel()
		h, s, bye, err := start(t, must(target.NewDialer(target.DialOptions{Allow: []string{"recorder.example"}})), func(s *srs) string {
			return strings.Replace(s.uri(), "127.0.0.1", "localhost", 1)
		})
		if err != nil {
			t.Fatal(err)
		}
		if failed := h.wait("rms:siprec_error"); failed.Get("code") != int64(503) || !strings.Contains(failed.Get("error").(string), "not listed") {
			t.Errorf("error %v", failed.Fields)
		}
		bye()
		s.ExpectNone(0)
	})
	t.Run("media elsewhere", func(t *testing.T) {
		t.Parallel()
		h, s, bye, err := start(t, listed, (*srs).uri)
		if err != nil {
			t.Fatal(err)
		}
		s.Reply(s.invited(), 200, "x", strings.Replace(s.answer("recvonly", "0", "0"), "c=IN IP4 127.0.0.1", "c=IN IP4 127.0.0.3", 1))
		s.ExpectRequest("ACK")
		if failed := h.wait("rms:siprec_error"); failed.Get("code") != int64(488) || !strings.Contains(failed.Get("error").(string), "not listed") {
			t.Errorf("error %v", failed.Fields)
		}
		s.Reply(s.ExpectRequest("BYE"), 200, "", "")
		bye()
	})
	t.Run("redirected elsewhere", func(t *testing.T) {
		t.Parallel()
		h, s, bye, err := start(t, listed, (*srs).uri)
		if err != nil {
			t.Fatal(err)
		}
		s.Reply(s.invited(), 302, "", "", "Contact: <sip:rec@127.0.0.4>")
		s.ExpectRequest("ACK")
		if failed := h.wait("rms:siprec_error"); !strings.Contains(failed.Get("error").(string), "not listed") {
			t.Errorf("error %v", failed.Fields)
		}
		bye()
	})
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
