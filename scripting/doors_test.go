package scripting_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"rms/call"
	"rms/scripting"
	"rms/sip/siptest"
)

// right has arguments that a verb takes; those of a verb that is not named here are made
// from its parameters.
var right = map[string]map[string]any{
	"api":                {"command": "uuid_exists nobody"},
	"audiosocket_expect": {"uuid": "9f7a4a3e-6a7e-4d7b-8c2e-0d9f1f2a3b4c", "ttl": 1},
	"collect":            {"max": 1, "route": "done"},
	"dtmf":               {"digits": "12#"},
	"forward":            {"to": "rtp://127.0.0.1:9"},
	"get":                {"name": "a"},
	"log":                {"text": "a line", "level": "warn"},
	"play":               {"file": "silence:40ms", "route": "done"},
	"record_start":       {"route": "done"},
	"redirect":           {"to": "sip:x@127.0.0.1"},
	"set":                {"name": "a", "value": map[string]any{"list": []any{1, "two", true}}},
	"sleep":              {"seconds": 0, "route": "done"},
	"socket":             {"target": "127.0.0.1:1", "route": "done"},
	"stream_mark":        {"mark": "m"},
	"stream_send_text":   {"text": "hello"},
	"stream_start":       {"url": "ws://127.0.0.1:1/", "name": "s"},
}

func rightFor(v *call.Verb) map[string]any {
	if args, ok := right[v.Name]; ok {
		return args
	}
	args := map[string]any{}
	for _, p := range v.Params {
		if p.Required {
			args[p.Name] = map[call.Kind]any{
				call.String: "x", call.Route: "done", call.Int: int(max(p.Min, 1)), call.Float: max(p.Min, 1), call.Bool: true,
				call.Duration: max(p.Min, 1), call.Value: "x",
			}[p.Kind]
			if len(p.Enum) > 0 {
				args[p.Name] = p.Enum[0]
			}
		}
	}
	return args
}

// prepared are verbs that find what they are about.
func prepared(bot string) []use {
	stream := []use{{verb: "stream_start", named: map[string]any{"url": strings.Replace(bot, "http:", "ws:", 1)}}}
	all := []use{
		{verb: "get", prepare: []use{{verb: "set", named: map[string]any{"name": "a", "value": "text \\ \" of a variable"}}}},
		{verb: "stop", prepare: []use{{verb: "play", named: map[string]any{"file": "silence:5s", "route": "done"}}, {verb: "play", named: map[string]any{"file": "silence:5s", "route": "done"}}}},
		{verb: "collect_stop", prepare: []use{{verb: "collect", named: map[string]any{"route": "done"}}}},
		{verb: "forward_stop", prepare: []use{{verb: "forward", named: right["forward"]}}},
		{verb: "forward", prepare: []use{{verb: "forward", named: right["forward"]}}}, // the name is taken
	}
	for _, verb := range []string{"stream_clear", "stream_mark", "stream_pause", "stream_resume", "stream_send_text", "stream_stop", "streams"} {
		all = append(all, use{verb: verb, prepare: stream, after: call.EventStreamConnect})
	}
	for _, verb := range []string{"record_start", "record_stop", "record_pause", "record_mark"} {
		all = append(all, use{verb: verb, prepare: []use{{verb: "record_start"}}})
	}
	all = append(all, use{verb: "record_resume", prepare: []use{{verb: "record_start"}, {verb: "record_pause"}}})
	for i := range all {
		all[i].name, all[i].state = all[i].verb+"_prepared", "answered"
		all[i].named = right[all[i].verb]
	}
	return all
}

// rightUses are all verbs, in all states of a call.
func rightUses() []use {
	var all []use
	for _, v := range call.Verbs() {
		for _, state := range []string{"answered", "ringing", "leaving"} {
			all = append(all, use{name: v.Name + "_" + state, verb: v.Name, named: rightFor(v), state: state})
		}
	}
	return all
}

