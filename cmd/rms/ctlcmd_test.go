package main

import (
	"context"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/cmd/rms/ctl"
	"rms/cmd/rms/phone"
)

// controlled is a server with a unix socket, and calls of a softphone.
func controlled(t *testing.T, args ...string) (s *served, socket string) {
	t.Helper()
	dir, err := os.MkdirTemp("", "rms") // a path of t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	socket = filepath.Join(dir, "s")
	s = serve(t, append(args, "--http.socket", socket)...)
	return s, socket
}

// calls places a call that lasts until the returned function is called.
func (s *served) calls(user string) (hangUp func() phone.Result) {
	s.t.Helper()
	ctx, cancel := context.WithCancel(s.t.Context())
	s.t.Cleanup(cancel)
	done := make(chan phone.Result, 1)
	go func() {
		res, _ := phone.Run(ctx, phone.Options{To: "sip:" + user + "@" + s.addr, For: -1}, io.Discard)
		done <- res
	}()
	return func() phone.Result {
		cancel()
		return <-done
	}
}

func TestControlOfAServerThatRuns(t *testing.T) {
	s, socket := controlled(t)
	do := func(want int, words ...string) string {
		t.Helper()
		code, out, errs := rms(t, append([]string{"ctl", "--socket", socket}, words...)...)
		if code != want {
			t.Errorf("%v: exit code %d, want %d: %s%s", words, code, want, out, errs)
		}
		return out + errs
	}
	has := func(text string, wanted ...string) {
		t.Helper()
		for _, want := range wanted {
			if !strings.Contains(text, want) {
				t.Errorf("%q is not in\n%s", want, text)
			}
		}
	}
	has(do(ctl.ExitNoCall, "call", "-"), "there is no call")
	hangUp := s.calls("echo")
	s.logs(`"message":"call answered"`)
	id := strings.TrimSpace(do(0, "calls", "--ids"))
	if len(id) != 36 {
		t.Fatalf("ids %q", id)
	}
	short := id[:6]
	has(do(0, "status"), "1 live (1 answered)", "ready", "info")
	has(do(0, "calls"), id[:8], "answered", "echo@")
	has(do(0, "calls", "--state", "early", "--json"), `"total": 0`)
	has(do(0, "call", short), id, "PCMU/8000 sendrecv", "rtp send", "mailbox")
	has(do(0, "call", short, "--json"), `"id": "`+id+`"`)
	has(do(0, "graph", short, "--svg"), "<svg ", "rtp receive")
	has(do(0, "graph", short), "digraph")
	do(0, "set", short, "greeting", `{"a":[1,2]}`)
	has(do(0, "get", short, "greeting"), `"a": [`)
	has(do(0, "play", short, "tone:440/100ms", "--wait", "10s"), "rms:play_end", "reason=done")
	has(do(ctl.ExitUsage, "play", short, "x.wav", "mode=loud"), `"loud" is not one of queue, replace, mix`)
	has(do(ctl.ExitUsage, "play", short), `missing argument "file"`)
	has(do(1, "answer", short), "rms ctl: ")
	has(do(0, "api", "uuid_exists", id), "true")
	has(do(1, "api", "uuid_getvar", "nobody", "x"), "-ERR")
	has(do(0, "verbs"), "stream_start")
	has(do(0, "version", "--json"), `"api": "v1"`)
	has(do(0, "log", "level"), "info")
	has(do(0, "log", "level", "debug"), "debug")
	has(do(ctl.ExitUsage, "log", "level", "loud"), "trace, debug, info, warn, error")
	s.logs(`"level":"debug"`)
	has(do(0, "reload"), "version 2")
	has(do(0, "rms_log", short, "from outside"), "")
	s.logs("from outside")
	code, out, errs := rms(t, "ctl", "--socket", socket, "top", "-n", "2", "--every", "100ms")
	if code != 0 || !strings.Contains(out, "calls=1 ") {
		t.Errorf("%d: %s%s", code, out, errs)
	}
	has(do(0, "hangup", short, "reason=over and out"), "")
	hangUp()
	has(do(ctl.ExitNoCall, "hangup", id), "there is no such call")
	hangUp = s.calls("loop")
	s.logs(`sip:loop@`)
	has(do(0, "drain"), "draining: new calls are refused")
	has(do(0, "status"), "draining")
	hangUp()
	s.ends(exitOK)
	has(do(ctl.ExitNoServer, "status"), "no server at")
}

func TestEveryVerbHasHelpAndAWayToTheServer(t *testing.T) {
	s, socket := controlled(t)
	for _, v := range call.Verbs() {
		code, out, errs := rms(t, "ctl", "--socket", socket, "rms_"+v.Name, "--help")
		if code != 0 || !strings.Contains(out, "rms_"+v.Name+": ") {
			t.Errorf("%s: exit code %d: %s%s", v.Name, code, out, errs)
		}
		for i := range v.Params {
			if !strings.Contains(out, "  "+v.Params[i].Name+"  ") {
				t.Errorf("%s: no word of %s in\n%s", v.Name, v.Params[i].Name, out)
			}
		}
		if v.NoCall {
			continue
		}
		code, _, errs = rms(t, "ctl", "--socket", socket, "rms_"+v.Name, "0000")
		if code != ctl.ExitNoCall {
			t.Errorf("%s: exit code %d: %s", v.Name, code, errs)
		}
	}
	s.signal()
	s.ends(exitOK)
}

