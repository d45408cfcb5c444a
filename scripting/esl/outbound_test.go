package esl_test

import (
	"fmt"
	"net"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/esl"
)

// application is a program that calls are handed to.
type application struct {
	t  *testing.T
	ln net.Listener
}

func newApplication(t *testing.T) *application {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = ln.Close() })
	return &application{t, ln}
}

func (a *application) take() *client {
	a.t.Helper()
	conn, err := a.ln.Accept()
	if err != nil {
		a.t.Fatal(err)
	}
	return newClient(a.t, conn)
}

// handing is a script that hands each call over.
func (a *application) handing(flags, route string) script {
	return script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		v, _ := call.Lookup("socket")
		named := map[string]any{"target": a.ln.Addr().String() + " " + flags}
		if route != "" {
			named["route"] = route
		}
		args, err := v.Bind(nil, named)
		if err == nil {
			_, err = x.Invoke(v, args)
		}
		return err
	}}
}

func TestAnApplicationDrivesACall(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("async full", ""))
	p := h.invite()
	c := a.take()
	c.say("connect")
	m := c.message()
	if m.order[0] != "Event-Name" || m.headers["Event-Name"] != "CHANNEL_DATA" || m.headers["Content-Type"] != "command/reply" ||
		m.headers["Reply-Text"] != "%2BOK%0A" || m.headers["Socket-Mode"] != "async" || m.headers["Control"] != "full" ||
		strings.Join(m.order[len(m.order)-4:], " ") != "Content-Type Reply-Text Socket-Mode Control" ||
		m.headers["Channel-Destination-Number"] != m.headers["Caller-Destination-Number"] || m.headers["Answer-State"] != "ringing" {
		t.Fatalf("%v %v", m.order, m.headers)
	}
	id := m.headers["Unique-ID"]
	c.do("linger", "+OK will linger")
	c.do("myevents", "+OK Events Enabled")
	c.do("myevents", "-ERR aready enabled.")
	c.do("event plain CUSTOM rms::hangup", "+OK event listener enabled plain")
	c.do("sendmsg\ncall-command: execute\nexecute-app-name: answer", "+OK")
	p.Expect(200)
	p.Ack()
	if m := c.event("CHANNEL_ANSWER"); m.get("Unique-ID") != id {
		t.Errorf("%s", m.body)
	}
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: tone:440/20ms\nevent-lock: true", "+OK")
	for c.event("CHANNEL_EXECUTE_COMPLETE").get("Application") != "playback" {
	}
	c.do("sendmsg\ncall-command: hangup", "+OK")
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	c.event("CHANNEL_HANGUP")
	if got := c.names(4); got != "CHANNEL_UNPARK CHANNEL_EXECUTE_COMPLETE CHANNEL_STATE CHANNEL_STATE" {
		t.Error(got)
	}
	c.expect("Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + id + "\nContent-Disposition: linger\nChannel-Name: " +
		strings.Replace(m.headers["Channel-Name"], "%40", "@", 1) + "\nLinger-Time: -1\nContent-Length: 0\n\n")
	if got := c.names(3); got != "rms::hangup CHANNEL_HANGUP_COMPLETE CHANNEL_DESTROY" {
		t.Error(got)
	}
	c.do("exit", "+OK bye")
	c.expect("Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + id + "\nContent-Disposition: disconnect\nContent-Length: 67\n\n" + goodbye)
	c.ends()
}

func TestAnApplicationWithoutAsyncWaitsForEachCommand(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("", ""))
	p := h.invite()
	c := a.take()
	c.say("connect")
	m := c.message()
	if m.headers["Socket-Mode"] != "static" || m.headers["Control"] != "single-channel" {
		t.Errorf("%v", m.headers)
	}
	for _, cmd := range []string{"api status", "bgapi status", "event plain all", "linger", "sendevent MESSAGE", "log 7", "noevents"} {
		c.do(cmd, notFound)
	}
	c.do("myevents json", "+OK Events Enabled")
	c.do("filter delete all", "+OK filter deleted. [all][]")
	c.say("sendmsg\ncall-command: execute\nexecute-app-name: answer")
	p.Expect(200)
	p.Ack()
	var got []string
	for m := c.message(); ; m = c.message() {
		if m.event == nil {
			break
		}
		got = append(got, m.get("Event-Name"))
	}
	if s := strings.Join(got, " "); !strings.HasPrefix(s, "CHANNEL_EXECUTE ") || !strings.HasSuffix(s, "CHANNEL_EXECUTE_COMPLETE") {
		t.Error(s)
	}
	began := time.Now()
	c.say("sendmsg\ncall-command: execute\nexecute-app-name: sleep\nexecute-app-arg: 100")
	for m := c.message(); m.event != nil; m = c.message() {
	}
	if d := time.Since(began); d < 100*time.Millisecond {
		t.Errorf("the reply came after %v", d)
	}
	p.Bye()
	p.Expect(200)
	c.event("CHANNEL_HANGUP")
	for m = c.message(); m.event != nil; m = c.message() {
	}
	if m.headers["Content-Disposition"] != "disconnect" || m.headers["Controlled-Session-UUID"] == "" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
}