// wrongUses are all verbs with each mistake that their parameters allow.
func wrongUses() []use {
	var all []use
	for _, v := range call.Verbs() {
		add := func(what string, change func(*use)) {
			u := use{name: v.Name + "_" + what, verb: v.Name, named: maps.Clone(rightFor(v))}
			change(&u)
			all = append(all, u)
		}
		add("unknown_parameter", func(u *use) { u.named["nonsense"] = 1 })
		add("too_many", func(u *use) {
			u.named = nil
			for range len(v.Params) + 1 {
				u.positional = append(u.positional, "x")
			}
		})
		for i, p := range v.Params {
			wrong := func(what string, val any, noWords bool) {
				add(what+"_"+p.Name, func(u *use) { u.named[p.Name], u.noWords = val, noWords })
			}
			if p.Required {
				add("without_"+p.Name, func(u *use) { delete(u.named, p.Name) })
			}
			if val, given := rightFor(v)[p.Name]; given && i == 0 && p.Kind != call.Value {
				add("twice_"+p.Name, func(u *use) { u.positional = []any{val} })
			}
			switch {
			case len(p.Enum) > 0:
				wrong("no_word", "nonsense", false)
			case p.Kind == call.Int || p.Kind == call.Float:
				wrong("wrong", "many", false)
			case p.Kind == call.Duration:
				wrong("wrong", "soon", false)
			case p.Kind == call.Bool:
				wrong("wrong", "maybe", false)
			case p.Kind == call.Route:
				wrong("unknown_route", "nowhere", false)
			}
			if p.Kind == call.String || p.Kind == call.Route {
				wrong("number", 7, true)
				wrong("list", []any{1}, true)
			}
			if p.Max > p.Min {
				wrong("large", p.Max+math.Abs(p.Max)+1, false)
			}
		}
	}
	return all
}

// perform uses a verb through a door, on the call that is given.
func (d *doors) perform(t *testing.T, door, id string, u *use) outcome {
	t.Helper()
	switch door {
	case "lua", "star":
		x, err := d.calls.Door(id, call.FromAPI)
		if err != nil {
			t.Fatal(err)
		}
		if o := d.direct(x, "sleep", nil, map[string]any{"seconds": 0.0, "route": u.route()}); o.Error != "" {
			t.Fatal(o.Error)
		}
		return d.reported(t, id+"/"+u.route())
	case "http":
		return d.overHTTP(t, id, u.verb, u.positional, u.named, u.waits)
	case "esl":
		if u.verb == "api" && u.named["command"] != nil {
			return outcome{Result: d.overESL(t, fmt.Sprint(u.named["command"]))} // it is the command api itself
		}
		return replied(d.overESL(t, "rms_"+u.verb+" "+id+" "+u.eslText()))
	}
	x, err := d.calls.Door(id, call.FromAPI)
	if err != nil {
		return failure(err)
	}
	if u.waits {
		return d.directly(t, x, u)
	}
	return d.direct(x, u.verb, u.positional, u.named)
}

// replied reads a reply of the Event Socket.
func replied(text string) outcome {
	text = strings.TrimSuffix(text, "\n")
	if reason, ok := strings.CutPrefix(text, "-ERR "); ok {
		return outcome{Error: reason}
	}
	text, ok := strings.CutPrefix(text, "+OK")
	if !ok {
		return outcome{Error: text}
	}
	var val any
	switch text = strings.TrimPrefix(text, " "); {
	case text == "":
		return outcome{Result: true}
	case json.Unmarshal([]byte(text), &val) == nil:
		return outcome{Result: val}
	}
	return outcome{Result: text}
}

// settled leaves out what differs from call to call.
func settled(verb string, o outcome) outcome {
	switch r := o.Result.(type) {
	case string:
		o.Result = r[:min(len(r), 60)]
		if verb == "record_start" {
			o.Result = "a name"
		}
		if verb == "graph" {
			o.Result = r[:min(len(r), 7)]
		}
	case float64:
		if verb == "dialogs_dump" || verb == "stream_clear" || verb == "record_mark" {
			o.Result = "a number"
		}
	case []any:
		for _, item := range r {
			for _, name := range []string{"queued_ms", "frames_out", "bytes_out", "dropped_ms", "state"} {
				if m, ok := item.(map[string]any); ok {
					delete(m, name)
				}
			}
		}
		if len(r) == 0 {
			o.Result = "nothing"
		}
	case map[string]any:
		if len(r) == 0 {
			o.Result = "nothing" // Lua has one empty table
		}
	}
	return o
}

