package ctl_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.uber.org/goleak"

	"rms/cmd/rms/ctl"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// answers maps "METHOD /path?query" to what a server says.
type answers map[string]string

// serve starts a server, and returns how to reach it and what it was sent.
func serve(t *testing.T, a answers) (url string, sent *[]string) {
	t.Helper()
	sent = &[]string{}
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		key := r.Method + " " + r.URL.RequestURI()
		*sent = append(*sent, strings.TrimSpace(key+" "+string(body)+" "+r.Header.Get("Authorization")))
		text, ok := a[key]
		if !ok {
			text, ok = a[r.Method+" "+r.URL.Path]
		}
		status := http.StatusOK
		switch {
		case !ok:
			status, text = http.StatusNotFound, `{"detail":"there is no such call","status":404}`
		case strings.HasPrefix(text, "!"):
			if _, err := fmt.Sscanf(text, "!%d", &status); err != nil {
				t.Error(err)
			}
			_, text, _ = strings.Cut(text, " ")
		case strings.HasPrefix(text, "event:"):
			w.Header().Set("Content-Type", "text/event-stream")
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}))
	t.Cleanup(s.Close)
	return s.URL, sent
}

// run executes a command line against a server.
func run(t *testing.T, url string, args ...string) (out string, err error) {
	t.Helper()
	var b bytes.Buffer
	e := ctl.Env{Out: &b, Err: &b}
	err = ctl.Run(t.Context(), args, e, func(p ctl.Place) (*ctl.Client, error) {
		return ctl.NewClient(ctl.Options{URL: url, Token: p.Token, Socket: p.Socket, Timeout: 5 * time.Second})
	}, func(*flag.FlagSet) { b.WriteString("(flags)\n") })
	return b.String(), err
}

// code is the exit code of an error.
func code(err error) int {
	var c interface{ ExitCode() int }
	switch {
	case err == nil:
		return 0
	case errors.As(err, &c):
		return c.ExitCode()
	}
	return ctl.ExitFailed
}

const (
	idA = "368b0070-caf6-486b-bfca-0a6bd9dc3e7b"
	idB = "368b1111-634a-41fa-8b4d-9cdd5561550b"
	two = `{"calls":[{"id":"` + idA + `","state":"answered","from":"sip:a@x;user=phone","to":"sip:\u001b[2Jb@y","codec":"PCMU/8000","seconds":61,"rtp":{"packets_in":99,"lost":1,"jitter_ms":1.5}},
		{"id":"` + idB + `","state":"early","from":"sip:c@x","to":"sip:d@y"}],"total":2}`
	verbTable = `{"verbs":[{"name":"play","aliases":["playback"],"doc":"Plays a file.","params":[{"name":"file","kind":"string","required":true,"doc":"what"},{"name":"mode","kind":"string","enum":["queue","mix"],"default":"queue","doc":"how"},
		{"name":"loop","kind":"value","doc":"times"},{"name":"gap","kind":"duration","unit":"ms","doc":"pause"},{"name":"on","kind":"boolean","doc":"really"},{"name":"n","kind":"integer","min":1,"max":3,"doc":"number"}]},
		{"name":"log","doc":"Writes a line.","no_call":true,"params":[{"name":"text","kind":"string","required":true,"doc":"it"}]}]}`
)

func TestCallsAreShownAsTable(t *testing.T) {
	t.Parallel()
	url, sent := serve(t, answers{"GET /v1/calls": two})
	out, err := run(t, url, "calls", "--from", "sip:*", "--state=answered", "--token", "secret")
	if err != nil {
		t.Fatal(err)
	}
	want := "CALL      STATE     FROM  TO      CODEC      TIME   LOST  JITTER\n368b0070  answered  a@x   [2Jb@y  PCMU/8000  1m01s  1 %   1.5 ms\n368b1111  early     c@x   d@y     none       0s\n"
	if out != want {
		t.Errorf("%q, want %q", out, want)
	}
	if got := (*sent)[0]; got != "GET /v1/calls?from=sip%3A%2A&limit=1000&state=answered  Bearer secret" {
		t.Errorf("asked %q", got)
	}
	if out, err = run(t, url, "calls", "--ids"); err != nil || out != idA+"\n"+idB+"\n" {
		t.Errorf("%q, %v", out, err)
	}
	out, err = run(t, url, "calls", "--json")
	var v map[string]any
	if err != nil || json.Unmarshal([]byte(out), &v) != nil || strings.Contains(out, "\x1b") {
		t.Errorf("%q, %v", out, err)
	}
}

