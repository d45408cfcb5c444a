package esl_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
)

// inOrder fails unless the names stand in this order among those of an event.
func inOrder(t *testing.T, names []string, want ...string) {
	t.Helper()
	i := 0
	for _, n := range names {
		if i < len(want) && n == want[i] {
			i++
		}
	}
	if i < len(want) {
		t.Errorf("%q is missing or in the wrong place: %s", want[i], strings.Join(names, " "))
	}
}

func TestACallIsToldInTheWordsOfFreeSWITCH(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		x.API("rms_ring " + x.CallID())
		x.API("rms_progress " + x.CallID())
		return nil
	}})
	c := h.client()
	c.do("event plain ALL", "+OK event listener enabled plain")
	p := h.invite()
	p.Expect(180)
	p.Expect(183)
	create := c.message()
	id := create.get("Unique-ID")
	inOrder(t, create.names, "Event-Name", "Core-UUID", "FreeSWITCH-Hostname", "FreeSWITCH-Switchname", "FreeSWITCH-IPv4", "FreeSWITCH-IPv6",
		"Event-Date-Local", "Event-Date-GMT", "Event-Date-Timestamp", "Event-Calling-File", "Event-Calling-Function", "Event-Calling-Line-Number",
		"Event-Sequence", "Channel-State", "Channel-Call-State", "Channel-Name", "Unique-ID", "Call-Direction", "Answer-State",
		"Caller-Caller-ID-Number", "Caller-Destination-Number", "Caller-Unique-ID", "Caller-Channel-Created-Time", "variable_direction", "variable_uuid")
	if create.names[0] != "Event-Name" || create.get("FreeSWITCH-Hostname") != "host" || create.get("Answer-State") != "ringing" ||
		create.get("variable_sip_h_X-Tenant") != "red & blue" || !strings.Contains(create.body, "\nvariable_sip_h_X-Tenant: red%20%26%20blue\n") {
		t.Errorf("%s", create.body)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04:05", create.get("Event-Date-Local"), time.Local)
	gmt, err2 := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", create.get("Event-Date-GMT"))
	if err != nil || err2 != nil || time.Since(at) > time.Minute || !gmt.Equal(at) || len(create.get("Event-Date-Timestamp")) != 16 {
		t.Errorf("%v, %v: %s", at, gmt, create.body)
	}
	if got := c.names(5); got != "rms::invite CHANNEL_PROGRESS rms::progress CHANNEL_PROGRESS_MEDIA rms::progress" {
		t.Error(got)
	}
	c.say("api uuid_answer " + id)
	p.Expect(200)
	p.Ack()
	c.expect("Content-Type: api/response\nContent-Length: 4\n\n+OK\n")
	m := c.event("CHANNEL_ANSWER")
	if m.get("Answer-State") != "answered" || m.get("Channel-Call-State") != "ACTIVE" || m.get("Channel-Read-Codec-Name") != "PCMU" ||
		m.get("Caller-Channel-Answered-Time") == "0" || m.get("Caller-Channel-Progress-Time") == "0" || m.get("Caller-Channel-Progress-Media-Time") == "0" {
		t.Errorf("%s", m.body)
	}
	c.event("rms::ack")
	c.say("api uuid_broadcast " + id + " tone:440/40ms")
	c.expect("Content-Type: api/response\nContent-Length: 17\n\n+OK Message sent\n")
	if got := c.names(6); got != "CHANNEL_EXECUTE PLAYBACK_START rms::play_start PLAYBACK_STOP CHANNEL_EXECUTE_COMPLETE rms::play_end" {
		t.Error(got)
	}
	info := p.Request("INFO", "")
	_ = info
	c.say("api uuid_kill " + id)
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	c.expect("Content-Type: api/response\nContent-Length: 4\n\n+OK\n")
	if got := c.names(4); got != "CHANNEL_HANGUP CHANNEL_STATE CHANNEL_STATE rms::hangup" {
		t.Error(got)
	}
	m = c.message()
	if m.get("Event-Name") != "CHANNEL_HANGUP_COMPLETE" || m.get("Hangup-Cause") != "NORMAL_CLEARING" || m.get("Answer-State") != "hangup" ||
		m.get("variable_hangup_cause") != "NORMAL_CLEARING" || m.get("variable_hangup_cause_q850") != "16" || m.get("variable_billsec") != "0" || m.get("Unique-ID") != id {
		t.Errorf("%s", m.body)
	}
	if m := c.message(); m.get("Event-Name") != "CHANNEL_DESTROY" || m.get("Channel-State") != "CS_DESTROY" {
		t.Errorf("%s", m.body)
	}
	if m := c.message(); m.get("Event-Subclass") != "rms::end" || m.get("rms_cause") != "NORMAL_CLEARING" || m.get("rms_event") != "rms:end" {
		t.Errorf("%s", m.body)
	}
}

func TestFiltersChooseEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	for _, row := range []struct {
		filters string
		want    string // of X-N: one two three
	}{
		{"", "one two three"},
		{"X-N ONE", "one"}, {"x-n one|X-N two", "one two"}, {"X-N /^t/", "two three"}, {"X-N /^T/i", "two three"}, {"X-N /^T/", ""},
		{"X-N -one|X-N /./", "two three"}, {"X-N /./|X-N -one", "two three"}, {"X-N -one", ""}, {"X-N +two", "two"}, {"X-Nothing x", ""},
		{"X-N /t/|X-N -/^th/", "two"},
	} {
		c := h.client()
		c.do("event plain CUSTOM a::b CUSTOM", "+OK event listener enabled plain")
		for f := range strings.SplitSeq(row.filters, "|") {
			if f != "" {
				c.say("filter " + f)
				c.message()
			}
		}
		other := h.client()
		for _, n := range []string{"one", "two", "three"} {
			other.say("sendevent CUSTOM\nEvent-Subclass: a::b\nX-N: " + n)
			other.message()
		}
		other.say("exit")
		var got []string
		c.say("nolog")
		for m := c.message(); m.event != nil; m = c.message() {
			got = append(got, m.get("X-N"))
		}
		if strings.Join(got, " ") != row.want {
			t.Errorf("%s: %q, want %q", row.filters, got, row.want)
		}
		c.conn.Close()
	}
}

func TestNixeventTakesBackOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	c.do("event json ALL", "+OK event listener enabled json")
	c.do("nixevent NOTIFY", "+OK events nixed")
	c.say("sendevent NOTIFY\nX: 1")
	if m := c.message(); m.event != nil {
		t.Errorf("%v", m.event)
	}
	c.say("sendevent MESSAGE\nX: 2")
	if m := c.message(); m.get("Event-Name") != "MESSAGE" || m.get("X") != "2" {
		t.Errorf("%v", m.event)
	}
}

func TestXMLEventsAreXML(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	c.do("event xml MESSAGE", "+OK event listener enabled xml")
	c.say("sendevent MESSAGE\nX <y>: a b\nContent-Length: 3\n\n<&>")
	m := c.message()
	for _, want := range []string{
		"<event>\n  <headers>\n    <Event-Name>MESSAGE</Event-Name>\n", "<X__y_>a%20b</X__y_>", "  <Content-Length>3</Content-Length>\n  <body>&lt;&amp;&gt;</body>\n</event>\n",
	} {
		if !strings.Contains(m.body, want) || m.headers["Content-Type"] != "text/event-xml" {
			t.Errorf("%v lacks %q: %s", m.headers, want, m.body)
		}
	}
}

func TestMyeventsEndsWithTheCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	boss := h.client()
	boss.do("event plain CHANNEL_ANSWER", "+OK event listener enabled plain")
	id, p := h.dial()
	otherID, _ := h.dial()
	boss.names(2) // so that what is told of the answers has been told
	boss.do("noevents", "+OK no longer listening for events")
	c := h.client()
	c.do("myevents "+id, "+OK Events Enabled")
	c.do("myevents "+id, "-ERR aready enabled.")
	c.do("linger", "+OK will linger")
	c.do("nolinger", "+OK will not linger")
	c.do("divert_events", "-ERR missing value.")
	c.do("divert_events on", "+OK events diverted")
	c.do("divert_events off", "+OK events not diverted")
	boss.do("sendmsg "+otherID+"\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: a=b", "+OK")
	boss.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: park", "+OK")
	if got := c.names(2); got != "CHANNEL_EXECUTE CHANNEL_PARK" {
		t.Error(got)
	}
	boss.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: color=light blue\nEvent-UUID: my-ev-1", "+OK")
	c.message()
	m := c.message()
	if m.get("Event-Name") != "CHANNEL_EXECUTE_COMPLETE" || m.get("Application") != "set" || m.get("Application-Data") != "color=light blue" ||
		m.get("Application-UUID") != "my-ev-1" || m.get("Application-Response") != "_none_" || m.get("variable_color") != "light blue" {
		t.Errorf("%s", m.body)
	}
	c.do("getvar color", "light blue")
	c.do("getvar nothing", notFound)
	c.do("sendmsg\ncall-command: hangup\nhangup-cause: USER_BUSY", "+OK")
	p.Reply(p.ExpectRequest("BYE"), 200, "", "")
	m = c.message()
	if m.get("Event-Name") != "CHANNEL_HANGUP" || m.get("Hangup-Cause") != "USER_BUSY" || m.get("Answer-State") != "hangup" || m.get("Channel-State") != "CS_HANGUP" {
		t.Errorf("%s", m.body)
	}
	if got := c.names(4); got != "CHANNEL_UNPARK CHANNEL_EXECUTE_COMPLETE CHANNEL_STATE CHANNEL_STATE" {
		t.Error(got)
	}
	c.expect("Content-Type: text/disconnect-notice\nContent-Disposition: disconnect\nContent-Length: 67\n\n" + goodbye)
	c.ends()
	boss.do("sendmsg "+id+"\ncall-command: hangup", "-ERR invalid session id ["+id+"]")
	boss.do("myevents "+id, "+OK Events Enabled") // as in the original; nothing comes
}