// allDoors has the doors that are compared with a verb that is used without one.
var allDoors = []string{"lua", "star", "http", "esl"}

// compare fails when a door says something else than the verb itself.
func compare(t *testing.T, door string, u *use, got, want outcome) {
	t.Helper()
	got, want = settled(u.verb, got), settled(u.verb, want)
	switch door {
	case "lua", "star":
		if want.Mistake && !strings.Contains(got.Where, string(filepath.Separator)+"doors."+door+":") {
			t.Errorf("%s: the mistake is at %q", door, got.Where)
		}
	case "esl":
		got.Mistake = want.Mistake
		got.Error = strings.TrimSpace(got.Error)
	}
	got.Where = ""
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("%s: %s\n%s", u.name, door, diff)
	}
}

func TestEveryVerbDoesTheSameThroughEveryDoor(t *testing.T) {
	t.Parallel()
	all := rightUses()
	lua, star := scriptsOf(append(prepared(""), all...)) // what they do before is not in the scripts
	d := openDoors(t, lua, star)
	for _, u := range append(prepared(d.bot.URL), all...) {
		t.Run(u.name, func(t *testing.T) {
			want := d.fresh(t, "direct", &u)
			for _, door := range allDoors {
				compare(t, door, &u, d.fresh(t, door, &u), want)
			}
		})
	}
}

// fresh uses a verb on a call of its own.
func (d *doors) fresh(t *testing.T, door string, u *use) outcome {
	t.Helper()
	state := u.state
	if state == "leaving" {
		state = "answered"
	}
	id := d.dial(t, door, state)
	for i := range u.prepare {
		if o := d.perform(t, "direct", id, &u.prepare[i]); o.Error != "" {
			t.Fatal(o.Error)
		}
	}
	if u.after != "" {
		d.until(t, u.after, func() bool { return d.saw(id, u.after) })
	}
	if u.state == "leaving" && door != "lua" && door != "star" { // scripts hang up themselves
		d.hangUp(t, id)
	}
	return d.perform(t, door, id, u)
}

func TestWaitingForAVerbTellsTheSameThroughEveryDoor(t *testing.T) {
	t.Parallel()
	want := map[string]any{"play": "done", "collect": "first_timeout", "sleep": "done", "socket": "error", "record_start": "max"}
	args := map[string]map[string]any{"record_start": {"max": 0.1}, "collect": {"first_timeout": 0.02}, "sleep": {"seconds": 0.02}}
	var all []use
	for _, v := range call.Verbs() {
		if v.Waits == "" {
			continue
		}
		u := use{name: v.Name + "_waits", verb: v.Name, named: maps.Clone(rightFor(v)), waits: true}
		if a, ok := args[v.Name]; ok {
			u.named = a
		}
		delete(u.named, v.Waits)
		all = append(all, u)
	}
	lua, star := scriptsOf(all)
	d := openDoors(t, lua, star)
	for _, u := range all {
		t.Run(u.name, func(t *testing.T) {
			reason := d.fresh(t, "direct", &u)
			if w, known := want[u.verb]; known && reason.Result != w {
				t.Errorf("%+v, want %v", reason, w)
			}
			for _, door := range []string{"lua", "star", "http"} {
				compare(t, door, &u, d.fresh(t, door, &u), reason)
			}
		})
	}
}