func TestListsOfManyPagesAreWhole(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{
		"GET /v1/calls?limit=1000":         `{"calls":[{"id":"` + idA + `"}],"total":2,"next":"x"}`,
		"GET /v1/calls?after=x&limit=999":  `{"calls":[{"id":"` + idB + `"}],"total":2}`,
		"GET /v1/calls?after=x&limit=1000": `{"calls":[{"id":"` + idB + `"}],"total":2}`,
	})
	if out, err := run(t, url, "calls", "--ids"); err != nil || out != idA+"\n"+idB+"\n" {
		t.Errorf("%q, %v", out, err)
	}
}

func TestBeginningOfAnIDIsEnough(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{"GET /v1/calls": two, "GET /v1/calls/" + idA: `{"id":"` + idA + `","state":"answered"}`})
	for word, want := range map[string]int{
		"368b0": 0, "368B0070": 0, idA: 0, "368b": ctl.ExitUsage, "-": ctl.ExitUsage, "f": ctl.ExitNoCall, idB: ctl.ExitNoCall, "play!": ctl.ExitUsage, "": ctl.ExitUsage,
	} {
		if out, err := run(t, url, "call", word, "--no-graph"); code(err) != want {
			t.Errorf("%q: exit code %d, want %d: %v %s", word, code(err), want, err, out)
		}
	}
	if _, err := run(t, url, "call", "368b"); err == nil || !strings.Contains(err.Error(), idA) {
		t.Errorf("%v", err)
	}
}

func TestWordsBecomeArgumentsOfTheirKind(t *testing.T) {
	t.Parallel()
	url, sent := serve(t, answers{"GET /v1/verbs": verbTable, "GET /v1/calls": two, "POST /v1/calls/" + idA + "/play": `{"result":true}`, "POST /v1/verbs/log": `{"result":"written"}`, "POST /v1/calls/" + idA + "/log": `{"result":7}`})
	for line, want := range map[string]string{
		"play 368b00 a.wav":                      `{"args":["a.wav"]}`,
		"play 368b00 file=a.wav mode=mix":        `{"file":"a.wav","mode":"mix"}`,
		"rms_play 368b00 a.wav mix 3 250ms true": `{"args":["a.wav","mix",3,"250ms",true]}`,
		"playback 368b00 a.wav loop=true":        `{"args":["a.wav"],"loop":true}`,
		"play 368b00 a.wav loop=[1,2]":           `{"args":["a.wav"],"loop":[1,2]}`,
		"play 368b00 a.wav gap=-1.5 n=x":         `{"args":["a.wav"],"gap":-1.5,"n":"x"}`,
		"play 368b00 http://x/a?b=c":             `{"args":["http://x/a?b=c"]}`,
		"play 368b00 nonsense=1":                 `{"nonsense":"1"}`,
		"play 368b00 -5":                         `{"args":["-5"]}`,
		"play 368b00 -- --help":                  `{"args":["--help"]}`,
		"play 368b00 1 2 3 4 5 6 7":              `{"args":["1","2",3,4,"5",6,"7"]}`,
	} {
		out, err := run(t, url, strings.Fields(line)...)
		if got := (*sent)[len(*sent)-1]; err != nil || out != "" || got != "POST /v1/calls/"+idA+"/play "+want {
			t.Errorf("%s: %q, %v; sent %s, want %s", line, out, err, got, want)
		}
	}
	for line, want := range map[string]string{
		"rms_log hello":        "written\n",
		"rms_log beef":         "written\n", // no call
		"rms_log 368b00 hello": "7\n",
	} {
		if out, err := run(t, url, strings.Fields(line)...); err != nil || out != want {
			t.Errorf("%s: %q, %v", line, out, err)
		}
	}
	for line, want := range map[string]int{"play": ctl.ExitUsage, "sing 368b00": ctl.ExitUsage, "play 99 a.wav": ctl.ExitNoCall, "play 368b00 --nope": ctl.ExitUsage} {
		if _, err := run(t, url, strings.Fields(line)...); code(err) != want {
			t.Errorf("%s: exit code %d, want %d: %v", line, code(err), want, err)
		}
	}
}