func TestTraceAndEventsOfALiveServer(t *testing.T) {
	s, socket := controlled(t)
	var trace, events output
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	traced, followed := make(chan int, 1), make(chan int, 1)
	go func() {
		traced <- run(ctx, []string{"ctl", "trace", "--next", "echo", "--socket", socket}, &trace, &trace)
	}()
	go func() {
		followed <- run(ctx, []string{"ctl", "events", "-f", "--json", "--socket", socket}, &events, &events)
	}()
	var st ctl.Status
	for st.HTTP["subscribers"] < 2 {
		_, out, errs := rms(t, "ctl", "status", "--json", "--socket", socket)
		if err := json.Unmarshal([]byte(out), &st); err != nil {
			t.Fatalf("%v: %s%s", err, out, errs)
		}
		time.Sleep(5 * time.Millisecond)
	}
	hangUp := s.calls("echo")
	s.logs(`"message":"call answered"`)
	hangUp()
	if code := <-traced; code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{"rms 127.0.0.1:", "INVITE sip:echo@", "200 OK +SDP", " ACK ", " BYE ", "200 OK (BYE)"} {
		if !strings.Contains(trace.String(), want) {
			t.Errorf("%q is not in\n%s", want, trace.String())
		}
	}
	for range 1000 {
		if strings.Contains(events.String(), `"rms:end"`) {
			break
		}
		time.Sleep(5 * time.Millisecond)
	}
	cancel()
	if code := <-followed; code != 0 {
		t.Errorf("exit code %d: %s", code, events.String())
	}
	for _, want := range []string{`"rms:invite"`, `"rms:start"`, `"rms:end"`} {
		if !strings.Contains(events.String(), want) {
			t.Errorf("%s is not in\n%s", want, events.String())
		}
	}
	if n := s.watching(t, socket); n != 0 {
		t.Errorf("%d subscribers are left", n)
	}
	s.signal()
	s.ends(exitOK)
}

func TestTraceOfACallEndsWithIt(t *testing.T) {
	s, socket := controlled(t)
	hangUp := s.calls("echo")
	s.logs(`"message":"call answered"`)
	var trace output
	traced := make(chan int, 1)
	go func() {
		traced <- run(t.Context(), []string{"ctl", "trace", "-", "--full", "--socket", socket}, &trace, &trace)
	}()
	var st ctl.Status
	for st.HTTP["subscribers"] < 1 {
		_, out, _ := rms(t, "ctl", "status", "--json", "--socket", socket)
		if err := json.Unmarshal([]byte(out), &st); err != nil {
			t.Fatal(err)
		}
		time.Sleep(5 * time.Millisecond)
	}
	hangUp()
	if code := <-traced; code != 0 {
		t.Errorf("exit code %d", code)
	}
	for _, want := range []string{" BYE ", "200 OK (BYE)", "             CSeq: "} {
		if !strings.Contains(trace.String(), want) {
			t.Errorf("%q is not in\n%s", want, trace.String())
		}
	}
	if code, _, errs := rms(t, "ctl", "trace", "0000", "--socket", socket); code != ctl.ExitNoCall {
		t.Errorf("exit code %d: %s", code, errs)
	}
	s.signal()
	s.ends(exitOK)
}

// watching waits until nobody subscribes, and returns how many do.
func (s *served) watching(t *testing.T, socket string) int {
	t.Helper()
	var st ctl.Status
	for range 200 {
		_, out, _ := rms(t, "ctl", "status", "--json", "--socket", socket)
		if err := json.Unmarshal([]byte(out), &st); err == nil && st.HTTP["subscribers"] == 0 {
			return 0
		}
		time.Sleep(10 * time.Millisecond)
	}
	return st.HTTP["subscribers"]
}

func TestServerIsFoundByItsConfiguration(t *testing.T) {
	s, socket := controlled(t)
	file := file(t, "rms.yaml", "http:\n  socket: "+socket+"\n")
	t.Setenv("RMS_HTTP_SOCKET", "")
	for name, args := range map[string][]string{"flag": {"-c", file}, "environment": nil} {
		if name == "environment" {
			t.Setenv("RMS_CTL_SOCKET", socket)
		}
		if code, out, errs := rms(t, append([]string{"ctl", "version"}, args...)...); code != 0 || !strings.HasPrefix(out, "rms ") {
			t.Errorf("%s: exit code %d: %s%s", name, code, out, errs)
		}
	}
	s.signal()
	s.ends(exitOK)
}
