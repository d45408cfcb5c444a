package call_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/target"
)

func TestVariablesOfTheCallComeBeforeTheConfigurationAndArgumentsBeforeBoth(t *testing.T) {
	t.Parallel()
	config := map[string]string{
		"STREAM_BUFFER_SIZE": "60", "STREAM_HEART_BEAT": "7", "STREAM_TLS_CA_FILE": "NONE", "STREAM_TLS_CERT_FILE": "/c.pem", "STREAM_TLS_KEY_FILE": "/k.pem",
		"STREAM_TLS_DISABLE_HOSTNAME_VALIDATION": "true", "STREAM_MESSAGE_DEFLATE": "false", "STREAM_EXTRA_HEADERS": `{"A":"1"}`, "STREAM_SAMPLE_RATE": "16000",
	}
	h := newHouse(t, nil, func(o *call.Options) { o.Streams.Variables = config })
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "stream_start", map[string]any{"url": u, "name": "config"}); err != nil {
			return err
		}
		for name, v := range map[string]any{
			"STREAM_BUFFER_SIZE": "100", "STREAM_HEART_BEAT": int64(3), "STREAM_EXTRA_HEADERS": `{"X-From":"${call_id}"}`, "STREAM_TLS_CA_FILE": "SYSTEM",
		} {
			if _, err := do(x, "set", name, v); err != nil {
				return err
			}
		}
		if _, err := named(x, "stream_start", map[string]any{"url": u, "name": "call"}); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{
			"url": u, "name": "argument", "buffer": int64(40), "heartbeat": int64(9), "headers": map[string]any{"B": "2"}, "tls_ca": "/ca.pem",
			"deflate": false, "play_rate": "24000", "tls_skip_hostname": false,
		})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	far(2)
	options := map[string]target.Options{}
	for i := range 3 {
		options[far(i).o.Name] = far(i).o
	}
	o := options["config"]
	if o.Frame != 60*time.Millisecond || o.Heartbeat != 7*time.Second || o.TLS != (target.TLS{CAFile: "NONE", CertFile: "/c.pem", KeyFile: "/k.pem", SkipHostname: true}) ||
		!o.Deflate || len(o.Header) != 1 || o.Header[0] != (target.HeaderField{Name: "A", Value: "1"}) || o.PlayRate != 16000 {
		t.Errorf("from the configuration: %+v", o)
	}
	id := h.wait("rms:start").Call
	o = options["call"]
	if o.Frame != 100*time.Millisecond || o.Heartbeat != 3*time.Second || o.TLS.CAFile != "SYSTEM" || o.TLS.CertFile != "/c.pem" ||
		len(o.Header) != 1 || o.Header[0] != (target.HeaderField{Name: "X-From", Value: id}) {
		t.Errorf("from the call: %+v", o)
	}
	o = options["argument"]
	if o.Frame != 40*time.Millisecond || o.Heartbeat != 9*time.Second || o.TLS.CAFile != "/ca.pem" || o.TLS.SkipHostname || o.Deflate ||
		len(o.Header) != 1 || o.Header[0].Name != "B" || o.PlayRate != 24000 {
		t.Errorf("from the arguments: %+v", o)
	}
	h.bye(c)
}

func TestVariablesHaveTheirDefaults(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	o := far(0).o
	if o.Deflate || o.Heartbeat != 0 || o.Frame != 20*time.Millisecond || len(o.Header) != 0 || o.TLS.SkipHostname || o.TLS.CertFile != "" ||
		o.Format.Rate != 8000 || o.Format.Channels != 1 || o.Compat != "best" || o.Dialect != "" || o.Generation != 1 {
		t.Errorf("%+v", o)
	}
	h.bye(c)
}

func TestAVariableThatCannotBeReadIsAWarningAndItsDefault(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		for name, v := range map[string]string{"STREAM_BUFFER_SIZE": "50", "STREAM_EXTRA_HEADERS": `{"a":1}`, "STREAM_HEART_BEAT": "often"} {
			if _, err := do(x, "set", name, v); err != nil {
				return err
			}
		}
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if o := far(0).o; o.Frame != 20*time.Millisecond || o.Heartbeat != 0 || len(o.Header) != 0 {
		t.Errorf("%+v", o)
	}
	var all []string
	for _, ev := range h.seen("rms:stream_error") {
		all = append(all, ev.Get("error").(string))
	}
	text := strings.Join(all, "|")
	for _, name := range []string{"STREAM_BUFFER_SIZE", "STREAM_EXTRA_HEADERS", "STREAM_HEART_BEAT"} {
		if !strings.Contains(text, name) {
			t.Errorf("no warning of %s in %q", name, text)
		}
	}
	h.bye(c)
}

func TestNoReconnectAndPlaybackAreVariablesToo(t *testing.T) {
	t.Parallel()
	gone := &target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"}
	h := newHouse(t, nil, func(o *call.Options) { o.Streams.Retries = 5 })
	u, _ := h.newBooth(gone, gone)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := do(x, "set", "STREAM_NO_RECONNECT", "true"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if ev := h.wait("rms:stream_disconnect"); ev.Get("again") != false {
		t.Errorf("event %v", ev.Fields)
	}
	u2, far := h.newBooth()
	if err := h.inScript(c, func(x *call.Exec) error {
		if _, err := do(x, "set", "STREAM_PLAYBACK", "false"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u2})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := far(0).ear().Audio(make([]int16, 8000), 8000); err != nil {
		t.Fatal(err)
	}
	h.run(200*time.Millisecond, e)
	if n := len(e.packets); n != 0 {
		t.Errorf("%d packets of audio that is not to be played", n)
	}
	h.bye(c)
}

// TestAudioSocketReadsEitherDialectUnlessOneIsAskedFor has the dialect of the
// configuration, which is upstream by default, and that of a stream.
func TestAudioSocketReadsEitherDialectUnlessOneIsAskedFor(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ config, stream, want string }{
		{"upstream", "", ""}, {"", "", ""}, {"fork", "", "fork"}, {"upstream", "upstream", "upstream"}, {"upstream", "fork", "fork"}, {"fork", "upstream", "upstream"},
	} {
		h := newHouse(t, nil, func(o *call.Options) { o.Streams.Dialect = c.config })
		u, far := h.newBooth()
		asked := map[string]any{"url": u}
		if c.stream != "" {
			asked["dialect"] = c.stream
		}
		h.runs(starts(asked))
		e := newEar(t)
		live := h.dial(e, e.offer("0"))
		if got := far(0).o.Dialect; got != c.want {
			t.Errorf("configured %q, asked for %q: %q, want %q", c.config, c.stream, got, c.want)
		}
		h.bye(live)
	}
}
