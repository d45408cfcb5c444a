package httpapi_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"rms/call"
)

// init adds a verb to the table, as a file of its own would.
func init() {
	call.Register(&call.Verb{
		Name: "say_twice", Doc: "Says a text twice.", Result: "the text, twice", NoCall: true,
		Params: []call.Param{{Name: "text", Kind: call.String, Required: true, Doc: "what to say"}},
		Run:    func(_ *call.Exec, a call.Args) (any, error) { return a.String("text") + a.String("text"), nil },
	})
}

func TestAVerbOfTheTableIsServedAndDescribedWithoutMore(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	if r := h.expect(200, h.post("/v1/verbs/say_twice", `{"text": "ha"}`)); r.json["result"] != "haha" {
		t.Errorf("%s", r.body)
	}
	d, _ := h.document()
	if op, ok := d.Paths["/v1/calls/{id}/say_twice"]["post"]; !ok || op.OperationID != "say_twice" || op.RequestBody == nil || !op.RequestBody.Required {
		t.Errorf("%+v", op)
	}
	if !strings.Contains(string(h.get("/v1/verbs").body), `"name":"say_twice"`) || !strings.Contains(string(h.get("/metrics").body), `rms_verbs_total{result="ok",verb="say_twice"} 1`) {
		t.Error("it is not in the table of verbs or not counted")
	}
}

// good are right arguments for verbs whose parameters say too little to make some up,
// and what comes of them in a call that is answered and plays nothing.
var good = map[string]struct {
	body   string
	status int
}{
	"answer":             {`{}`, 409},
	"progress":           {`{}`, 409},
	"ring":               {`{}`, 409},
	"reject":             {`{"code": 486}`, 409},
	"redirect":           {`{"to": "sip:a@example.com"}`, 409},
	"api":                {`{"command": "version"}`, 200},
	"audiosocket_expect": {`{"uuid": "6e6f0d4a-6f0a-4a3e-9a53-2f6f9e0d3c11", "ttl": "30s"}`, 200},
	"collect":            {`{"prompt": ["tone:440/20ms"], "first_timeout": 0.05}`, 200},
	"dtmf":               {`{"digits": "12#", "duration": "40ms", "gap": 0.02}`, 200},
	"forward":            {`{"to": "rtp://127.0.0.1:47998"}`, 200},
	"forward_stop":       {`{}`, 422}, // there is none of that name
	"get":                {`{"name": "nothing"}`, 422},
	"play":               {`{"file": "tone:440/20ms", "mode": "replace", "loop": 2}`, 200},
	"sleep":              {`{"seconds": 0.01}`, 200},
	"stream_start":       {`{"url": "ws://127.0.0.1:1/"}`, 200},
	"set":                {`{"name": "a", "value": {"b": [1, 2.5, true, null]}}`, 200},
	"hangup":             {`{"reason": "done"}`, 200},
	"siprec":             {`{"to": "sip:recorder@127.0.0.1:9"}`, 0},
}

// arguments makes up right ones from the table, so that a verb that is new is tried too.
func arguments(v *call.Verb) string {
	named := map[string]any{}
	for _, p := range v.Params {
		if !p.Required {
			continue
		}
		switch {
		case len(p.Enum) > 0:
			named[p.Name] = p.Enum[0]
		case p.Kind == call.Bool:
			named[p.Name] = true
		case p.Kind == call.Int, p.Kind == call.Float, p.Kind == call.Duration:
			named[p.Name] = max(1, p.Min)
		default:
			named[p.Name] = "text"
		}
	}
	text, _ := json.Marshal(named)
	return string(text)
}

func TestEveryVerbIsServedWithRightArguments(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, v := range call.Verbs() {
		id, c := h.dial()
		want, known := good[v.Name]
		if !known {
			want.body = arguments(v)
		}
		for _, name := range append([]string{v.Name}, v.Aliases...) {
			r := h.post("/v1/calls/"+id+"/"+name, want.body)
			if known && want.status != 0 && r.status != want.status {
				t.Errorf("%s %s: %d %s", name, want.body, r.status, r.body)
			}
			_, result := r.json["result"]
			if r.status == 400 || r.status >= 500 || r.status == 200 != result {
				t.Errorf("%s %s: %d %s", name, want.body, r.status, r.body)
			}
		}
		if v.Name != "hangup" {
			h.expect(200, h.do("DELETE", "/v1/calls/"+id, ""))
		}
		c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	}
}

