package call_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media/wire/audiosocket"
)

func TestCollectEnds(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		args map[string]any
		keys string
		pass []time.Duration
		want string
	}{
		"with as many keys as wanted":    {map[string]any{"max": int64(4)}, "1234", nil, "1234 max  1"},
		"with a terminator":              {nil, "12#", nil, "12 terminator # 1"},
		"with a terminator of its own":   {map[string]any{"terminators": "*a"}, "1#A", nil, "1# terminator A 1"},
		"without any key":                {nil, "", []time.Duration{4900 * time.Millisecond, 200 * time.Millisecond}, " first_timeout  1"},
		"without a further key":          {nil, "7", []time.Duration{2900 * time.Millisecond, 200 * time.Millisecond}, "7 inter_timeout  1"},
		"not while keys come":            {nil, "7", []time.Duration{2900 * time.Millisecond}, "nothing"},
		"with none when none is enough":  {map[string]any{"min": int64(0), "retries": int64(3)}, "", []time.Duration{6 * time.Second}, " first_timeout  1"},
		"after retries":                  {map[string]any{"retries": int64(2)}, "", []time.Duration{6 * time.Second, 6 * time.Second, 6 * time.Second}, " first_timeout  3"},
		"with too few keys":              {map[string]any{"min": int64(3)}, "12#", nil, "12 terminator # 1"},
		"with enough at the second time": {map[string]any{"min": int64(2), "retries": int64(1)}, "1#23#", nil, "23 terminator # 2"},
		"with a bare terminator":         {nil, "#", nil, " terminator # 1"},
		"without terminators at the max": {map[string]any{"terminators": "", "max": int64(2)}, "##", nil, "## max  1"},
		"at its own times":               {map[string]any{"first_timeout": "1s", "inter_timeout": 0.5}, "1", []time.Duration{600 * time.Millisecond}, "1 inter_timeout  1"},
	}
	for name, tc := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := newDesk(t, script{})
			d.do("collect", tc.args)
			d.press(tc.keys)
			for _, p := range tc.pass {
				d.watch.pass(p)
				d.settle()
			}
			d.collected(t, tc.want)
			d.call.Bye()
			d.call.Expect(200)
			d.wait("rms:end")
			if n := d.watch.pending(); n != 0 {
				t.Errorf("%d timers are left", n)
			}
		})
	}
}

func TestCollectWaitsFromTheEndOfItsPrompts(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("collect", map[string]any{"prompt": []any{"menu.wav", "menu.wav"}})
	d.watch.pass(time.Hour)
	d.until("both prompts", func() bool { return len(d.seen("rms:play_end")) == 2 }, d.ear)
	d.collected(t, "nothing")
	d.watch.pass(5 * time.Second)
	d.settle()
	d.collected(t, " first_timeout  1")
	for _, ev := range d.seen("rms:play_end") {
		if ev.Get("reason") != "done" {
			t.Errorf("a prompt ended with %v", ev.Get("reason"))
		}
	}
}

func TestAKeyStopsThePromptAndWhatPlaysBeforeIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("play", map[string]any{"file": "menu.wav"})
	d.do("collect", map[string]any{"prompt": "menu.wav"})
	d.do("play", map[string]any{"file": "tone:300/1s"})
	d.run(300 * time.Millisecond)
	d.press("5")
	var ends []string
	for _, ev := range d.seen("rms:play_end") {
		ends = append(ends, fmt.Sprint(ev.Get("file"), " ", ev.Get("reason")))
	}
	if got := strings.Join(ends, ", "); got != "menu.wav stopped, menu.wav stopped" {
		t.Errorf("ended: %s", got)
	}
	d.until("what was behind", func() bool { return len(d.seen("rms:play_end")) == 3 })
	d.press("#")
	d.collected(t, "5 terminator # 1")
}

func TestAPromptWithoutBargeInIsHeardAndItsKeysCountAfterIt(t *testing.T) {
	t.Parallel()
	for flush, want := range map[bool]string{false: "12 terminator # 1", true: "nothing"} {
		d := newDesk(t, script{})
		d.do("collect", map[string]any{"prompt": "menu.wav", "barge_in": false, "flush": flush})
		d.run(100 * time.Millisecond)
		d.press("12#")
		d.collected(t, "nothing")
		d.until("the prompt", func() bool { return len(d.seen("rms:play_end")) == 1 })
		if r := d.seen("rms:play_end")[0].Get("reason"); r != "done" {
			t.Errorf("the prompt ended with %v", r)
		}
		d.settle()
		d.collected(t, want)
	}
}

