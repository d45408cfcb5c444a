package scripting_test

import (
	"testing"

	"rms/call"
	"rms/scripting"
	"rms/scripting/scripttest"
)

func TestVoicemailScript(t *testing.T) { inBoth(t, "voicemail", checkVoicemail) }

func checkVoicemail(t *testing.T, e *scripting.Engine) {
	t.Helper()
	caller := func(name string) talk {
		d := talk{t, e, &scripttest.Exec{Name: name}}
		d.event("rms:start")
		d.wake("play(file=welcome.wav", "reason", "done")
		return d
	}
	said := func(d talk, file, reason string) {
		t.Helper()
		d.wake("record_start(name=message, sides=caller", "file", file, "reason", reason, "duration_ms", int64(4000))
	}
	presses := func(d talk, key string) {
		t.Helper()
		d.wake("collect(prompt=tone:660/300ms", "digits", key, "reason", "max")
	}
	d := caller("hears, records anew and keeps")
	said(d, "a.wav", call.ReasonTerminator)
	presses(d, "1")
	d.wake("play(file=record:a.wav", "reason", "done")
	presses(d, "2")
	expect(t, d.x, "record_delete(file=a.wav", "record_start(name=message...")
	do(t, e, d.x, d.x.Wake("file", "b.wav", "reason", "silence", "duration_ms", int64(9000)))
	presses(d, "")
	expect(t, d.x, "hangup")
	if d.x.Vars["message"] != "b.wav" {
		t.Errorf("the message is %v", d.x.Vars["message"])
	}
	d.over()

	d = caller("deletes")
	said(d, "c.wav", "max")
	presses(d, "3")
	expect(t, d.x, "record_delete(file=c.wav", "hangup")
	if d.x.Vars["message"] != nil {
		t.Errorf("the message is %v", d.x.Vars["message"])
	}
	d.over()

	d = caller("hangs up while the message is recorded")
	said(d, "d.wav", call.ReasonHangup)
	expect(t, d.x, "hangup")
	if d.x.Vars["message"] != "d.wav" {
		t.Errorf("the message is %v", d.x.Vars["message"])
	}
	d.over()
}
