package esl_test

import (
	"fmt"
	"net/netip"
	"regexp"
	"strings"
	"testing"
	"time"

	"rms/scripting/esl"
)

func TestBeforeAuthNothingButAuthWorks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.connect()
	c.expect("Content-Type: auth/request\n\n")
	for _, cmd := range []string{"api status", "event plain all", "auth", "sendmsg x\ncall-command: hangup", "nonsense", "log 7"} {
		c.do(cmd, notFound)
	}
	c.do("auth "+password, "+OK accepted")
	c.do("auth "+password, notFound) // it is known already
}

func TestAWrongPasswordEndsTheConnection(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	for _, cmd := range []string{
		"auth wrong", "auth ", "auth ClueCon", "auth " + password + "x", "userauth u@d:wrong", "userauth " + password, "userauth @d:" + password,
		"userauth u@:" + password, "userauth u:" + password,
	} {
		c := h.connect()
		c.expect("Content-Type: auth/request\n\n")
		c.do(cmd, "-ERR invalid")
		c.expect(notice)
		c.ends()
	}
	if s := h.server.Stats(); s.BadAuth != 9 {
		t.Errorf("%+v", s)
	}
	for _, cmd := range []string{"userauth operator@example.org:" + password, "userauth operator:" + password + "@example.org"} {
		c := h.connect()
		c.expect("Content-Type: auth/request\n\n")
		c.say(cmd)
		c.expect("Content-Type: command/reply\nReply-Text: +OK accepted\nAllowed-Events: all\nAllowed-API: all\nAllowed-LOG: true\n\n")
		c.do("nolog", "-ERR not loging")
	}
}

func TestExitSaysGoodbye(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.connect()
	c.expect("Content-Type: auth/request\n\n")
	c.do("exit", "+OK bye")
	c.expect(notice)
	c.ends()
	c = h.client()
	c.do("EXIT", "+OK bye")
	c.expect(notice)
	c.ends()
}

func TestTheAddressListRefusesRudely(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *esl.Options) { o.Allow = []netip.Prefix{netip.MustParsePrefix("192.0.2.0/24")} })
	c := h.connect()
	c.expect("Content-Type: text/rude-rejection\nContent-Length: 24\n\nAccess Denied, go away.\n")
	c.ends()
}