func TestACallEndsWithItsApplicationUnlessItResumes(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	reasons := make(chan string, 4)
	s := a.handing("async full", "rms:back")
	s["rms:back"] = func(x *call.Exec) error {
		reasons <- fmt.Sprint(x.Event.Get("reason"))
		return nil
	}
	h := newHouse(t, s)
	p := h.invite()
	c := a.take()
	c.say("connect")
	c.message()
	c.do("sendmsg\ncall-command: execute\nexecute-app-name: answer\nevent-lock: true", "+OK")
	p.Expect(200)
	p.Ack()
	c.do("resume", "+OK")
	c.do("getvar socket_resume", "true")
	c.conn.Close()
	if got := <-reasons; got != "resumed" {
		t.Error(got)
	}
	if list := h.calls.List(); len(list) != 1 || list[0].State != "answered" {
		t.Errorf("%+v", list)
	}
	p.Bye()
	p.Expect(200)
	p = h.invite()
	c = a.take()
	c.say("connect")
	c.message()
	c.conn.Close()
	if got := <-reasons; got != "closed" {
		t.Error(got)
	}
	p.Expect(480)
	p.AckRefusal()
}

func TestALingerEndsInTime(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("async full", ""))
	p := h.invite()
	c := a.take()
	c.say("connect")
	c.message()
	c.do("linger 0", "+OK will linger 0 seconds")
	p.Cancel()
	p.Expect(200)
	p.Expect(487)
	p.AckRefusal()
	if m := c.message(); m.headers["Content-Disposition"] != "linger" || m.headers["Linger-Time"] != "0" {
		t.Errorf("%v", m.headers)
	}
	if m := c.message(); m.headers["Content-Disposition"] != "disconnect" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
}

func TestANameThatLeadsNowhereIsTold(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	a.ln.Close()
	h := newHouse(t, a.handing("async full", ""))
	p := h.invite()
	p.Expect(503)
	p.AckRefusal()
}

func TestApplicationsNeedNoListener(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("async full", ""), func(o *esl.Options) { o.Listen = "" })
	p := h.invite()
	c := a.take()
	c.say("connect")
	c.message()
	c.do("myevents", "+OK Events Enabled")
	c.do("sendmsg\ncall-command: execute\nexecute-app-name: answer\nevent-lock: true", "+OK")
	p.Expect(200)
	p.Ack()
	c.do("sendmsg\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: tone:440/20ms\nEvent-UUID: x", "+OK")
	var got []string
	for m := c.message(); ; m = c.message() {
		if got = append(got, m.get("Event-Name")); m.get("Application-UUID") == "x" && m.get("Event-Name") == "CHANNEL_EXECUTE_COMPLETE" {
			break
		}
	}
	if s := strings.Join(got, " "); s != "CHANNEL_EXECUTE CHANNEL_ANSWER CHANNEL_EXECUTE_COMPLETE CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE" {
		t.Error(s)
	}
	p.Bye()
	p.Expect(200)
	if got := c.names(5); got != "CHANNEL_HANGUP CHANNEL_UNPARK CHANNEL_EXECUTE_COMPLETE CHANNEL_STATE CHANNEL_STATE" {
		t.Error(got)
	}
	if m := c.message(); m.headers["Content-Disposition"] != "disconnect" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
}

func TestDrainLetsNobodyLinger(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("async full", ""))
	p := h.invite()
	c := a.take()
	c.say("connect")
	c.message()
	c.do("linger", "+OK will linger")
	p.Cancel()
	p.Expect(200)
	p.Expect(487)
	p.AckRefusal()
	if m := c.message(); m.headers["Content-Disposition"] != "linger" {
		t.Errorf("%v", m.headers)
	}
	h.server.Drain()
	if m := c.message(); m.headers["Content-Disposition"] != "disconnect" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
	p = h.invite()
	c = a.take()
	c.say("connect")
	c.message()
	c.do("linger", "+OK will linger")
	p.Cancel()
	p.Expect(200)
	p.Expect(487)
	p.AckRefusal()
	if m := c.message(); m.headers["Content-Disposition"] != "disconnect" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
}

func TestAnApplicationThatSaysNothingIsLetGo(t *testing.T) {
	t.Parallel()
	a := newApplication(t)
	h := newHouse(t, a.handing("async full", ""))
	p := h.invite()
	c := a.take()
	c.raw("connect\nContent-Length: -5\n\n")
	if m := c.message(); m.headers["Content-Disposition"] != "disconnect" {
		t.Errorf("%v", m.headers)
	}
	c.ends()
	p.Expect(480)
	p.AckRefusal()
}
