package httpapi_test

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"rms/call"
	"rms/scripting/httpapi"
)

func TestErrorsAreProblemsWithTheTextOfEveryDoor(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	call1 := "/v1/calls/" + id
	for name, tc := range map[string]struct {
		r      *reply
		status int
		kind   string
		detail string
	}{
		"unknown call":      {h.get("/v1/calls/none"), 404, "no-such-call", call.ErrNoSuchCall.Error()},
		"verb of no call":   {h.post("/v1/calls/none/stop", ""), 404, "no-such-call", call.ErrNoSuchCall.Error()},
		"hang up none":      {h.do("DELETE", "/v1/calls/none", ""), 404, "no-such-call", call.ErrNoSuchCall.Error()},
		"graph of none":     {h.get("/v1/calls/none/graph"), 404, "no-such-call", call.ErrNoSuchCall.Error()},
		"unknown verb":      {h.post(call1+"/dance", ""), 400, "argument", call.Unknown("dance").Error()},
		"verb of later":     {h.post(call1+"/bridge", ""), 400, "argument", call.Unknown("bridge").Error()},
		"wrong state":       {h.post(call1+"/ring", ""), 409, "state", ""},
		"failed":            {h.post(call1+"/stream_stop", ""), 422, "failed", "the call has no stream"},
		"route of nobody":   {h.post(call1+"/play", `{"file": "a", "route": "x"}`), 422, "failed", `rms_play: the script has no event_route["x"]`},
		"path of nothing":   {h.get("/v1/nothing"), 404, "not-found", ""},
		"root":              {h.get("/"), 404, "not-found", ""},
		"method":            {h.do("PUT", "/v1/calls", ""), 405, "method", "PUT is not possible here, only GET, HEAD"},
		"get of a verb":     {h.get(call1 + "/play"), 405, "method", "GET is not possible here, only POST"},
		"preflight":         {h.do("OPTIONS", "/v1/calls", ""), 405, "method", ""},
		"no JSON":           {h.post(call1+"/stop", "a=b", "Content-Type: application/x-www-form-urlencoded"), 415, "content-type", ""},
		"no type":           {h.post(call1+"/stop", "{}", "Content-Type: "), 415, "content-type", ""},
		"text":              {h.post(call1+"/stop", "{}", "Content-Type: text/plain"), 415, "content-type", ""},
		"broken JSON":       {h.post(call1+"/play", `{"file": "a"`), 400, "argument", ""},
		"two values":        {h.post(call1+"/play", `{"file": "a"} {}`), 400, "argument", ""},
		"a list":            {h.post(call1+"/play", `["a"]`), 400, "argument", ""},
		"a name twice":      {h.post(call1+"/play", `{"file": "a", "file": "b"}`), 400, "argument", ""},
		"positional, wrong": {h.post(call1+"/play", `{"args": {"file": "a"}}`), 400, "argument", ""},
		"no UTF-8":          {h.post(call1+"/play", "{\"file\": \"\xff\"}"), 400, "argument", "the body is not valid UTF-8"},
		"huge number":       {h.post(call1+"/dtmf", `{"digits": "1", "gap": 1e999}`), 400, "argument", ""},
		"deep":              {h.post(call1+"/set", `{"name": "a", "value": `+strings.Repeat("[", 50)+strings.Repeat("]", 50)+`}`), 400, "argument", ""},
		"many":              {h.post(call1+"/set", `{"name": "a", "value": [`+strings.Repeat("0,", 20000)+`0]}`), 400, "argument", ""},
		"NUL":               {h.post(call1+"/play", `{"file": "a\u0000"}`), 400, "argument", `rms_play: parameter "file": must not contain a NUL byte`},
		"query of a verb":   {h.post(call1+"/stop?now=1", ""), 400, "argument", ""},
		"no reload":         {h.post("/v1/reload", ""), 501, "unavailable", ""},
		"no drain":          {h.post("/v1/drain", ""), 501, "unavailable", ""},
		"no level":          {h.post("/v1/log", `{"level": "info"}`), 501, "unavailable", ""},
		"no trace":          {h.get("/v1/trace"), 501, "unavailable", ""},
		"no picture":        {h.get(call1 + "/graph?format=svg"), 501, "unavailable", ""},
		"no such picture":   {h.get(call1 + "/graph?format=png"), 400, "argument", ""},
	} {
		if tc.r.status != tc.status || tc.r.kind() != tc.kind || tc.detail != "" && tc.r.detail() != tc.detail {
			t.Errorf("%s: %d %s, want %d %s %s", name, tc.r.status, tc.r.body, tc.status, tc.kind, tc.detail)
		}
		if tc.status == 405 && tc.r.header.Get("Allow") == "" {
			t.Errorf("%s: no Allow", name)
		}
	}
}