func TestEveryVerbOutsideACallWorksOrSaysThatItNeedsOne(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for _, v := range call.Verbs() {
		want, known := good[v.Name]
		if !known {
			want.body = arguments(v)
		}
		r := h.post("/v1/verbs/"+v.Name, want.body)
		switch {
		case v.NoCall && (r.status >= 500 || r.status == 400):
			t.Errorf("%s: %d %s", v.Name, r.status, r.body)
		case !v.NoCall && (r.status != 409 || r.detail() != call.ErrNoCall.Error()):
			t.Errorf("%s: %d %s", v.Name, r.status, r.body)
		}
	}
}

// bad are values that no parameter of a kind takes.
var bad = map[call.Kind]string{
	call.String: `5`, call.Route: `true`, call.Int: `"many"`, call.Float: `[1]`, call.Bool: `"yes"`, call.Duration: `"soon"`,
}

func TestEveryVerbRefusesWrongArgumentsAsOtherDoorsDo(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, c := h.dial()
	for _, v := range call.Verbs() {
		path := "/v1/calls/" + id + "/" + v.Name
		refused := func(body, parameter string, positional []any, named map[string]any) {
			t.Helper()
			r := h.post(path, body)
			_, err := v.Bind(positional, named)
			if r.status != 400 || r.kind() != "argument" || err == nil || r.detail() != err.Error() || r.parameter() != parameter {
				t.Errorf("%s %s: %d %s, want %v for %q", v.Name, body, r.status, r.body, err, parameter)
			}
		}
		refused(`{"no_such": 1}`, "no_such", nil, map[string]any{"no_such": int64(1)})
		many := make([]any, len(v.Params)+1)
		text, _ := json.Marshal(many)
		refused(`{"args": `+string(text)+`}`, "", many, nil)
		for i, p := range v.Params {
			if value, ok := bad[p.Kind]; ok {
				var val any
				_ = json.Unmarshal([]byte(value), &val)
				if f, number := val.(float64); number {
					val = int64(f)
				}
				refused(fmt.Sprintf(`{%q: %s}`, p.Name, value), p.Name, nil, map[string]any{p.Name: val})
				if i == 0 {
					refused(fmt.Sprintf(`{"args": [%s]}`, value), p.Name, []any{val}, nil)
				}
			}
			if len(p.Enum) > 0 {
				refused(fmt.Sprintf(`{%q: "none of them"}`, p.Name), p.Name, nil, map[string]any{p.Name: "none of them"})
			}
			if p.Max > p.Min && p.Kind != call.Value {
				refused(fmt.Sprintf(`{%q: %v}`, p.Name, p.Max+1), p.Name, nil, map[string]any{p.Name: p.Max + 1})
			}
			if p.Required && i == 0 {
				refused(`{}`, p.Name, nil, nil)
				refused("", p.Name, nil, nil)
			}
		}
	}
	c.Bye()
	c.Expect(200)
}

func TestArgumentsByPositionAndByNameMayStandTogether(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	path := "/v1/calls/" + id
	h.expect(200, h.post(path+"/set", `{"args": ["a", 9007199254740993]}`))
	if r := h.expect(200, h.post(path+"/get", `{"args": ["a"]}`)); string(r.body) != "{\"result\":9007199254740993}\n" {
		t.Errorf("%s", r.body)
	}
	h.expect(200, h.post(path+"/set", `{"args": ["b"], "value": 1.5e0}`))
	if r := h.expect(200, h.post(path+"/rms_get", `{"name": "b"}`)); r.json["result"] != 1.5 {
		t.Errorf("%s", r.body)
	}
	if r := h.expect(400, h.post(path+"/set", `{"args": ["b"], "name": "c"}`)); r.parameter() != "name" || !strings.Contains(r.detail(), "given twice") {
		t.Errorf("%s", r.body)
	}
	if r := h.expect(200, h.post(path+"/streams", ``)); fmt.Sprint(r.json["result"]) != "[]" {
		t.Errorf("%s", r.body)
	}
	h.expect(200, h.post(path+"/set", `{"name": "b", "value": null}`, "Content-Type: application/vnd.x+json; charset=utf-8"))
	h.expect(422, h.post(path+"/get", `{"name": "b"}`))
}