func TestHelpOfAVerbIsOfTheServersTable(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{"GET /v1/verbs": verbTable})
	for _, args := range [][]string{{"play", "--help"}, {"help", "play"}, {"play", "x", "-h"}} {
		out, err := run(t, url, args...)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"rms_play: Plays a file.", "rms ctl play CALL FILE [mode=VALUE]", "mode  queue|mix, default queue", "n  integer from 1 to 3", "gap  duration ms", "(flags)"} {
			if !strings.Contains(out, want) {
				t.Errorf("%v: %q is not in\n%s", args, want, out)
			}
		}
	}
	out, err := run(t, "http://127.0.0.1:1", "play", "--help") // nobody: this program's table
	if err != nil || !strings.Contains(out, "rms_play: Plays a file") {
		t.Errorf("%v: %s", err, out)
	}
	out, err = run(t, url)
	if err != nil || !strings.Contains(out, "  trace ") || !strings.Contains(out, "Plays a file") {
		t.Errorf("%v: %s", err, out)
	}
}

func TestExitCodesTellWhatWentWrong(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{
		"GET /v1/status": `!500 {"detail":"a mistake \u001b[2J"}`, "POST /v1/reload": `!422 {"detail":"ivr.lua:3: no"}`, "POST /v1/log": `!400 {"detail":"level"}`,
		"GET /v1/version": `!401 <html>`, "POST /v1/drain": `!503 {"detail":"busy"}`, "POST /v1/api": `{"result":"-ERR no such channel\n"}`, "GET /v1/verbs": "garbage",
	})
	for line, want := range map[string]int{
		"status": ctl.ExitFailed, "reload": ctl.ExitFailed, "log level loud": ctl.ExitUsage, "version": ctl.ExitFailed, "drain": ctl.ExitFailed,
		"api uuid_kill x": ctl.ExitFailed, "verbs": ctl.ExitFailed, "log": ctl.ExitUsage, "log x": ctl.ExitUsage, "status x": ctl.ExitUsage, "call": ctl.ExitUsage,
		"trace": ctl.ExitUsage, "trace --all --next": ctl.ExitUsage, "calls --nope": ctl.ExitUsage, "api": ctl.ExitUsage,
	} {
		out, err := run(t, url, strings.Fields(line)...)
		if code(err) != want {
			t.Errorf("%s: exit code %d, want %d: %v %s", line, code(err), want, err, out)
		}
		if err != nil && strings.Contains(err.Error(), "\x1b") {
			t.Errorf("%s: %q", line, err)
		}
	}
	_, err := run(t, "http://127.0.0.1:1", "status")
	if code(err) != ctl.ExitNoServer || !strings.Contains(err.Error(), "is rms serve running there?") {
		t.Errorf("%v", err)
	}
	_, err = run(t, "", "status", "--socket", filepath.Join(t.TempDir(), "no.sock"))
	if code(err) != ctl.ExitNoServer {
		t.Errorf("%v", err)
	}
	for _, bad := range []string{"127.0.0.1:8080", "ftp://x", "http://", "http://u:p@x"} {
		if _, err := run(t, bad, "status"); code(err) != ctl.ExitUsage {
			t.Errorf("%s: %v", bad, err)
		}
	}
}

const eventStream = "event: rms:start\nid: 1\ndata: {\"event\":\"rms:start\",\"call\":\"" + idA + "\",\"time\":\"2026-01-02T15:04:05.1Z\",\"fields\":{\"codec\":\"PCMU/8000\",\"text\":\"two words\",\"n\":1.5,\"evil\":\"\\u001b[2J\",\"o\":{\"a\":1}}}\n\n: alive\n\n"

