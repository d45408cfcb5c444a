package audiostream_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/wire/audiostream"
)

func lookup(m map[string]string) func(string) (string, bool) {
	return func(name string) (string, bool) { s, ok := m[name]; return s, ok }
}

func TestVariablesHaveTheirDefaults(t *testing.T) {
	t.Parallel()
	v, warnings := audiostream.ParseVariables(lookup(nil))
	if diff := cmp.Diff(audiostream.Variables{Buffer: 20 * time.Millisecond}, v); diff != "" || len(warnings) > 0 {
		t.Error(diff, warnings)
	}
}

func TestVariablesAreRead(t *testing.T) {
	t.Parallel()
	yes := true
	v, warnings := audiostream.ParseVariables(lookup(map[string]string{
		"STREAM_MESSAGE_DEFLATE": "false", "STREAM_HEART_BEAT": "30", "STREAM_SUPPRESS_LOG": "1", "STREAM_BUFFER_SIZE": "100",
		"STREAM_EXTRA_HEADERS": `{"X-B": "2", "Authorization": "Bearer zz", "X-A":"1"}`, "STREAM_NO_RECONNECT": "true",
		"STREAM_TLS_CA_FILE": "/etc/ca.pem", "STREAM_TLS_KEY_FILE": "/etc/k.pem", "STREAM_TLS_CERT_FILE": "/etc/c.pem",
		"STREAM_TLS_DISABLE_HOSTNAME_VALIDATION": "TRUE", "STREAM_PLAYBACK": "true", "STREAM_SAMPLE_RATE": "24000",
	}))
	want := audiostream.Variables{
		Deflate: true, HeartBeat: 30 * time.Second, SuppressLog: true, Buffer: 100 * time.Millisecond,
		Headers:     []audiostream.HeaderField{{Name: "X-B", Value: "2"}, {Name: "Authorization", Value: "Bearer zz"}, {Name: "X-A", Value: "1"}},
		NoReconnect: true, CAFile: "/etc/ca.pem", KeyFile: "/etc/k.pem", CertFile: "/etc/c.pem", SkipHostname: true, Playback: &yes, SampleRate: 24000,
	}
	if diff := cmp.Diff(want, v); diff != "" || len(warnings) > 0 {
		t.Error(diff, warnings)
	}
}

// TestVariableRules has one line for each way to write a variable: what becomes of
// it, and whether a warning comes with that.
func TestVariableRules(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	for _, c := range []struct {
		name, value string
		get         func(audiostream.Variables) any
		want        any
		warn        bool
	}{
		{"STREAM_MESSAGE_DEFLATE", "true", func(v audiostream.Variables) any { return v.Deflate }, false, false},
		{"STREAM_MESSAGE_DEFLATE", "0", func(v audiostream.Variables) any { return v.Deflate }, true, false},
		{"STREAM_MESSAGE_DEFLATE", "", func(v audiostream.Variables) any { return v.Deflate }, false, false},
		{"STREAM_MESSAGE_DEFLATE", "maybe", func(v audiostream.Variables) any { return v.Deflate }, false, false},
		{"STREAM_HEART_BEAT", "0", heart, time.Duration(0), false},
		{"STREAM_HEART_BEAT", "abc", heart, time.Duration(0), true},
		{"STREAM_HEART_BEAT", "-1", heart, time.Duration(0), true},
		{"STREAM_HEART_BEAT", "1.5", heart, time.Duration(0), true},
		{"STREAM_HEART_BEAT", "4000000000", heart, time.Duration(0), true},
		{"STREAM_HEART_BEAT", " 1 ", heart, time.Second, false},
		{"STREAM_BUFFER_SIZE", "50", buffer, 20 * ms, true}, // measured: frames of 20 ms
		{"STREAM_BUFFER_SIZE", "10", buffer, 20 * ms, true},
		{"STREAM_BUFFER_SIZE", "0", buffer, 20 * ms, true},
		{"STREAM_BUFFER_SIZE", "x", buffer, 20 * ms, true},
		{"STREAM_BUFFER_SIZE", "1000", buffer, 1000 * ms, false},
		{"STREAM_BUFFER_SIZE", "1020", buffer, 1000 * ms, true},
		{"STREAM_BUFFER_SIZE", "4294967280", buffer, 1000 * ms, true},
		{"STREAM_TLS_CA_FILE", "system", func(v audiostream.Variables) any { return v.CAFile }, "SYSTEM", false},
		{"STREAM_TLS_CA_FILE", "NONE", func(v audiostream.Variables) any { return v.CAFile }, "NONE", false},
		{"STREAM_TLS_CA_FILE", "a\x00b", func(v audiostream.Variables) any { return v.CAFile }, "", true},
		{"STREAM_TLS_KEY_FILE", "none", func(v audiostream.Variables) any { return v.KeyFile }, "", false},
		{"STREAM_SUPPRESS_LOG", "true", func(v audiostream.Variables) any { return v.SuppressLog }, true, false},
		{"STREAM_SUPPRESS_LOG", "no", func(v audiostream.Variables) any { return v.SuppressLog }, false, false},
		{"STREAM_PLAYBACK", "false", func(v audiostream.Variables) any { return *v.Playback }, false, false},
		{"STREAM_SAMPLE_RATE", "44100", func(v audiostream.Variables) any { return v.SampleRate }, 44100, false},
		{"STREAM_SAMPLE_RATE", "96000", func(v audiostream.Variables) any { return v.SampleRate }, 0, true},
	} {
		v, warnings := audiostream.ParseVariables(lookup(map[string]string{c.name: c.value}))
		if got := c.get(v); got != c.want || (len(warnings) > 0) != c.warn {
			t.Errorf("%s=%q: %v, want %v; warnings %q", c.name, c.value, got, c.want, warnings)
		}
	}
}

func heart(v audiostream.Variables) any  { return v.HeartBeat }
func buffer(v audiostream.Variables) any { return v.Buffer }

func TestExtraHeadersCannotBreakTheHandshake(t *testing.T) {
	t.Parallel()
	for value, want := range map[string]int{
		`{"A":"1","B":"2"}`: 2, `{"A":1}`: 0, `{"A":"1","B":{"C":"2"}}`: 1, `[]`: 0, `nonsense`: 0, `{"A":"1"`: 0,
		`{"A":"x\r\nHost: evil"}`: 0, `{"A\r\nB":"1"}`: 0, `{"A B":"1"}`: 0, `{"":"1"}`: 0, `{"A:":"1"}`: 0, `{"A":"\u0000"}`: 0,
		`{"Host":"x"}`: 0, `{"upgrade":"x"}`: 0, `{"Sec-WebSocket-Key":"x"}`: 0, `{"sec-websocket-extensions":"x"}`: 0, `{"Origin":"http://x"}`: 1,
		`{` + strings.Repeat(`"A":"1",`, 150) + `"B":"1"}`: 100,
		`{"A":"` + strings.Repeat("x", 70000) + `"}`:       0,
	} {
		v, warnings := audiostream.ParseVariables(lookup(map[string]string{"STREAM_EXTRA_HEADERS": value}))
		if len(v.Headers) != want {
			t.Errorf("%.60s: %d fields, want %d", value, len(v.Headers), want)
		}
		if whole := value == `{"A":"1","B":"2"}` || strings.Contains(value, "Origin"); whole != (len(warnings) == 0) {
			t.Errorf("%.60s: warnings %q", value, warnings)
		}
	}
}