func TestMusicThatLoopsForEverMakesWayForAPrompt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("play", map[string]any{"file": "tone:300", "loop": true})
	d.run(100 * time.Millisecond)
	d.do("collect", map[string]any{"prompt": "menu.wav"})
	d.until("the prompt", func() bool { return len(d.seen("rms:play_end")) == 2 })
	if r := d.seen("rms:play_end")[0].Get("reason"); r != "replaced" {
		t.Errorf("the music ended with %v", r)
	}
}

func TestAPromptThatCannotBePlayedIsToldAndKeysCountAllTheSame(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("collect", map[string]any{"prompt": "none.wav"})
	d.wait("rms:play_error")
	d.settle()
	d.press("1#")
	d.collected(t, "1 terminator # 1")
}

func TestKeysBeforeACollectCountOnce(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.press("12#34")
	d.do("collect", map[string]any{"prompt": "menu.wav"})
	d.collected(t, "12 terminator # 1")
	if len(d.seen("rms:play_start")) != 0 {
		t.Error("the prompt was played although the keys were there")
	}
	d.do("collect", map[string]any{"max": int64(2)})
	if ev := d.wait("rms:collect"); ev.Get("digits") != "34" {
		t.Errorf("the second collect got %v", ev.Get("digits"))
	}
}

func TestFlushForgetsKeysBeforeACollect(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.press("12#")
	d.do("collect", map[string]any{"flush": true})
	d.press("3#")
	d.collected(t, "3 terminator # 1")
}

func TestKeysThatTheScriptTookDoNotCountAgain(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{"rms:dtmf": func(x *call.Exec) error {
		if x.Event.Get("digit") == "1" {
			_, err := named(x, "collect", map[string]any{"max": int64(1)})
			return err
		}
		return nil
	}})
	d.press("1")
	d.collected(t, "nothing")
	d.press("2")
	d.collected(t, "2 max  1")
}

func TestEveryKeyIsAnEventBeforeTheOneOfTheCollect(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("collect", map[string]any{"max": int64(2)})
	d.press("12")
	if !strings.HasSuffix(d.names(), "rms:dtmf rms:dtmf rms:collect") {
		t.Error(d.names())
	}
}

func TestACollectEndsWithTheCallBeforeItsEnd(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{"rms:pin": func(*call.Exec) error { return nil }})
	d.do("collect", map[string]any{"prompt": "menu.wav", "route": "rms:pin"})
	d.do("sleep", map[string]any{"seconds": int64(60)})
	d.run(100 * time.Millisecond)
	d.press("4")
	d.call.Bye()
	d.call.Expect(200)
	d.wait("rms:end")
	if ev := d.wait("rms:pin"); ev.Get("reason") != "hangup" || ev.Get("digits") != "4" || ev.Kind != call.EventCollect {
		t.Errorf("%+v", ev)
	}
	if ev := d.wait("rms:sleep"); ev.Get("reason") != "ended" {
		t.Errorf("%+v", ev)
	}
	if !strings.HasSuffix(d.names(), "rms:pin rms:sleep rms:end") {
		t.Error(d.names())
	}
}

func TestCollectStopEndsIt(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("collect", map[string]any{"prompt": "menu.wav"})
	if _, err := d.door("collect", nil); err == nil || call.ClassOf(err) != call.ClassState {
		t.Errorf("a second collect: %v", err)
	}
	if was, err := d.door("collect_stop", nil); err != nil || was != true {
		t.Errorf("%v, %v", was, err)
	}
	d.settle()
	d.collected(t, " stopped  1")
	if was, err := d.door("collect_stop", nil); err != nil || was != false {
		t.Errorf("%v, %v", was, err)
	}
}