// Each row of the table of commands, on one connection as the original was measured.
func TestRepliesAreThoseOfTheOriginal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	const nobody = "00000000-0000-0000-0000-000000000000"
	for _, row := range []struct{ command, text string }{
		{"foo", notFound},
		{"api", notFound}, {"bgapi", notFound}, {"filter", notFound}, {"connect", notFound},
		{"event plain", "-ERR no keywords supplied"}, {"event", "-ERR no keywords supplied"}, {"event plain NOSUCH", "-ERR no keywords supplied"},
		{"event foo HEARTBEAT", "+OK event listener enabled plain"},
		{"event json all", "+OK event listener enabled json"},
		{"event HEARTBEAT", "+OK event listener enabled json"},
		{"event xml HEARTBEAT", "+OK event listener enabled xml"},
		{"event plain BACKGROUND_JOB CUSTOM conference::maintenance sofia::register", "+OK event listener enabled plain"},
		{"EVENT JSON channel_create SWITCH_EVENT_CHANNEL_ANSWER", "+OK event listener enabled json"},
		{"event plain NOSUCH HEARTBEAT", "+OK event listener enabled plain"},
		{"nixevent", "-ERR no keywords supplied"}, {"nixevent NOSUCH", "-ERR no keywords supplied"},
		{"nixevent HEARTBEAT", "+OK events nixed"}, {"nixevent CUSTOM sofia::register", "+OK events nixed"}, {"nixevent all", "+OK events nixed"},
		{"noevents", "+OK no longer listening for events"}, {"noevents", "-ERR not listening for events"},
		{"filter Event-Name HEARTBEAT", "+OK filter added. [Event-Name]=[HEARTBEAT]"},
		{"filter add Event-Name -DTMF", "+OK filter added. [Event-Name]=[-DTMF]"},
		{"filter Event-Name /^CHANNEL/", "+OK filter added. [Event-Name]=[/^CHANNEL/]"},
		{"filter Event-Name /(/", "+OK filter added. [Event-Name]=[/(/]"},
		{"filter Event-Name", "-ERR invalid syntax"}, {"filter delete", "-ERR invalid syntax"}, {"filter add X", "-ERR invalid syntax"},
		{"filter delete Event-Name HEARTBEAT", "+OK filter deleted. [Event-Name][HEARTBEAT]"},
		{"filter delete Event-Name", "+OK filter deleted. [Event-Name][]"},
		{"filter delete all", "+OK filter deleted. [all][]"},
		{"linger", "-ERR not controlling a session"}, {"nolinger", "-ERR not controlling a session"},
		{"divert_events on", "-ERR not controlling a session."},
		{"getvar x", notFound}, {"resume", notFound},
		{"sendmsg " + nobody + "\ncall-command: hangup", "-ERR invalid session id [" + nobody + "]"},
		{"sendmsg\ncall-command: hangup", "-ERR invalid session id []"},
		{"log 4", "+OK log level 4 [4]"}, {"log DEBUG", "+OK log level DEBUG [7]"}, {"log 9", "-ERR invalid log level"}, {"log loud", "-ERR invalid log level"},
		{"nolog", "+OK no longer logging"}, {"nolog", "-ERR not loging"},
		{"myevents", notFound}, {"myevents " + nobody + " json", "-ERR invalid uuid"},
		{"myevents " + nobody, "+OK Events Enabled"}, {"myevents " + nobody, "-ERR aready enabled."},
		{"linger", "-ERR not controlling a session"},
	} {
		c.say(row.command)
		c.expect(reply(row.text))
	}
	c.say("api nosuchcmd")
	c.expect("Content-Type: api/response\nContent-Length: 34\n\n-ERR nosuchcmd Command not found!\n")
	c.say("api version short")
	c.expect("Content-Type: api/response\nContent-Length: 6\n\n1.2.3\n")
	c.say("api uuid_exists " + nobody)
	c.expect("Content-Type: api/response\nContent-Length: 5\n\nfalse")
	c.say("api uuid_audio_stream " + nobody + " stop")
	c.expect("Content-Type: api/response\nContent-Length: 22\n\n-ERR Operation Failed\n")
	c.say("api uuid_setvar_multi")
	c.expect("Content-Type: api/response\nContent-Length: 42\n\n-ERR uuid_setvar_multi Command not found!\n")
}

func TestSendeventRepliesWithTheIDOfItsEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c, other := h.client(), h.client()
	c.do("event plain CUSTOM my::sub", "+OK event listener enabled plain")
	other.do("event json CUSTOM other::sub", "+OK event listener enabled json")
	c.say("sendevent CUSTOM\nEvent-Subclass: my::sub\nX-Foo: a b%c\nX-List: one\nX-List: two\nContent-Length: 5\n\nhello")
	m := c.message()
	if m.event == nil { // the reply and the event come in any order
		t.Fatalf("%+v", m)
	}
	r := c.message()
	id := strings.TrimPrefix(r.headers["Reply-Text"], "+OK ")
	if strings.Join(r.order, " ") != "Content-Type Reply-Text" || !regexp.MustCompile(`^[0-9a-f-]{36}$`).MatchString(id) {
		t.Errorf("%+v", r)
	}
	if strings.Join(m.order, " ") != "Content-Length Content-Type" || m.get("Event-UUID") != id || m.get("_body") != "hello" || m.get("X-Foo") != "a b%c" ||
		m.get("X-List") != "ARRAY::one|:two" || !strings.Contains(m.body, "\nX-Foo: a%20b%25c\n") || !strings.HasSuffix(m.body, "\nContent-Length: 5\n\nhello") {
		t.Errorf("%v\n%s", m.order, m.body)
	}
	if got := strings.Join(m.names[:2], " "); got != "Event-Name Event-Subclass" {
		t.Error(got)
	}
	other.do("event json CUSTOM my::sub", "+OK event listener enabled json")
	c.say("sendevent CUSTOM\nEvent-Subclass: my::sub\nX-List: one\nX-List: two\nContent-Length: 3\n\n\"\n\xff")
	if m := other.message(); fmt.Sprint(m.event["X-List"]) != "[one two]" || m.get("Content-Length") != "3" || m.get("_body") != "\"\n\ufffd" {
		t.Errorf("%v", m.event)
	}
}

