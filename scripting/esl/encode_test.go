package esl

import (
	"testing"
)

func TestEventsAreWrittenAsTheOriginalWritesThem(t *testing.T) {
	t.Parallel()
	e := &event{lists: true}
	e.add("Event-Name", "CUSTOM")
	e.add("Date", "Fri, 20 Nov 2026 15:18:41 GMT")
	e.add("Path", "a/b,c-d_e.f~g!h*i'j(k)$l")
	e.add("List", "a b")
	e.add("Odd", "\"#%&+:;<=>?@[\\]^`{|}\n\x00\x7f\xe9")
	e.add("List", "c")
	const lines = "Event-Name: CUSTOM\nDate: Fri,%2020%20Nov%202026%2015%3A18%3A41%20GMT\nPath: a/b,c-d_e.f~g!h*i'j(k)$l\n" +
		"List: ARRAY%3A%3Aa%20b%7C%3Ac\nOdd: %22%23%25%26%2B%3A%3B%3C%3D%3E%3F%40%5B%5C%5D%5E%60%7B%7C%7D%0A%00%7F%E9\n"
	if got, want := string(e.wire(plain)), "Content-Length: 209\nContent-Type: text/event-plain\n\n"+lines+"\n"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	const object = `{"Event-Name":"CUSTOM","Date":"Fri, 20 Nov 2026 15:18:41 GMT","Path":"a/b,c-d_e.f~g!h*i'j(k)$l","List":["a b","c"],` +
		`"Odd":"\"#%&+:;<=>?@[\\]^` + "`" + `{|}\n\u0000` + "\x7f\ufffd" + `"}`
	if got, want := string(e.wire(asJSON)), "Content-Length: 158\nContent-Type: text/event-json\n\n"+object; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	with := &event{}
	with.add("Event-Name", "CUSTOM")
	with.setBody(`{"status":"connected"}`)
	if got, want := string(with.wire(plain)), "Content-Length: 61\nContent-Type: text/event-plain\n\nEvent-Name: CUSTOM\nContent-Length: 22\n\n{\"status\":\"connected\"}"; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
	if got, want := string(with.wire(asJSON)), `Content-Length: 82
Content-Type: text/event-json

{"Event-Name":"CUSTOM","Content-Length":"22","_body":"{\"status\":\"connected\"}"}`; got != want {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

func TestCausesAreNamedAsTheOriginalNamesThem(t *testing.T) {
	t.Parallel()
	for want, e := range map[string]ending{
		"NORMAL_CLEARING": {by: "caller", code: 200, text: "hung up", answered: true},
		"USER_BUSY":       {by: "us", code: 486, text: "Busy Here"}, "CALL_REJECTED": {by: "us", text: "call_rejected", answered: true},
		"ORIGINATOR_CANCEL": {by: "caller", code: 487, text: "cancelled"}, "NO_ANSWER": {by: "timeout", code: 480, text: "ring time-out"},
		"ALLOTTED_TIMEOUT": {by: "timeout", text: "call.max_duration reached", answered: true}, "MEDIA_TIMEOUT": {by: "timeout", code: 408, text: "no RTP and no RTCP (rtp.timeout)", answered: true},
		"RECOVERY_ON_TIMER_EXPIRE": {by: "timeout", code: 408, text: "no ACK", answered: true}, "NUMBER_CHANGED": {by: "caller", reason: `SIP;cause=200, Q.850 ;cause=22;text="x"`, answered: true},
		"NORMAL_TEMPORARY_FAILURE": {by: "error", code: 500, text: "script error", answered: true}, "UNALLOCATED_NUMBER": {by: "us", code: 404},
	} {
		if got := e.cause(); got != want {
			t.Errorf("%+v: %s, want %s", e, got, want)
		}
	}
	for _, odd := range []string{"", "Q.850", "Q.850;cause=", "Q.850;cause=9999", "Q.850;cause=x", "SIP;cause=16"} {
		if name, ok := causeOfReason(odd); ok {
			t.Errorf("%q: %s", odd, name)
		}
	}
}

func TestThereAreTwentyThreeEventsOfMyOwn(t *testing.T) {
	t.Parallel()
	if len(myEvents) != 23 || eventNames[kindAll] != "ALL" || int(kindAll) != len(eventNames)-1 || len(eventNames) > 128 {
		t.Errorf("%d of %d", len(myEvents), len(eventNames))
	}
	for _, n := range eventNames {
		if k, ok := kindOf("switch_event_" + n); !ok || eventNames[k] != n {
			t.Errorf("%s is found as %s", n, eventNames[k])
		}
	}
}