func TestPlaybackIsToldFromBeginningToEnd(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	id, p := h.dial()
	c := h.client()
	c.do("event json CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE PLAYBACK_START PLAYBACK_STOP", "+OK event listener enabled json")
	const all = "CHANNEL_EXECUTE PLAYBACK_START PLAYBACK_STOP CHANNEL_EXECUTE_COMPLETE"
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: tone:440/60ms\nEvent-UUID: one", "+OK")
	if got := c.names(3); got != "CHANNEL_EXECUTE PLAYBACK_START PLAYBACK_STOP" {
		t.Error(got)
	}
	if m := c.message(); m.get("Application-Response") != "FILE PLAYED" || m.get("Application-UUID") != "one" || m.get("Application-Data") != "tone:440/60ms" {
		t.Errorf("%v", m.event)
	}
	// Broken off.
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: tone:440", "+OK")
	if got := c.names(2); got != "CHANNEL_EXECUTE PLAYBACK_START" {
		t.Error(got)
	}
	c.say("api uuid_break " + id)
	c.expect("Content-Type: api/response\nContent-Length: 4\n\n+OK\n")
	if m := c.message(); m.get("Event-Name") != "PLAYBACK_STOP" || m.get("Playback-Status") != "break" {
		t.Errorf("%v", m.event)
	}
	if m := c.message(); m.get("Application-Response") != "FILE PLAYED" {
		t.Errorf("%v", m.event)
	}
	// Not there.
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: playback\nexecute-app-arg: nothing.wav", "+OK")
	c.message()
	if m := c.message(); m.get("Event-Name") != "CHANNEL_EXECUTE_COMPLETE" || m.get("Application-Response") != "FILE NOT FOUND" {
		t.Errorf("%v", m.event)
	}
	// Several times, the argument in the body.
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: playback\nloops: 2\nContent-Type: text/plain\nContent-Length: 13\n\ntone:440/20ms", "+OK")
	if got := c.names(8); got != all+" "+all {
		t.Error(got)
	}
	// One after the other, because the first is locked.
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: sleep\nexecute-app-arg: 100\nevent-lock: true", "+OK")
	c.say("sendmsg " + id + "\ncall-command: execute\nexecute-app-name: set\nexecute-app-arg: x=1")
	var got []string
	for range 5 {
		if m := c.message(); m.event != nil {
			got = append(got, m.get("Event-Name")+":"+m.get("Application"))
		}
	}
	if strings.Join(got, " ") != "CHANNEL_EXECUTE:sleep CHANNEL_EXECUTE_COMPLETE:sleep CHANNEL_EXECUTE:set CHANNEL_EXECUTE_COMPLETE:set" {
		t.Error(got)
	}
	p.Bye()
	p.Expect(200)
}

func TestApplicationsThatAreNotHereSayWhatLacks(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	id, p := h.dial()
	c := h.client()
	c.do("event json CHANNEL_EXECUTE CHANNEL_EXECUTE_COMPLETE", "+OK event listener enabled json")
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: bridge\nEvent-UUID: r", "-ERR application bridge is not available: this version of rms has no bridges")
	if m := c.message(); m.get("Event-Name") != "CHANNEL_EXECUTE_COMPLETE" || m.get("Application-UUID") != "r" || !strings.HasPrefix(m.get("Application-Response"), "-ERR ") {
		t.Errorf("%v", m.event)
	}
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: frobnicate", "-ERR application frobnicate is not available")
	c.message()
	c.do("sendmsg "+id+"\ncall-command: unicast", "-ERR not available: call-command unicast")
	c.do("sendmsg "+id, "-ERR not available: there is no call-command")
	// Whatever is a verb is an application too.
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: rms_set\nexecute-app-arg: a 1", "+OK")
	c.message()
	if m := c.message(); m.get("variable_a") != "1" || m.get("Application-Response") != "_none_" {
		t.Errorf("%v", m.event)
	}
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: rms_set", "+OK")
	c.message()
	if m := c.message(); !strings.HasPrefix(m.get("Application-Response"), "-") {
		t.Errorf("%v", m.event)
	}
	p.Bye()
	p.Expect(200)
}