func TestBgapiRepliesBeforeItsEvent(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	c.do("event json BACKGROUND_JOB", "+OK event listener enabled json")
	c.say("bgapi version short\nJob-UUID: my-job-1")
	c.expect("Content-Type: command/reply\nReply-Text: +OK Job-UUID: my-job-1\nJob-UUID: my-job-1\n\n")
	m := c.message()
	if m.get("Event-Name") != "BACKGROUND_JOB" || m.get("Job-UUID") != "my-job-1" || m.get("Job-Command") != "version" || m.get("Job-Command-Arg") != "short" ||
		m.get("_body") != "1.2.3\n" || m.get("Content-Length") != "6" {
		t.Errorf("%v", m.event)
	}
	c.say("bgapi status")
	r := c.message()
	id := r.headers["Job-UUID"]
	if strings.Join(r.order, " ") != "Content-Type Reply-Text Job-UUID" || len(id) != 36 || r.headers["Reply-Text"] != "+OK Job-UUID: "+id {
		t.Errorf("%+v", r)
	}
	if m := c.message(); m.get("Job-UUID") != id || m.event["Job-Command-Arg"] != nil || !strings.HasPrefix(m.get("_body"), "UP 0 years") {
		t.Errorf("%v", m.event)
	}
}

func TestCommandsMayEndInCRLFAndBeginWithEmptyLines(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.connect()
	c.expect("Content-Type: auth/request\n\n")
	c.raw("\r\n\n\r\nauth " + password + "\r\n\r\n")
	c.expect(reply("+OK accepted"))
	c.raw("event plain CUSTOM a::b\r\n\r\n\n\nsendevent CUSTOM\r\nEvent-Subclass: a::b\r\nContent-Length: 4\r\n\r\n\r\n\r\nnolog\n\n")
	c.expect(reply("+OK event listener enabled plain"))
	if m := c.message(); m.get("_body") != "\r\n\r\n" {
		t.Errorf("%v", m.event)
	}
	c.message()
	c.expect(reply("-ERR not loging"))
}

func TestWhatLiesAboutItsLengthIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	for _, auth := range []bool{false, true} {
		for _, length := range []string{"-1", "9223372036854775808", "18446744073709551616", "2147483648", "4294967328", "1048577", "abc", "", "1e3", "0x10", "5\nContent-Length: 6"} {
			c := h.connect()
			c.expect("Content-Type: auth/request\n\n")
			if auth {
				c.do("auth "+password, "+OK accepted")
			}
			c.say("sendevent CUSTOM\nContent-Length: " + length)
			c.expect(notice)
			c.ends()
		}
	}
}

func TestAnEndlessLineIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	for _, text := range []string{strings.Repeat("x", 70_000), "api status\n" + strings.Repeat("A: b\n", 14_000)} {
		c := h.connect()
		c.expect("Content-Type: auth/request\n\n")
		go func() { _, _ = c.conn.Write([]byte(text)) }()
		c.expect(notice)
		c.ends()
	}
}

func TestWhoSaysNoPasswordIsClosed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, func(o *esl.Options) { o.AuthTimeout = 50 * time.Millisecond })
	c := h.connect()
	c.expect("Content-Type: auth/request\n\n")
	c.raw("api sta")
	c.ends()
	c = h.connect()
	c.expect("Content-Type: auth/request\n\n")
	c.do("auth "+password, "+OK accepted")
	time.Sleep(100 * time.Millisecond) // longer than a stranger may stay
	c.do("nolog", "-ERR not loging")
}

func TestListenWantsAPassword(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	s := esl.New(esl.Options{Manager: h.calls, Listen: "127.0.0.1:0"})
	if err := s.Listen(); err == nil {
		t.Error("it listens without a password")
	}
	s.Close()
	if a, b := esl.NewPassword(), esl.NewPassword(); a == b || len(a) < 20 {
		t.Errorf("%q, %q", a, b)
	}
}