func TestACallThatHasEndedIsGone(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, c := h.dial()
	// The call is not let go of while a route of it runs.
	h.expect(200, h.post("/v1/calls/"+id+"/sleep", `{"seconds": 0, "route": "rms:hold"}`))
	h.until("the route", func() bool {
		i, err := h.calls.Info(t.Context(), id, false)
		return err == nil && i.Runs == 1
	})
	h.expect(200, h.do("DELETE", "/v1/calls/"+id+"?reason=enough", ""))
	bye := c.ExpectRequest("BYE")
	if !strings.Contains(bye.Header("Reason"), "enough") {
		t.Errorf("Reason: %s", bye.Header("Reason"))
	}
	if r := h.expect(410, h.post("/v1/calls/"+id+"/play", `{"file": "tone:440"}`)); r.kind() != "ended" || r.detail() != call.ErrGone.Error() {
		t.Errorf("%s", r.body)
	}
	h.expect(400, h.do("DELETE", "/v1/calls/"+id+"?cause=1", ""))
	c.Reply(bye, 200, "", "")
	close(h.script.hold)
	h.until("the end", func() bool { return h.calls.Len() == 0 })
	h.expect(404, h.get("/v1/calls/"+id))
}

func TestCallsAreListedFilteredAndPaged(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	var ids []string
	for range 5 {
		id, _ := h.dial()
		ids = append(ids, id)
	}
	list := func(query string) (got []string, total int, next string) {
		t.Helper()
		r := h.expect(200, h.get("/v1/calls"+query))
		calls, _ := r.json["calls"].([]any)
		for _, c := range calls {
			one, _ := c.(map[string]any)
			got = append(got, fmt.Sprint(one["id"]))
		}
		n, _ := r.json["total"].(float64)
		next, _ = r.json["next"].(string)
		return got, int(n), next
	}
	if got, total, next := list(""); fmt.Sprint(got) != fmt.Sprint(ids) || total != 5 || next != "" {
		t.Errorf("%v %d %q, want %v", got, total, next, ids)
	}
	var paged []string
	for next, query := "", "?limit=2"; ; query = "?limit=2&after=" + next {
		var got []string
		if got, _, next = list(query); len(got) > 2 {
			t.Fatalf("%v", got)
		}
		if paged = append(paged, got...); next == "" {
			break
		}
	}
	if fmt.Sprint(paged) != fmt.Sprint(ids) {
		t.Errorf("pages have %v, want %v", paged, ids)
	}
	for query, want := range map[string]int{
		"?state=answered": 5, "?state=early": 0, "?state=early&state=answered": 5, "?from=sip:caller@peer.test": 5, "?from=sip:caller*": 5, "?from=sip:caller": 0,
		"?to=sip:ivr*&kind=sip": 5, "?codec=PCMU/8000": 5, "?kind=audiosocket": 0, "?source=127.0.0.1:*": 5, "?transport=udp": 5,
	} {
		if got, total, _ := list(query); len(got) != want || total != want {
			t.Errorf("%s: %d of %d, want %d", query, len(got), total, want)
		}
	}
	for query, name := range map[string]string{"?limit=0": "limit", "?limit=1001": "limit", "?limit=x": "limit", "?status=x": "status", "?after=x": "after", "?after=!_a": "after"} {
		if r := h.expect(400, h.get("/v1/calls"+query)); r.parameter() != name {
			t.Errorf("%s: %s", query, r.body)
		}
	}
}