func TestEventsAreLines(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{"GET /v1/events?name=rms%3A%2A": eventStream, "GET /v1/calls": two})
	out, err := run(t, url, "events", "--name", "rms:*")
	if code(err) != ctl.ExitFailed || !strings.HasSuffix(out, ` 368b0070 rms:start            codec=PCMU/8000 text="two words" n=1.5 evil=\u001b[2J o={"a":1}`+"\n") &&
		!strings.HasSuffix(out, ` 368b0070 rms:start            codec=PCMU/8000 text="two words" n=1.5 evil=[2J o={"a":1}`+"\n") {
		t.Errorf("%q, %v", out, err)
	}
	out, _ = run(t, url, "events", "--name", "rms:*", "--json")
	if strings.Count(out, "\n") != 1 || !json.Valid([]byte(out)) {
		t.Errorf("%q", out)
	}
}

func TestEventsGoOnWhenTheServerIsStartedAnew(t *testing.T) {
	t.Parallel()
	l, err := net.Listen("tcp", "127.0.0.4:0") // where nobody else takes the port afterwards
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().String()
	handler := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		_, _ = io.WriteString(w, eventStream)
	})
	s := &http.Server{Handler: handler, ReadHeaderTimeout: time.Second}
	go func() { _ = s.Serve(l) }()
	c, err := ctl.NewClient(ctl.Options{URL: "http://" + addr})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	seen := 0
	w := writer(func(b []byte) (int, error) {
		if seen++; seen == 3 {
			cancel()
		}
		return len(b), nil
	})
	if err := c.Events(ctx, w, nil, nil, false, true); err != nil || seen != 3 { // the server ends each stream at once
		t.Errorf("%d events, %v", seen, err)
	}
	_ = s.Close()
	if err := c.Events(t.Context(), w, nil, nil, false, true); code(err) != ctl.ExitNoServer {
		t.Errorf("a server that was never there: %v", err)
	}
}

type writer func([]byte) (int, error)

func (w writer) Write(b []byte) (int, error) { return w(b) }

func sipEvent(sent bool, callID, first, head string) string {
	text, _ := json.Marshal(map[string]any{
		"time": "2026-01-02T15:04:05Z", "sent": sent, "transport": "udp", "local": "127.0.0.1:5060", "remote": "127.0.0.1:5070", "call_id": callID, "first": first,
		"text": first + "\r\n" + head + "\r\n\r\n",
	})
	return "event: sip\ndata: " + string(text) + "\n\n"
}

func TestTraceOfTheNextCallIsItsLadder(t *testing.T) {
	t.Parallel()
	stream := sipEvent(false, "old", "INVITE sip:bob@x SIP/2.0", "To: <sip:bob@x>;tag=1\r\nCSeq: 2 INVITE") + // a re-INVITE
		sipEvent(false, "other", "INVITE sip:eve@x SIP/2.0", "To: <sip:eve@x>\r\nCSeq: 1 INVITE") +
		sipEvent(false, "mine", "INVITE sip:+49@x SIP/2.0", "From: <sip:a@x>;tag=2\r\nTo: <sip:bob@x>\r\nCSeq: 1 INVITE") +
		sipEvent(true, "other", "SIP/2.0 486 Busy Here", "CSeq: 1 INVITE") +
		sipEvent(true, "mine", "SIP/2.0 200 OK", "CSeq: 1 INVITE") + sipEvent(false, "mine", "BYE sip:x SIP/2.0", "CSeq: 2 BYE") +
		sipEvent(true, "mine", "SIP/2.0 200 OK", "CSeq: 2 BYE") + sipEvent(false, "mine", "OPTIONS sip:x SIP/2.0", "CSeq: 9 OPTIONS")
	url, _ := serve(t, answers{"GET /v1/trace": stream})
	out, err := run(t, url, "trace", "--next", "bob", "--ascii")
	if err != nil || strings.Contains(out, "eve") || strings.Contains(out, "486") || strings.Contains(out, "OPTIONS") || strings.Count(out, "\n") != 5 {
		t.Errorf("%v:\n%s", err, out)
	}
	if !strings.Contains(out, " rms 127.0.0.1:5060") || !strings.Contains(out, "- INVITE sip:+49@x -") || !strings.Contains(out, "- 200 OK (BYE) -") {
		t.Errorf("%s", out)
	}
	out, err = run(t, url, "trace", "--next", "eve")
	if code(err) != 0 || !strings.Contains(out, "486") {
		t.Errorf("%v:\n%s", err, out)
	}
	if out, _ = run(t, url, "trace", "--all"); strings.Count(out, "\n") != 8 {
		t.Errorf("%s", out)
	}
	if out, _ = run(t, url, "trace", "--all", "--json"); strings.Count(out, "\n") != 8 || !json.Valid([]byte(strings.SplitN(out, "\n", 2)[0])) {
		t.Errorf("%s", out)
	}
}