func TestPlayAndGetDigitsLeavesWhatWasPressed(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	id, p := h.dial()
	c := h.client()
	c.do("event json CHANNEL_EXECUTE_COMPLETE DTMF PLAYBACK_START", "+OK event listener enabled json")
	const app = "\ncall-command: execute\nexecute-app-name: play_and_get_digits\nexecute-app-arg: 2 4 2 5000 # tone:440 tone:300/20ms pin "
	c.do("sendmsg "+id+app+"\\d+", "+OK")
	c.event("PLAYBACK_START")
	press(p, "1")
	press(p, "#") // too few: the prompt comes again behind the one that says so
	c.event("PLAYBACK_START")
	c.event("PLAYBACK_START")
	press(p, "4")
	press(p, "2")
	press(p, "#")
	m := c.event("CHANNEL_EXECUTE_COMPLETE")
	if m.get("Application") != "play_and_get_digits" || m.get("variable_pin") != "42" || m.get("variable_read_terminator_used") != "#" || m.get("Application-Response") != "_none_" {
		t.Errorf("%v", m.event)
	}
	c.do("sendmsg "+id+app+"5+", "+OK")
	for range 2 {
		c.event("PLAYBACK_START")
		press(p, "7")
		press(p, "7")
		press(p, "#")
	}
	m = c.event("CHANNEL_EXECUTE_COMPLETE")
	if m.get("Application") != "play_and_get_digits" {
		m = c.event("CHANNEL_EXECUTE_COMPLETE")
	}
	if m.event["variable_pin"] != nil || m.get("variable_pin_invalid") != "77" {
		t.Errorf("%v", m.event)
	}
	c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: read\nexecute-app-arg: 1 1 tone:440 one 5000 #", "+OK")
	c.event("PLAYBACK_START")
	press(p, "9")
	if m := c.event("DTMF"); m.get("DTMF-Source") != "ENDPOINT" {
		t.Errorf("%v", m.event)
	}
	for m = c.event("CHANNEL_EXECUTE_COMPLETE"); m.get("Application") != "read"; m = c.event("CHANNEL_EXECUTE_COMPLETE") {
	}
	if m.get("variable_one") != "9" {
		t.Errorf("%v", m.event)
	}
	for _, bad := range []string{"x", "5 2 1 1000 # a b v", "1 2 0 1000 # a b v", "1 2 1 x # a b v", "1 2 1 1000 # a b v (", "'"} {
		c.do("sendmsg "+id+"\ncall-command: execute\nexecute-app-name: play_and_get_digits\nexecute-app-arg: "+bad, "+OK")
		if m := c.event("CHANNEL_EXECUTE_COMPLETE"); !strings.HasPrefix(m.get("Application-Response"), "-ERR ") {
			t.Errorf("%s: %v", bad, m.get("Application-Response"))
		}
	}
	p.Bye()
	p.Expect(200)
}

func TestHeartbeatTellsThatTheServerIsThere(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{}, fast)
	c := h.client()
	c.do("event json HEARTBEAT", "+OK event listener enabled json")
	if m := c.message(); m.get("Event-Info") != "System Ready" || m.get("Session-Count") != "0" || !strings.Contains(m.get("Up-Time"), "0 years, 0 days") {
		t.Errorf("%v", m.event)
	}
}

func TestLogLinesCome(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	c := h.client()
	c.do("log 4", "+OK log level 4 [4]")
	h.log.Info().Msg("too quiet")
	h.log.Warn().Str("call_id", "abc").Int("n", 5).Msg("loud enough")
	m := c.message()
	if strings.Join(m.order, " ") != "Content-Type Content-Length Log-Level Text-Channel Log-File Log-Func Log-Line User-Data" ||
		m.headers["Log-Level"] != "4" || m.headers["User-Data"] != "abc" || !strings.HasSuffix(m.body, " [WARNING] rms:0 loud enough call_id=abc n=5\n") {
		t.Errorf("%v %q", m.headers, m.body)
	}
	c.do("nolog", "+OK no longer logging")
	h.log.Warn().Msg("nobody listens")
	c.do("nolog", "-ERR not loging")
}