func TestEveryMistakeHasOneTextThroughEveryDoor(t *testing.T) {
	t.Parallel()
	all := wrongUses()
	lua, star := scriptsOf(all)
	d := openDoors(t, lua, star)
	ids := map[string]string{}
	for _, door := range append([]string{"direct"}, allDoors...) {
		ids[door] = d.dial(t, door, "answered")
	}
	for _, u := range all {
		t.Run(u.name, func(t *testing.T) {
			want := d.perform(t, "direct", ids["direct"], &u)
			if want.Error == "" || !strings.HasPrefix(want.Error, "rms_"+u.verb+": ") {
				t.Fatalf("no mistake: %+v", want)
			}
			for _, door := range allDoors {
				if door == "esl" && (u.noWords || u.verb == "api") {
					continue // its words are texts, and a command is no command of its own
				}
				compare(t, door, &u, d.perform(t, door, ids[door], &u), want)
			}
		})
	}
}

func TestVerbsOutsideACallSayTheSame(t *testing.T) {
	t.Parallel()
	var all []use
	for _, v := range call.Verbs() {
		all = append(all, use{name: v.Name + "_outside", verb: v.Name, named: rightFor(v)})
	}
	lua, star := scriptsOf(all)
	d := openDoors(t, lua, star)
	for _, u := range all {
		t.Run(u.name, func(t *testing.T) {
			want := d.perform(t, "direct", "", &u)
			compare(t, "http", &u, d.perform(t, "http", "", &u), want)
			if v, _ := call.Lookup(u.verb); v.NoCall {
				compare(t, "esl", &u, d.perform(t, "esl", "", &u), want)
			} else if reply := d.overESL(t, "rms_"+u.verb); !strings.HasPrefix(reply, "-USAGE: rms_"+u.verb+" <uuid>") {
				t.Errorf("esl: %q", reply) // what FreeSWITCH says of a command without its words
			}
			if u.verb == "media_stop" || u.verb == "sip_request" || u.verb == "dialog_check" {
				return // a script handles a request there, which other doors do not have
			}
			for _, door := range []string{"lua", "star"} {
				c := siptest.UDP(t, d.sip).NewCall()
				c.Extra = []string{"X-Door: " + door, "X-Use: " + u.route()}
				c.Request("OPTIONS", "")
				compare(t, door, &u, d.reported(t, door+"/"+u.route()), want)
			}
		})
	}
}

func TestCallsThatEndedAreGoneThroughEveryDoor(t *testing.T) {
	t.Parallel()
	lua, star := scriptsOf(nil)
	d := openDoors(t, lua, star)
	id := d.dial(t, "lua", "answered")
	if o := d.perform(t, "direct", id, &use{verb: "hangup"}); o.Error != "" {
		t.Fatal(o.Error)
	}
	d.until(t, "the end", func() bool { _, live := d.calls.Find(id); return !live })
	for _, v := range call.Verbs() {
		u := use{name: v.Name, verb: v.Name, named: rightFor(v)}
		for _, gone := range []string{id, "no-such-call"} {
			for _, door := range []string{"direct", "http", "esl"} {
				if door == "esl" && v.NoCall {
					continue // there the id is optional, and what is no id is an argument
				}
				if o := d.perform(t, door, gone, &u); o.Error != call.ErrNoSuchCall.Error() {
					t.Errorf("%s %s: %+v", v.Name, door, o)
				}
			}
		}
	}
}

func TestUnknownVerbsHaveOneTextThroughEveryDoor(t *testing.T) {
	t.Parallel()
	lua, star := scriptsOf(nil)
	d := openDoors(t, lua, star)
	id := d.dial(t, "lua", "answered")
	for _, verb := range []string{"nonsense", "bridge", "record_begin"} {
		want := call.Unknown(verb).Error()
		for _, door := range []string{"direct", "http", "esl"} {
			if o := d.perform(t, door, id, &use{verb: verb}); o.Error != want {
				t.Errorf("%s: %+v, want %q", door, o, want)
			}
		}
		for _, script := range []string{
			named(t, "unknown.lua", "\nevent_route.x = function(call) rms."+verb+"() end"),
			named(t, "unknown.star", "\ndef x(call): rms."+verb+"()\nevent_route['x'] = x"),
		} {
			errs := scripting.Check(script)
			if len(errs) != 1 || !strings.HasPrefix(errs[0].Error(), script+":2:") || !strings.HasSuffix(errs[0].Error(), want) {
				t.Errorf("%v, want %q", errs, want)
			}
		}
	}
}