func TestTraceEndsWithItsCall(t *testing.T) {
	t.Parallel()
	url, _ := serve(t, answers{"GET /v1/calls/" + idA + "/trace": sipEvent(false, "m", "BYE sip:x SIP/2.0", "CSeq: 2 BYE") + "event: lost\ndata: {\"count\":3}\n\nevent: end\ndata: {}\n\n"})
	out, err := run(t, url, "trace", idA)
	if err != nil || !strings.Contains(out, " BYE ") || !strings.Contains(out, `left out: {"count":3}`) {
		t.Errorf("%v:\n%s", err, out)
	}
}

func TestGraphIsDrawnHere(t *testing.T) {
	t.Parallel()
	dot := "digraph rms {\n n0 [label=\"rtp receive\\nat 1\"];\n n1 [label=\"echo\"];\n n0 -> n1 [label=\"8000 Hz x1\"];\n}\n"
	url, _ := serve(t, answers{"GET /v1/calls/" + idA + "/graph": dot})
	for flagged, want := range map[string]string{"": "digraph rms {", "--dot": "n0 -> n1", "--svg": "<svg ", "--text": "│", "--ascii": "|"} {
		out, err := run(t, url, strings.Fields("graph "+idA+" "+flagged)...)
		if err != nil || !strings.Contains(out, want) {
			t.Errorf("%s: %v\n%s", flagged, err, out)
		}
	}
}

func TestWaitPrintsTheEvent(t *testing.T) {
	t.Parallel()
	url, sent := serve(t, answers{
		"GET /v1/verbs": verbTable, "POST /v1/calls/" + idA + "/play?wait=5s": `{"result":true,"event":{"event":"rms:play_end","call":"` + idA + `","time":"2026-01-02T15:04:05Z","fields":{"reason":"done"}}}`,
		"POST /v1/calls/" + idA + "/play?wait=1s": `{"result":true,"event":null}`,
	})
	out, err := run(t, url, "play", idA, "a.wav", "--wait", "5s")
	if err != nil || !strings.HasSuffix(out, "rms:play_end         reason=done\n") {
		t.Errorf("%v: %q, sent %v", err, out, *sent)
	}
	if out, err = run(t, url, "play", idA, "a.wav", "--wait=1s"); err != nil || !strings.Contains(out, "did not come in time") {
		t.Errorf("%v: %q", err, out)
	}
}

func TestAnswersAreBounded(t *testing.T) {
	t.Parallel()
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasPrefix(r.URL.Path, "/v1/events") {
			w.Header().Set("Content-Type", "text/event-stream")
		}
		junk := bytes.Repeat([]byte("x"), 1<<20)
		for range 200 {
			if _, err := w.Write(junk); err != nil {
				return
			}
		}
	}))
	defer s.Close()
	for _, line := range []string{"status", "events"} {
		if _, err := run(t, s.URL, line); err == nil {
			t.Errorf("%s takes 200 MB", line)
		}
	}
}

func TestCleanLeavesNothingThatSteersATerminal(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"a\x1b[2Jb": "a[2Jb", "a\u202eb": "ab", "a\u009bb": "ab", "\xffa": "?a", "é中": "é中", "a\tb\n": "a b "} {
		if got := ctl.Clean(in); got != want {
			t.Errorf("%q is %q, want %q", in, got, want)
		}
	}
	for width := range 12 {
		if got := ctl.Fit("ab中中é", width); len([]rune(got)) > width {
			t.Errorf("%q in %d", got, width)
		}
	}
}
