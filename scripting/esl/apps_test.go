package esl_test

import (
	"strings"
	"testing"

	"rms/call"
	"rms/sip/siptest"
)

// waiting is a script that leaves INVITEs to others.
var waiting = script{"route": func(x *call.Exec) error {
	if x.Method() == "INVITE" {
		x.API("rms_ring " + x.CallID())
	}
	return nil
}}

// ringing is a call that nobody answered yet.
func (h *house) ringing() (id string, p *siptest.Call) {
	h.t.Helper()
	p = h.invite()
	p.Expect(180)
	h.until("the call", func() bool {
		list := h.calls.List()
		if len(list) > 0 {
			id = list[len(list)-1].ID
		}
		return id != ""
	})
	return id, p
}

// execute runs an application and returns its response and the event of its end.
func (c *client) execute(id, app, data string) (string, *message) {
	c.t.Helper()
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: "+app+"\nexecute-app-arg: "+data, "+OK")
	m := c.event("CHANNEL_EXECUTE_COMPLETE")
	for m.get("Application") != app {
		m = c.event("CHANNEL_EXECUTE_COMPLETE")
	}
	return m.get("Application-Response"), m
}

func TestApplicationsOfACallThatIsNotAnswered(t *testing.T) {
	t.Parallel()
	h := newHouse(t, waiting)
	c := h.client()
	c.do("event json CHANNEL_EXECUTE_COMPLETE", "+OK event listener enabled json")
	id, p := h.ringing()
	for app, code := range map[string]int{"ring_ready": 180, "pre_answer": 183} {
		if r, _ := c.execute(id, app, ""); r != "_none_" {
			t.Errorf("%s: %s", app, r)
		}
		p.Expect(code)
	}
	if r, _ := c.execute(id, "respond", "404 Nobody Here"); r != "_none_" {
		t.Error(r)
	}
	if m := p.Expect(404); !strings.Contains(m.Start, "404 Nobody Here") {
		t.Error(m.Start)
	}
	p.AckRefusal()
	h.until("the end", func() bool { return h.calls.Len() == 0 })

	id, p = h.ringing()
	if r, _ := c.execute(id, "respond", "often"); !strings.HasPrefix(r, "-ERR ") {
		t.Error(r)
	}
	if r, _ := c.execute(id, "redirect", "sip:elsewhere@192.0.2.1"); r != "_none_" {
		t.Error(r)
	}
	p.Expect(302)
	p.AckRefusal()
	h.until("the end", func() bool { return h.calls.Len() == 0 })

	id, p = h.ringing() // a play gives it early media
	if r, _ := c.execute(id, "playback", "tone:440/20ms"); r != "FILE PLAYED" {
		t.Error(r)
	}
	p.Expect(183)
	if r, _ := c.execute(id, "hangup", "USER_BUSY"); r != "_none_" {
		t.Error(r)
	}
	p.Expect(486)
	p.AckRefusal()
}

func TestApplicationsOfAnAnsweredCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	id, p := h.dial()
	c := h.client()
	c.do("event json CHANNEL_EXECUTE_COMPLETE", "+OK event listener enabled json")
	for _, row := range []struct{ app, data, response, name, value string }{
		{"answer", "", "_none_", "", ""},
		{"set", "one=1", "_none_", "one", "1"},
		{"set", "greeting=number ${one} of ${nothing}${one", "_none_", "greeting", "number 1 of ${one"},
		{"set", "nonsense", "-ERR", "", ""},
		{"export", "nolocal:two=2", "_none_", "two", "2"},
		{"multiset", "three=3 four=4", "_none_", "four", "4"},
		{"multiset", "^^;five=5 and more;six=6", "_none_", "five", "5 and more"},
		{"unset", "one", "_none_", "one", ""},
		{"set", "two=", "_none_", "two", ""},
		{"sleep", "1", "_none_", "", ""}, {"sleep", "soon", "-ERR", "", ""},
		{"log", "WARNING look here", "_none_", "", ""}, {"log", "just text", "_none_", "", ""},
		{"info", "", "_none_", "", ""}, {"break", "", "_none_", "", ""},
		{"send_dtmf", "12#@100", "_none_", "", ""},
		{"playback", "silence_stream://20", "FILE PLAYED", "", ""}, {"playback", "", "FILE NOT FOUND", "", ""},
		{"ring_ready", "", "-ERR", "", ""}, {"redirect", "sip:a@b", "-ERR", "", ""},
		{"rms_set", "seven 7", "_none_", "seven", "7"},
	} {
		r, m := c.execute(id, row.app, row.data)
		if r != row.response && (row.response != "-ERR" || !strings.HasPrefix(r, "-")) {
			t.Errorf("%s %s: %q, want %q", row.app, row.data, r, row.response)
		}
		if got, there := m.event["variable_"+row.name]; row.name != "" && (row.value == "" && there || row.value != "" && got != row.value) {
			t.Errorf("%s %s: %s is %v", row.app, row.data, row.name, got)
		}
	}
	c.do("event json PLAYBACK_START", "+OK event listener enabled json")
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: endless_playback\nexecute-app-arg: tone:440/20ms", "+OK")
	c.event("PLAYBACK_START")
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: echo", "+OK")
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: x=1\nloops: -1", "+OK")
	p.Bye()
	p.Expect(200)
	var over []string
	for len(over) < 2 {
		if app := c.event("CHANNEL_EXECUTE_COMPLETE").get("Application"); app != "set" {
			over = append(over, app)
		}
	}
	if got := strings.Join(over, " "); got != "endless_playback echo" {
		t.Error(got)
	}
}
