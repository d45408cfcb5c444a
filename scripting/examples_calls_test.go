package scripting_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/call"
	"rms/scripting"
	"rms/scripting/scripttest"
)

// talk runs one route after the other on a call: what the script does next is wanted.
type talk struct {
	t *testing.T
	e *scripting.Engine
	x *scripttest.Exec
}

// wake ends the oldest wait, which must be for that verb.
func (d talk) wake(verb string, fields ...any) {
	d.t.Helper()
	expect(d.t, d.x, verb)
	do(d.t, d.e, d.x, d.x.Wake(fields...))
}

// event runs a route with the fields of its event.
func (d talk) event(route string, fields ...any) {
	d.t.Helper()
	d.x.Started = event(route, fields...)
	do(d.t, d.e, d.x, route)
}

// over fails when a run of the script failed or still waits.
func (d talk) over() {
	d.t.Helper()
	if s := d.e.Stats(); s.Paused != 0 || s.Failed != 0 {
		d.t.Errorf("%+v", s)
	}
}

func TestPromptScript(t *testing.T) { inBoth(t, "prompt", checkPrompt) }

func checkPrompt(t *testing.T, e *scripting.Engine) {
	t.Helper()
	for user, file := range map[string]string{
		"opening_hours": "opening_hours.wav", "A-7": "A-7.wav", "": "welcome.wav", "../etc/passwd": "welcome.wav", "a b": "welcome.wav",
	} {
		d := talk{t, e, &scripttest.Exec{Name: "call to " + user, About: call.Info{RURIUser: user}}}
		d.event("rms:start")
		d.wake("play(file="+file+",", "reason", "done")
		expect(t, d.x, "hangup")
	}
	var log bytes.Buffer
	d := talk{t, e, &scripttest.Exec{Name: "missing", About: call.Info{RURIUser: "none", FromUser: "alice"}, Out: &log}}
	d.event("rms:start")
	d.wake("play(file=none.wav,", "reason", "error", "error", "no such file")
	d.wake("play(file=sorry.wav,", "reason", "done")
	expect(t, d.x, "hangup")
	if !strings.Contains(log.String(), "no prompt for alice: no such file") {
		t.Error(log.String())
	}
	d.over()
}

func TestWaitingScript(t *testing.T) { inBoth(t, "waiting", checkWaiting) }

func checkWaiting(t *testing.T, e *scripting.Engine) {
	t.Helper()
	d := talk{t, e, &scripttest.Exec{Name: "a", Headers: map[string][]string{"X-Queue-Position": {"12"}}}}
	music := "play(file=music.wav, route=music_over, mode=queue, loop=true) sleep(seconds=20s"
	turn := func(position any) { // music, until the place has changed
		t.Helper()
		d.x.Vars["position"] = position
		got := strings.Join(d.x.Done, " ")
		if !strings.Contains(got, music) {
			t.Errorf("did %q, want %q", got, music)
		}
		d.x.Done = nil
		do(t, e, d.x, d.x.Wake("reason", "done"))
		if !strings.HasPrefix(strings.Join(d.x.Done, " "), "stop()") {
			t.Errorf("the music goes on: %v", d.x.Done)
		}
		d.event("music_over", "reason", "stopped")
	}
	said := func(digits ...string) {
		t.Helper()
		d.wake("play(file=position.wav", "reason", "done")
		for _, digit := range digits {
			d.wake("play(file=digits/"+digit+".wav", "reason", "done")
		}
	}
	d.event("rms:start")
	said("1", "2")
	turn("3") // as uuid_setvar sets it
	said("3")
	turn(3.0) // as JSON has it
	turn(int64(2))
	said("2")
	turn(int64(0))
	d.wake("play(file=your_turn.wav", "reason", "done")
	expect(t, d.x, "hangup(reason=the caller's turn has come")
	d.over()
	alone := talk{t, e, &scripttest.Exec{Name: "b"}}
	alone.event("rms:start")
	alone.wake("play(file=position.wav", "reason", "done")
	alone.wake("play(file=digits/1.wav", "reason", "stopped")
	alone.x.Do = func(*call.Verb, call.Args) (any, error) { return nil, call.ErrGone } // the caller hangs up
	do(t, e, alone.x, alone.x.Wake("reason", "ended"))
	alone.over()
}

func TestBotScript(t *testing.T) { inBoth(t, "bot", checkBot) }

func checkBot(t *testing.T, e *scripting.Engine) {
	t.Helper()
	d := talk{t, e, &scripttest.Exec{Name: "a"}}
	d.event("rms:start")
	expect(t, d.x, "stream_start(url=ws://127.0.0.1:9001/bot, name=bot...rate=16000", "playback=true")
	d.x.Do = func(v *call.Verb, _ call.Args) (any, error) {
		if v.Name == "stream_clear" {
			return int64(740), nil
		}
		return nil, nil
	}
	d.event("rms:dtmf", "digit", "5")
	expect(t, d.x, `stream_clear(name=bot) stream_send_text(text={"type": "key", "digit": "5", "heard_ms": 740}, name=bot)`)
	d.event("rms:stream_json", "name", "bot", "text", `{"type": "transcript", "text": "hangup"}`)
	expect(t, d.x)
	d.event("rms:stream_disconnect", "name", "bot", "by", "error", "code", int64(1006), "reason", "broken", "again", true)
	expect(t, d.x)
	d.event("rms:stream_disconnect", "name", "bot", "by", "error", "code", int64(1006), "reason", "broken", "again", false)
	expect(t, d.x, "play(file=sorry.wav, route=sorry_over")
	d.event("sorry_over", "reason", "done")
	expect(t, d.x, "hangup(reason=the bot is gone")
	d.event("rms:stream_json", "name", "bot", "text", `{"type": "hangup"}`)
	expect(t, d.x, "hangup(reason=the bot is done")
	d.event("rms:stream_disconnect", "name", "bot", "by", "remote", "code", int64(1000), "reason", "", "again", false)
	expect(t, d.x, "hangup(reason=the bot is done")
	refused := talk{t, e, &scripttest.Exec{Name: "b", Do: func(v *call.Verb, _ call.Args) (any, error) {
		if v.Name == "stream_start" {
			return nil, call.ErrBusy
		}
		return nil, nil
	}}}
	refused.event("rms:start")
	expect(t, refused.x, "hangup(reason=no bot")
	d.over()
}

func TestEchoScript(t *testing.T) { inBoth(t, "echo", checkEcho) }

func checkEcho(t *testing.T, e *scripting.Engine) {
	t.Helper()
	var log bytes.Buffer
	d := talk{t, e, &scripttest.Exec{Name: "a", Out: &log}}
	d.event("rms:start")
	d.wake("play(file=echo_test.wav", "reason", "done")
	d.wake("play(file=beep.wav", "reason", "done")
	d.wake("echo(on=true) collect(...first_timeout=1m0s", "reason", "terminator", "digits", "")
	d.wake("echo(on=false) play(file=beep.wav", "reason", "done")
	expect(t, d.x, "hangup")
	if !strings.Contains(log.String(), "ended: terminator") {
		t.Error(log.String())
	}
	d.over()
}

// TestEveryExampleIsNamedInTheDocuments, so that people find them.
func TestEveryExampleIsNamedInTheDocuments(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/scripts/*.lua")
	if err != nil {
		t.Fatal(err)
	}
	doc, err := os.ReadFile("../docs/scripting.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(filepath.Base(f), ".lua"); !strings.Contains(string(doc), "\n| `"+name+"` |") {
			t.Errorf("docs/scripting.md does not name %s among its examples", name)
		}
	}
}
