package call_test

import (
	"net/http"
	"net/http/httptest"
	"testing"

	"rms/call"
	"rms/media/wire/audiostream"
)

func TestForkOffersItsSubprotocolAndTakesItsOwnVariables(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	asked := make(chan http.Header, 2)
	far := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Clone()
		http.Error(rw, "no", http.StatusForbidden)
	}))
	t.Cleanup(far.Close)
	h.runs(script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	uuid := h.wait("rms:ack").Call
	for i, want := range []struct{ protocol, authorization string }{{"audio.drachtio.org", ""}, {"audio.example.org", "Basic YW5uYTpzZWNyZXQ="}} {
		if r := h.api(c, uuid, "uuid_audio_fork UUID start "+far.URL+" mono 8k")[0]; r != audiostream.OK {
			t.Fatalf("start %d: %q", i, r)
		}
		h.pump("the end", func() bool { return len(h.seen("rms:stream_disconnect")) == i+1 })
		got := <-asked
		if p, a := got.Get("Sec-WebSocket-Protocol"), got.Get("Authorization"); p != want.protocol || a != want.authorization {
			t.Errorf("start %d: subprotocol %q, authorization %q, want %v", i, p, a, want)
		}
		if err := h.inScript(c, setForkVariables); err != nil {
			t.Fatal(err)
		}
	}
	h.bye(c)
}

func setForkVariables(x *call.Exec) error {
	for name, v := range map[string]string{
		"MOD_AUDIO_FORK_SUBPROTOCOL_NAME": "audio.example.org", "MOD_AUDIO_BASIC_AUTH_USERNAME": "anna", "MOD_AUDIO_BASIC_AUTH_PASSWORD": "secret",
	} {
		if _, err := do(x, "set", name, v); err != nil {
			return err
		}
	}
	return nil
}