func TestMaskedKeysAreForTheScriptOnly(t *testing.T) {
	t.Parallel()
	heard := make(chan string, 4)
	log := &lockedBuffer{}
	watch := &stopwatch{}
	h := newHouse(t, script{
		"rms:dtmf": func(x *call.Exec) error { heard <- fmt.Sprint(x.Event.Get("digit")); return nil },
		"rms:pin":  func(x *call.Exec) error { heard <- fmt.Sprint(x.Event.Get("digits")); return nil },
	}, func(o *call.Options) { o.AfterFunc, o.Log = watch.after, zerolog.New(log) })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:start")
	d := &desk{house: h, watch: watch, call: c, ear: e}
	d.do("collect", map[string]any{"max": int64(2), "mask": true, "route": "rms:pin"})
	d.press("97")
	for _, want := range []string{"9", "7", "97"} {
		if got := <-heard; got != want {
			t.Errorf("the script got %q, want %q", got, want)
		}
	}
	if ev := h.wait("rms:pin"); ev.Get("digits") != "**" {
		t.Errorf("others got %v", ev.Get("digits"))
	}
	if ev := h.wait("rms:dtmf"); ev.Get("digit") != "*" {
		t.Errorf("others got %v", ev.Get("digit"))
	}
	if text := log.String(); strings.Contains(text, `"97"`) || strings.Contains(text, `"9"`) {
		t.Errorf("the log has the keys: %s", text)
	}
	h.bye(c)
}

func TestCollectRefusesWhatMakesNoSense(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	for want, args := range map[string]map[string]any{
		`parameter "min": 5 keys are more than max=4`:                         {"min": int64(5), "max": int64(4)},
		`parameter "terminators": "x" is no key (0-9, *, #, A-D)`:             {"terminators": "x"},
		`parameter "prompt": wants a file or a list of files, got the nu`:     {"prompt": int64(1)},
		`parameter "prompt": wants names of files, got the boolean true`:      {"prompt": []any{true}},
		`parameter "max": 65 is out of range: 1 to 64`:                        {"max": int64(65)},
		`parameter "prompt": at most 16 files`:                                {"prompt": slices.Repeat([]any{"menu.wav"}, 17)},
		`parameter "prompt": must not contain a NUL byte`:                     {"prompt": "a\x00b"},
		`parameter "first_timeout": must not be negative`:                     {"first_timeout": -1.0},
		`parameter "prompt": a name has at most 1024 bytes`:                   {"prompt": strings.Repeat("a", 1025)},
		`parameter "prompt": wants a file or a list of files, got a table wi`: {"prompt": map[string]any{"a": "b"}},
	} {
		_, err := d.door("collect", args)
		if call.ClassOf(err) != call.ClassArgument || !strings.HasPrefix(err.Error(), "rms_collect: "+want) {
			t.Errorf("%v: %v", args, err)
		}
	}
}

func TestSleepTellsWhenTheTimeHasPassed(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	d.do("sleep", map[string]any{"seconds": int64(2)})
	d.do("sleep", map[string]any{"seconds": "500ms"})
	d.watch.pass(1900 * time.Millisecond)
	d.settle()
	if n := len(d.seen("rms:sleep")); n != 1 {
		t.Fatalf("%d sleeps are over", n)
	}
	d.watch.pass(200 * time.Millisecond)
	d.settle()
	if ev := d.wait("rms:sleep"); len(d.seen("rms:sleep")) != 2 || ev.Get("reason") != "done" {
		t.Errorf("%+v", ev)
	}
	for range 64 {
		d.do("sleep", map[string]any{"seconds": int64(9)})
	}
	if _, err := d.door("sleep", map[string]any{"seconds": int64(9)}); err == nil {
		t.Error("a call sleeps 65 times at once")
	}
}

func TestWaitsOfACallThatEndedAreRefused(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	errs := make(chan error, 4)
	d.on("rms:play_end", func(x *call.Exec) error {
		for _, verb := range []string{"collect", "collect", "sleep"} {
			args := map[string]any{}
			if verb == "sleep" {
				args["seconds"] = int64(1)
			}
			_, err := named(x, verb, args)
			errs <- err
		}
		return nil
	})
	d.do("play", map[string]any{"file": "tone:300"})
	d.run(50 * time.Millisecond)
	d.call.Bye()
	d.call.Expect(200)
	for range 3 {
		if err := <-errs; call.ClassOf(err) != call.ClassGone {
			t.Errorf("%v", err)
		}
	}
	d.wait("rms:end")
}

func TestCollectHearsACallerByAudioSocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	a := h.ring(h.switchboard(audiosocket.ServerOptions{}), socketID)
	h.wait("rms:start")
	x, err := h.calls.Door(socketID, call.FromAPI)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := named(x, "collect", map[string]any{"max": int64(2)}); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{"4", "2"} {
		a.say(audiosocket.AppendMessage(nil, audiosocket.Digit, []byte(key)))
	}
	if ev := h.wait("rms:collect"); ev.Get("digits") != "42" {
		t.Errorf("%+v", ev)
	}
}
