package httpapi_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/scripting/httpapi"
)

// uses counts the successful uses of a verb.
func (h *house) uses(verb string) uint64 { return h.calls.Stats().Verbs[verb].Uses }

func TestTheSameKeyWithTheSameRequestDoesItOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	path, key := "/v1/calls/"+id, "Idempotency-Key: 6b7e"
	first := h.expect(200, h.post(path+"/play", `{"file": "silence:9s"}`, key))
	second := h.expect(200, h.post(path+"/play", `{"file": "silence:9s"}`, key))
	if h.uses("play") != 1 || string(first.body) != string(second.body) || second.header.Get("Content-Type") != "application/json" ||
		first.header.Get("Idempotent-Replayed") != "" || second.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%d plays; %s, %s %v", h.uses("play"), first.body, second.body, second.header)
	}
	for name, r := range map[string]*reply{
		"another body": h.post(path+"/play", `{"file": "silence:8s"}`, key), "another path": h.post(path+"/stop", "", key),
		"another query": h.post(path+"/play?wait=1s", `{"file": "silence:9s"}`, key),
	} {
		if r.status != 422 || r.kind() != "idempotency" {
			t.Errorf("%s: %d %s", name, r.status, r.body)
		}
	}
	h.expect(200, h.post(path+"/play", `{"file": "silence:9s"}`, "Idempotency-Key: another"))
	h.expect(200, h.post(path+"/play", `{"file": "silence:9s"}`))
	if h.uses("play") != 3 {
		t.Errorf("%d plays", h.uses("play"))
	}
	// A refusal is an answer too.
	bad := h.expect(400, h.post(path+"/play", `{}`, "Idempotency-Key: bad"))
	again := h.expect(400, h.post(path+"/play", `{}`, "Idempotency-Key: bad"))
	if string(bad.body) != string(again.body) || again.header.Get("Idempotent-Replayed") != "true" {
		t.Errorf("%s, then %s %v", bad.body, again.body, again.header)
	}
	for _, key := range []string{strings.Repeat("x", 256), "ä"} {
		if r := h.expect(400, h.post(path+"/play", `{}`, "Idempotency-Key: "+key)); r.parameter() != "Idempotency-Key" {
			t.Errorf("%s", r.body)
		}
	}
}

func TestRequestsAtTheSameTimeWithOneKeyDoItOnce(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	id, _ := h.dial()
	var wait sync.WaitGroup
	for range 10 {
		wait.Go(func() {
			r := h.post("/v1/calls/"+id+"/sleep?wait=5s", `{"seconds": 0.1}`, "Idempotency-Key: one")
			if event, _ := r.json["event"].(map[string]any); r.status != 200 || event["kind"] != "rms:sleep" {
				t.Errorf("%d %s", r.status, r.body)
			}
		})
	}
	wait.Wait()
	if n := h.uses("sleep"); n != 1 {
		t.Errorf("%d sleeps", n)
	}
}

func TestKeysOfOtherClientsAreTheirs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, tokens)
	for _, token := range []string{full, "another-0123456789"} {
		for range 2 {
			h.expect(200, h.post("/v1/verbs/log", `{"text": "a"}`, "Idempotency-Key: x", "Authorization: Bearer "+token))
		}
	}
	if n := h.uses("log"); n != 2 {
		t.Errorf("%d lines", n)
	}
}

func TestAnswersAreForgottenAfterAWhile(t *testing.T) {
	t.Parallel()
	h := newHouse(t, func(o *httpapi.Options) { o.Times.Keep = 50 * time.Millisecond })
	h.until("a second line", func() bool {
		h.expect(200, h.post("/v1/verbs/log", `{"text": "a"}`, "Idempotency-Key: x"))
		return h.uses("log") == 2
	})
}

func TestAnswersThatAreKeptAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t)
	for i := range httpapi.MaxAnswers + 100 {
		h.server.Keep(fmt.Sprint(i), 3000)
	}
	if n, bytes := h.server.Kept(); n > httpapi.MaxAnswers || bytes > httpapi.MaxAnswerBytes || n < 100 {
		t.Errorf("%d answers of %d bytes", n, bytes)
	}
}