func TestWaitAnswersWithTheEventOfTheVerb(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, c := h.dial()
	path := "/v1/calls/" + id
	r := h.expect(200, h.post(path+"/play?wait=10s", `{"file": "tone:440/40ms"}`))
	event, _ := r.json["event"].(map[string]any)
	fields, _ := event["fields"].(map[string]any)
	if event["kind"] != "rms:play_end" || event["call"] != id || fields["reason"] != "done" || fields["played_ms"] != 40.0 {
		t.Errorf("%s", r.body)
	}
	r = h.expect(200, h.post(path+"/collect?wait=5", `{"first_timeout": 0.02}`))
	event, _ = r.json["event"].(map[string]any)
	if fields, _ = event["fields"].(map[string]any); fields["reason"] != "first_timeout" {
		t.Errorf("%s", r.body)
	}
	if r = h.expect(200, h.post(path+"/sleep?wait=10ms", `{"seconds": 60}`)); r.json["event"] != nil || r.json["result"] != true {
		t.Errorf("%s", r.body)
	}
	for query, verb := range map[string]string{"wait=1s": "stop", "wait=soon": "sleep", "wait=-1s": "sleep", "wait=11m": "sleep", "wait=NaN": "sleep", "wat=1s": "sleep"} {
		name, _, _ := strings.Cut(query, "=")
		if r := h.expect(400, h.post(path+"/"+verb+"?"+query, `{"seconds": 1}`)); r.parameter() != name {
			t.Errorf("%s: %s", query, r.body)
		}
	}
	done := make(chan *reply)
	go func() { done <- h.post(path+"/play?wait=30s", `{"file": "silence:60s"}`) }()
	h.until("the play", func() bool {
		i, err := h.calls.Info(t.Context(), id, false)
		return err == nil && len(i.Plays) > 0
	})
	c.Bye()
	c.Expect(200)
	r = <-done
	event, _ = r.json["event"].(map[string]any)
	if fields, _ = event["fields"].(map[string]any); r.status != 200 || fields["reason"] != "stopped" {
		t.Errorf("at the end of the call: %d %s", r.status, r.body)
	}
}

func TestAWaitEndsWithTheServer(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	done := make(chan *reply)
	go func() { done <- h.post("/v1/calls/"+id+"/sleep?wait=1m", `{"seconds": 60}`) }()
	h.until("the sleep", func() bool {
		i, err := h.calls.Info(t.Context(), id, false)
		return err == nil && i.Sleeps > 0
	})
	if err := h.server.Close(t.Context()); err != nil {
		t.Error(err)
	}
	select {
	case r := <-done:
		if r.status != http.StatusOK || r.json["event"] != nil {
			t.Errorf("%d %s", r.status, r.body)
		}
	case <-time.After(20 * time.Second):
		t.Error("it goes on")
	}
}

func TestTheTableOfVerbsIsServed(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	list, _ := h.expect(200, h.get("/v1/verbs")).json["verbs"].([]any)
	all := call.Verbs()
	if len(list) != len(all) {
		t.Fatalf("%d verbs of %d", len(list), len(all))
	}
	for i, v := range all {
		got, _ := list[i].(map[string]any)
		params, _ := got["params"].([]any)
		if got["name"] != v.Name || got["doc"] != v.Doc || got["no_call"] != v.NoCall || len(params) != len(v.Params) {
			t.Errorf("%s: %v", v.Name, got)
		}
	}
}

func TestCommandsOfFreeSWITCHAreAnsweredWordForWord(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for command, want := range map[string]string{"uuid_exists none": "false", "no_such": "-ERR no_such Command not found!\n"} {
		r := h.expect(200, h.post("/v1/api", fmt.Sprintf(`{"command": %q}`, command)))
		if r.json["result"] != want {
			t.Errorf("%s: %s", command, r.body)
		}
	}
	h.expect(400, h.post("/v1/api", `{"command": 5}`))
	h.expect(400, h.post("/v1/api", `{}`))
}
