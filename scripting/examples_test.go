package scripting_test

import (
	"bytes"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting"
	"rms/scripting/scripttest"
)

// do runs one route and waits for it.
func do(t *testing.T, e *scripting.Engine, x *scripttest.Exec, route string) {
	t.Helper()
	done := make(chan error, 1)
	if err := e.Queue(x, route, func(err error) { done <- err }); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatalf("%s: %v", route, err)
	}
}

// inBoth runs the same checks on the example of a name in Lua and in Starlark; "" is
// the script that is built into the program.
func inBoth(t *testing.T, name string, check func(*testing.T, *scripting.Engine)) {
	t.Parallel()
	for _, ending := range []string{".lua", ".star"} {
		file := name + ending
		if name == "" {
			file = "default" + ending
		}
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			check(t, example(t, file))
		})
	}
}

func example(t *testing.T, file string) *scripting.Engine {
	t.Helper()
	if !strings.HasPrefix(file, "default.") && file != "" {
		file = filepath.Join("..", "testdata", "scripts", file)
	}
	e, err := scripting.Load(scripting.Options{File: file, Budget: time.Minute, Log: zerolog.Nop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return e
}

func event(name string, fields ...any) *call.Event {
	e := &call.Event{Name: name}
	for i := 0; i < len(fields); i += 2 {
		name, _ := fields[i].(string)
		e.Fields = append(e.Fields, call.Field{Name: name, Value: fields[i+1]})
	}
	return e
}

// did returns the verbs since the last look, defaults of play left out.
func did(x *scripttest.Exec) string {
	s := strings.Join(x.Done, " ")
	x.Done = nil
	return strings.NewReplacer(", mode=queue", "", ", loop=1", "", "()", "").Replace(s)
}

func expect(t *testing.T, x *scripttest.Exec, verbs ...string) {
	t.Helper()
	got := did(x)
	for _, v := range verbs {
		head, tail, _ := strings.Cut(v, "...")
		if !strings.Contains(got, head) || !strings.Contains(got, tail) {
			t.Errorf("did %q, want %q", got, v)
		}
	}
	if len(verbs) == 0 && got != "" {
		t.Errorf("did %q, want nothing", got)
	}
}

func TestEveryExamplePassesCheck(t *testing.T) {
	t.Parallel()
	for _, ending := range []string{".lua", ".star"} {
		files, err := filepath.Glob("../testdata/scripts/*" + ending)
		if err != nil || len(files) < 5 {
			t.Fatal(files, err)
		}
		for _, f := range append(files, "", "default"+ending) {
			for _, err := range scripting.Check(f) {
				t.Error(err)
			}
		}
	}
}

// TestEveryExampleIsThereInBothLanguages but for those that show what only Lua has.
func TestEveryExampleIsThereInBothLanguages(t *testing.T) {
	t.Parallel()
	files, err := filepath.Glob("../testdata/scripts/*.*")
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		twin := strings.TrimSuffix(f, filepath.Ext(f)) + map[string]string{".lua": ".star", ".star": ".lua"}[filepath.Ext(f)]
		if !slices.Contains(files, twin) && filepath.Base(f) != "kemi.lua" {
			t.Errorf("%s has no twin %s", f, twin)
		}
	}
}

func TestSeedScript(t *testing.T) {
	inBoth(t, "seed", checkSeed)
}

func checkSeed(t *testing.T, e *scripting.Engine) {
	t.Helper()
	var out bytes.Buffer
	x := &scripttest.Exec{Name: "a", SIPMethod: "INVITE", Out: &out, PVs: map[string]string{"$ci": "1@x"}}
	do(t, e, x, call.RouteName)
	expect(t, x, "answer(...rms:start")
	do(t, e, x, "rms:start")
	expect(t, x, "play(file=/tmp/reference_8000.wav, route=rms:after_play")
	do(t, e, x, "rms:after_play")
	expect(t, x, "hangup")
	x.SIPMethod, x.ToTag = "BYE", true
	do(t, e, x, call.RouteName)
	expect(t, x, "media_stop")
	if !strings.Contains(out.String(), "BYE RECEIVED [1@x]") || !strings.Contains(out.String(), "[rms:start] play ...") {
		t.Error(out.String())
	}
	refused := &scripttest.Exec{SIPMethod: "INVITE", Do: func(*call.Verb, call.Args) (any, error) { return nil, call.ErrGone }}
	do(t, e, refused, call.RouteName)
	if diff := cmp.Diff([]string{"503 server error"}, refused.Replies); diff != "" {
		t.Error(diff)
	}
}

func TestKEMIScript(t *testing.T) {
	t.Parallel()
	e := example(t, "kemi.lua")
	x := &scripttest.Exec{SIPMethod: "OPTIONS"}
	do(t, e, x, call.RouteName)
	if diff := cmp.Diff([]string{"200 OK"}, x.Replies); diff != "" {
		t.Error(diff)
	}
	expect(t, x)
	x.SIPMethod = "INVITE"
	do(t, e, x, call.RouteName)
	expect(t, x, "answer(...rms:start")
	x.ToTag = true
	do(t, e, x, call.RouteName)
	expect(t, x)
	x.SIPMethod = "BYE"
	do(t, e, x, call.RouteName)
	expect(t, x, "media_stop")
}

func TestMenuScript(t *testing.T) {
	inBoth(t, "menu", checkMenu)
}

func checkMenu(t *testing.T, e *scripting.Engine) {
	t.Helper()
	x := &scripttest.Exec{Name: "a"}
	do(t, e, x, "rms:start")
	expect(t, x, "play(file=menu.wav, route=menu_over")
	x.Started = event("menu_over", "reason", "done")
	do(t, e, x, "menu_over")
	expect(t, x, "play(file=menu.wav")
	x.Started = event("rms:dtmf", "digit", "5")
	do(t, e, x, "rms:dtmf")
	expect(t, x, "play(file=unknown.wav...mode=replace")
	x.Started = event("menu_over", "reason", "replaced")
	do(t, e, x, "menu_over")
	expect(t, x)
	x.Started = event("rms:dtmf", "digit", "2")
	do(t, e, x, "rms:dtmf")
	expect(t, x, "play(file=support.wav, route=chosen_over, mode=replace")
	x.Started = event("chosen_over", "reason", "done")
	do(t, e, x, "chosen_over")
	expect(t, x, "hangup")
	x.Started = event("menu_over", "reason", "done")
	do(t, e, x, "menu_over")
	expect(t, x, "play(file=menu.wav")
	do(t, e, x, "menu_over")
	expect(t, x, "hangup")
}

func TestEarlyMediaScript(t *testing.T) {
	inBoth(t, "early_media", checkEarlyMedia)
}

func checkEarlyMedia(t *testing.T, e *scripting.Engine) {
	t.Helper()
	x := &scripttest.Exec{SIPMethod: "INVITE"}
	do(t, e, x, call.RouteName)
	expect(t, x, "progress", "play(file=announcement.wav, route=announced")
	do(t, e, x, "announced")
	expect(t, x, "answer(...welcome")
	failing := &scripttest.Exec{SIPMethod: "INVITE", Do: func(v *call.Verb, _ call.Args) (any, error) {
		if v.Name == "progress" {
			return nil, call.ErrGone
		}
		return nil, nil
	}}
	do(t, e, failing, call.RouteName)
	expect(t, failing, "answer(...welcome")
}

func TestRejectByHeaderScript(t *testing.T) {
	inBoth(t, "reject_by_header", checkRejectByHeader)
}

func checkRejectByHeader(t *testing.T, e *scripting.Engine) {
	t.Helper()
	for _, c := range []struct{ header, from, want string }{
		{"ivr", "alice", "answer(...rms:start"},
		{"", "alice", "reject(...403"},
		{"ivr", "anonymous", "reject(...603"},
		{"ivr", "0900123", "reject(...603"},
	} {
		x := &scripttest.Exec{SIPMethod: "INVITE", Headers: map[string][]string{}}
		x.About.FromUser = c.from
		if c.header != "" {
			x.Headers["X-RMS-Route"] = []string{c.header}
		}
		do(t, e, x, call.RouteName)
		expect(t, x, c.want)
	}
}

func TestPlaylistScript(t *testing.T) {
	inBoth(t, "playlist", checkPlaylist)
}

func checkPlaylist(t *testing.T, e *scripting.Engine) {
	t.Helper()
	x := &scripttest.Exec{Headers: map[string][]string{"X-Playlist": {"a.wav, b.wav"}}}
	x.About.FromUser = "+4"
	do(t, e, x, "rms:start")
	expect(t, x, "play(file=a.wav")
	x.Started = event("rms:play_error", "file", "a.wav", "error", "no such file")
	do(t, e, x, "rms:play_error")
	expect(t, x, "play(file=b.wav")
	do(t, e, x, "file_over")
	expect(t, x, "play(file=digits/4.wav")
	do(t, e, x, "file_over")
	expect(t, x, "hangup")
}

func TestDefaultScript(t *testing.T) {
	inBoth(t, "", checkDefault)
}

func checkDefault(t *testing.T, e *scripting.Engine) {
	t.Helper()
	for user, want := range map[string]string{
		"welcome": "play(file=welcome.wav, route=rms:after_play", "anybody": "play(file=welcome.wav, route=rms:after_play",
		"": "play(file=welcome.wav, route=rms:after_play", "loop": "play(file=welcome.wav...loop=true",
		"tone": "play(file=tone:440...loop=true", "echo": "echo(on=true)",
	} {
		x := &scripttest.Exec{About: call.Info{RURIUser: user}}
		do(t, e, x, "rms:start")
		expect(t, x, want)
	}
	x := &scripttest.Exec{}
	do(t, e, x, "rms:after_play")
	expect(t, x, "hangup")
	if e.Has(call.RouteName) {
		t.Error("the default script leaves requests to the built-in answers")
	}
}

func TestAskScript(t *testing.T) {
	inBoth(t, "ask", checkAsk)
}

func checkAsk(t *testing.T, e *scripting.Engine) {
	t.Helper()
	x := &scripttest.Exec{Name: "a"}
	wake := func(verb string, fields ...any) {
		t.Helper()
		expect(t, x, verb)
		do(t, e, x, x.Wake(fields...))
	}
	do(t, e, x, "rms:start")
	wake("play(file=welcome.wav", "reason", "done")
	wake("collect(prompt=number.wav, min=1, max=4", "reason", "first_timeout", "digits", "")
	wake("play(file=again.wav", "reason", "done")
	wake("collect(prompt=number.wav", "reason", "max", "digits", "4711")
	if x.Vars["number"] != "4711" {
		t.Errorf("%v", x.Vars)
	}
	wake("sleep(seconds=500ms", "reason", "done")
	wake("play(file=thanks.wav", "reason", "done")
	expect(t, x, "hangup")
	if s := e.Stats(); s.Paused != 0 || s.Failed != 0 {
		t.Errorf("%+v", s)
	}
	gone := &scripttest.Exec{Name: "b", Do: func(*call.Verb, call.Args) (any, error) { return nil, call.ErrGone }}
	do(t, e, gone, "rms:start")
	expect(t, gone, "play(file=welcome.wav")
}
