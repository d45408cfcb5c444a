package load

import (
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

func TestVerbsAndReloadsGoOnWhileTheCallsStand(t *testing.T) {
	var verbs, reloads atomic.Int64
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.URL.Path == "/v1/calls":
			_, _ = w.Write([]byte(`{"calls":[{"id":"a"},{"id":"b"}]}`))
		case r.URL.Path == "/v1/reload":
			reloads.Add(1)
		case r.Method == "POST" && strings.HasSuffix(r.URL.Path, "/set"):
			verbs.Add(1)
		default:
			http.NotFound(w, r)
		}
	}))
	defer api.Close()
	s := startServer(t, nil)
	o := quick(s)
	o.For, o.PIDs = 2*time.Second, []int{os.Getpid()}
	o.Doors = Doors{URL: api.URL, Verbs: 200, Reload: 20 * time.Millisecond}
	r := run(t, o)
	if r.Doors == nil || r.Doors.Verbs == 0 || r.Doors.Reloads == 0 || r.Doors.Problem != "" || r.Doors.Answer.Count == 0 {
		t.Fatalf("%+v", r.Doors)
	}
	if verbs.Load() < int64(r.Doors.Verbs) || reloads.Load() < int64(r.Doors.Reloads) {
		t.Errorf("%d verbs and %d reloads came, %+v", verbs.Load(), reloads.Load(), r.Doors)
	}
}

func TestARefusedReloadFailsTheRun(t *testing.T) {
	api := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/v1/reload" {
			http.Error(w, "ivr.lua:3: a mistake", http.StatusUnprocessableEntity)
			return
		}
		_, _ = w.Write([]byte(`{"calls":[]}`))
	}))
	defer api.Close()
	s := startServer(t, nil)
	o := quick(s)
	o.For, o.Doors = 2*time.Second, Doors{URL: api.URL, Reload: 20 * time.Millisecond}
	if r := run(t, o); r.Passed() || r.Doors.Failed == 0 || !strings.Contains(r.Doors.Problem, "ivr.lua:3") {
		t.Errorf("%+v", r.Doors)
	}
}
