package audiostream_test

import (
	"encoding/json"
	"testing"

	"rms/media/wire/audiostream"
)

// TestEventBodiesAreTheMeasuredBytes compares with what both generations of the
// module sent on FreeSWITCH 1.10.12.
func TestEventBodiesAreTheMeasuredBytes(t *testing.T) {
	t.Parallel()
	refused := audiostream.Failure{Code: 6, Text: "Connection refused (system error 111)", URL: "ws://127.0.0.73:7799/refused"}
	forbidden := audiostream.Failure{
		Code: 6, Text: audiostream.TextUpgradeFailed, HTTPStatus: 403, StatusLine: "HTTP/1.1 403 Forbidden", URL: "ws://127.0.0.73:7788/403",
	}
	broken := audiostream.Failure{Code: 1, Text: audiostream.TextBroken, URL: "ws://h/"}
	late := audiostream.Failure{Code: 10, Text: audiostream.TextTimeout, URL: "ws://h/"}
	for _, c := range []struct{ name, got, want string }{
		{"connect", audiostream.ConnectBody(), `{"status":"connected"}`},
		{"disconnect", audiostream.DisconnectBody(1000, audiostream.CloseReason(1000)), `{"status":"disconnected","message":{"code":1000,"reason":"Normal closure"}}`},
		{"disconnect 4001", audiostream.DisconnectBody(4001, "bye now"), `{"status":"disconnected","message":{"code":4001,"reason":"bye now"}}`},
		{"disconnect 1006", audiostream.DisconnectBody(1006, audiostream.CloseReason(1006)), `{"status":"disconnected","message":{"code":1006,"reason":"Abnormal closure"}}`},
		{"refused g2", audiostream.ErrorBody(audiostream.G2, refused), `{"status":"error","message":{"code":6,"error":"Connection refused (system error 111)"}}`},
		{"refused best", audiostream.ErrorBody(audiostream.Best, refused), `{"status":"error","message":{"code":6,"error":"Connection refused (system error 111)"}}`},
		{
			"refused g1", audiostream.ErrorBody(audiostream.G1, refused),
			`{"status":"error","message":{"retries":1,"error":"Unable to connect to 127.0.0.73 on port 7799, error: Connect error: Connection refused","wait_time":100,"http_status":0}}`,
		},
		{"403 g2", audiostream.ErrorBody(audiostream.G2, forbidden), `{"status":"error","message":{"code":6,"error":"WebSocket upgrade failed"}}`},
		{"403 best", audiostream.ErrorBody(audiostream.Best, forbidden), `{"status":"error","message":{"code":6,"error":"WebSocket upgrade failed","http_status":403}}`},
		{
			"403 g1", audiostream.ErrorBody(audiostream.G1, forbidden),
			`{"status":"error","message":{"retries":1,"error":"Expecting status 101 (Switching Protocol), got 403 status connecting to ws://127.0.0.73:7788/403, HTTP Status line: HTTP/1.1 403 Forbidden\r\n","wait_time":100,"http_status":403}}`,
		},
		{"broken g2", audiostream.ErrorBody(audiostream.G2, broken), `{"status":"error","message":{"code":1,"error":"Connection closed without WebSocket CLOSE (abnormal EOF)"}}`},
		{"late g2", audiostream.ErrorBody(audiostream.G2, late), `{"status":"error","message":{"code":10,"error":"Timeout"}}`},
		{"late g1", audiostream.ErrorBody(audiostream.G1, late), `{"status":"error","message":{"retries":1,"error":"Timeout","wait_time":100,"http_status":0}}`},
		{
			"refused g1 without a port", audiostream.ErrorBody(audiostream.G1, audiostream.Failure{Code: 6, Text: "x", URL: "wss://[::1]/", Retries: 3}),
			`{"status":"error","message":{"retries":3,"error":"Unable to connect to ::1 on port 443, error: Connect error: x","wait_time":100,"http_status":0}}`,
		},
		{
			"play", audiostream.PlayBody(`{"audioDataType":"raw","sampleRate":8000}`, "${temp_dir}/<uuid>_0.tmp.r8"),
			`{"audioDataType":"raw","sampleRate":8000,"file":"${temp_dir}/<uuid>_0.tmp.r8"}`,
		},
		{"play of nothing else", audiostream.PlayBody("{}", "f"), `{"file":"f"}`},
		{"play of no body", audiostream.PlayBody("", "f"), `{"file":"f"}`},
		{"connect_failed", audiostream.ConnectFailedBody(`a "b"`), `{"reason":"a \"b\""}`},
		{"mark", audiostream.MarkBody("m", audiostream.MarkPlayed), `{"type":"mark","data":{"name":"m","event":"playout"}}`},
		{"mark cleared", audiostream.MarkBody("m", audiostream.MarkCleared), `{"type":"mark","data":{"name":"m","event":"cleared"}}`},
		{"playoutDone", audiostream.PlayoutDoneBody(), `{"type":"playoutDone"}`},
	} {
		if c.got != c.want {
			t.Errorf("%s:\n%s\nwant\n%s", c.name, c.got, c.want)
		}
	}
}

// TestPlayBodyOfTheCapture goes from the server's text to the event's body.
func TestPlayBodyOfTheCapture(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"VVVV"}}`: `{"audioDataType":"raw","sampleRate":8000,"file":"${temp_dir}/<uuid>_0.tmp.r8"}`,
		`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"VVVV"}}`:                   `{"audioDataType":"wav","file":"${temp_dir}/<uuid>_0.tmp.wav"}`,
		`{"type":"streamAudio","data":{"audioDataType":"pcmu","audioData":"VVVV"}}`:                  `{"audioDataType":"pcmu","file":"${temp_dir}/<uuid>_0.tmp.pcmu"}`,
	} {
		m := audiostream.ParseMessage([]byte(text), false)
		if got := audiostream.PlayBody(m.Body, "${temp_dir}/"+audiostream.FileName("<uuid>", 0, m.Type, m.Rate)); got != want {
			t.Errorf("%s\nwant\n%s", got, want)
		}
	}
}

func TestBodiesAreJSONWhateverTheReason(t *testing.T) {
	t.Parallel()
	reason := "a\"\\/\b\f\n\r\t\x00\x1f\x7f<>&\u2028ä\xffz"
	body := audiostream.DisconnectBody(1000, reason)
	var got struct{ Message struct{ Reason string } }
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	if want := "a\"\\/\b\f\n\r\t\x00\x1f\x7f<>&\u2028ä\ufffdz"; got.Message.Reason != want {
		t.Errorf("%q, want %q", got.Message.Reason, want)
	}
}

func TestCloseCodesOfServers(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]bool{
		0: false, 999: false, 1000: true, 1003: true, 1004: false, 1005: false, 1006: false, 1007: true, 1011: true, 1012: false,
		2999: false, 3000: true, 4999: true, 5000: false,
	} {
		if audiostream.ValidCloseCode(code) != want {
			t.Errorf("%d is %v", code, !want)
		}
	}
}

func TestCompatNames(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]audiostream.Compat{"": audiostream.Best, "best": audiostream.Best, "g1": audiostream.G1, "g2": audiostream.G2, "G3": ""} {
		if c, err := audiostream.ParseCompat(name); c != want || (err == nil) != (want != "") {
			t.Errorf("%q: %q, %v", name, c, err)
		}
	}
}