func TestACallTellsAllThatIsKnown(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	h.expect(200, h.post("/v1/calls/"+id+"/set", `{"name": "a", "value": "b"}`))
	h.expect(200, h.post("/v1/calls/"+id+"/play", `{"file": "silence:60s"}`))
	r := h.expect(200, h.get("/v1/calls/"+id))
	variables, _ := r.json["variables"].(map[string]any)
	plays, _ := r.json["plays"].([]any)
	if r.json["id"] != id || r.json["state"] != "answered" || r.json["codec"] != "PCMU/8000" || variables["a"] != "b" || len(plays) != 1 {
		t.Errorf("%s", r.body)
	}
	if r := h.do("HEAD", "/v1/calls/"+id, ""); r.status != 200 || len(r.body) != 0 {
		t.Errorf("HEAD: %d %q", r.status, r.body)
	}
}

func TestTheGraphIsDrawnInBothForms(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) {
		o.Render = func(w io.Writer, dot, title string) error {
			if !strings.HasPrefix(dot, "digraph") || !strings.HasPrefix(title, "call ") {
				return errors.New("no graph")
			}
			_, err := io.WriteString(w, "<svg/>")
			return err
		}
	})
	id, _ := h.dial()
	path := "/v1/calls/" + id + "/graph"
	if r := h.expect(200, h.get(path)); !strings.HasPrefix(string(r.body), "digraph") || r.header.Get("Content-Type") != "text/vnd.graphviz; charset=utf-8" {
		t.Errorf("%s", r.body)
	}
	for _, r := range []*reply{h.get(path + "?format=svg"), h.get(path, "Accept: image/svg+xml")} {
		if r.status != 200 || string(r.body) != "<svg/>" || r.header.Get("Content-Type") != "image/svg+xml" || r.header.Get("Content-Security-Policy") == "" {
			t.Errorf("%d %v %s", r.status, r.header, r.body)
		}
	}
}

type reloader struct{ err error }

func (r reloader) Reload() error { return r.err }

func TestTheServerIsControlled(t *testing.T) {
	t.Parallel()
	level, drained := "info", false
	script := &reloader{}
	h := newHouse(t, func(o *httpapi.Options) {
		o.Reload, o.Drain = script, func() { drained = true }
		o.LogLevel = func(l string) (string, error) {
			if l != "" {
				level = l
			}
			return level, nil
		}
	})
	h.expect(200, h.post("/v1/reload", ""))
	script.err = errors.New("ivr.lua:3: no such verb")
	if r := h.expect(422, h.post("/v1/reload", "")); r.detail() != "ivr.lua:3: no such verb" {
		t.Errorf("%s", r.body)
	}
	if r := h.expect(200, h.post("/v1/log", `{"level": "debug"}`)); r.json["result"] != "debug" || level != "debug" {
		t.Errorf("%s", r.body)
	}
	for _, body := range []string{`{"level": "loud"}`, `{}`, `[]`, ``, `{"level": "info", "x": 1}`} {
		h.expect(400, h.post("/v1/log", body))
	}
	if h.expect(202, h.post("/v1/drain", "")); !drained {
		t.Error("it does not drain")
	}
	if r := h.expect(200, h.get("/v1/status")); r.json["log_level"] != "debug" || r.json["ready"] != true {
		t.Errorf("%s", r.body)
	}
	if r := h.expect(200, h.get("/v1/version")); r.json["version"] != "1.2.3" || r.json["api"] != "v1" {
		t.Errorf("%s", r.body)
	}
	if h.server.Addr().Port() == 0 || h.server.URLs()[0] != h.base {
		t.Error(h.server.URLs())
	}
	if r := h.get("/v1/version"); r.header.Get("X-Content-Type-Options") != "nosniff" || r.header.Get("Cache-Control") != "no-store" {
		t.Errorf("%v", r.header)
	}
}
