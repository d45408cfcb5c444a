package httpapi_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"rms/call"
	"rms/scripting/httpapi"
)

// plainValue tells whether a value is one that Verb.Bind takes.
func plainValue(v any) bool {
	switch t := v.(type) {
	case nil, bool, string, int64, float64:
		return true
	case []any:
		for _, e := range t {
			if !plainValue(e) {
				return false
			}
		}
		return true
	case map[string]any:
		for _, e := range t {
			if !plainValue(e) {
				return false
			}
		}
		return true
	}
	return false
}

func FuzzArguments(f *testing.F) {
	for _, seed := range []string{
		``, `{}`, `{"file": "a.wav", "loop": true}`, `{"args": ["a", null, 1, -2.5e3], "mode": "mix"}`, `{"a": {"b": [[], {}]}}`, `[1]`, `{"a":1,"a":2}`,
		`{"a": 1e400}`, `{"a": 9223372036854775808}`, `{"\ud800": "\u0000"}`, `{"a"`, `nul`, strings.Repeat(`[`, 100), `{"a": 1} x`,
	} {
		f.Add([]byte(seed), 0)
	}
	verbs := call.Verbs()
	f.Fuzz(func(t *testing.T, text []byte, n int) {
		v := verbs[uint(n)%uint(len(verbs))]
		positional, named, err := httpapi.Decode(text, v)
		if err != nil {
			return
		}
		if !plainValue(positional) && positional != nil || !plainValue(named) && named != nil {
			t.Fatalf("%q became %v %v", text, positional, named)
		}
		if len(strings.TrimSpace(string(text))) > 0 {
			var whole map[string]any
			if err := json.Unmarshal(text, &whole); err != nil {
				t.Fatalf("%q was taken: %v", text, err)
			}
			if want := len(whole); len(named) != want && len(named)+1 != want {
				t.Fatalf("%q: %d arguments of %d", text, len(named), want)
			}
		}
		_, _ = v.Bind(positional, named)
	})
}

func FuzzFilter(f *testing.F) {
	for _, seed := range []string{`{}`, `{"calls": ["a"], "names": ["rms:*"]}`, `{"names": null}`, `{"names": [1]}`, `[]`, `{"names": ["a*b"]}`} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		calls, names, err := httpapi.DecodeFilter(text)
		if err == nil && len(calls)+len(names) > 200 {
			t.Fatalf("%d calls, %d names", len(calls), len(names))
		}
	})
}

// Any request gets an answer of HTTP, and what is wrong with it is a problem.
func FuzzRequest(f *testing.F) {
	m := call.NewManager(call.Options{})
	s, err := httpapi.Open(httpapi.Options{Calls: m})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() {
		_ = s.Close(context.Background())
		m.Close(context.Background())
	})
	h := s.Handler()
	f.Add("GET", "/v1/calls?limit=1", "", "", "localhost", "")
	f.Add("POST", "/v1/calls/a/play", `{"file": "a"}`, "application/json", "127.0.0.1:80", "key")
	f.Add("POST", "/v1/verbs/log", `{"text": "a"}`, "application/json", "[::1]", "")
	f.Add("DELETE", "/v1/calls/%2e%2e?reason=x", "", "", "evil", "")
	f.Fuzz(func(t *testing.T, method, path, body, kind, host, key string) {
		if strings.HasPrefix(path, "/v1/events") || !strings.HasPrefix(path, "/") {
			return
		}
		r, err := http.NewRequestWithContext(t.Context(), method, "http://x"+path, strings.NewReader(body))
		if err != nil || method == http.MethodConnect {
			return
		}
		r.Host = host
		r.Header.Set("Content-Type", kind)
		r.Header.Set("Idempotency-Key", key)
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		if w.Code >= 400 && w.Code != http.StatusInternalServerError && r.Method != http.MethodHead && !json.Valid(w.Body.Bytes()) || w.Code == http.StatusInternalServerError {
			t.Fatalf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
	})
}
