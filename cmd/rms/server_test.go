package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/cmd/rms/phone"
	"rms/media/audiotest"
	"rms/media/wav"
	"rms/sip"
	"rms/testdata"
)

// served is "rms serve" in this process.
type served struct {
	t      *testing.T
	out    output
	log    output
	addr   string
	signal context.CancelFunc // the first SIGTERM
	code   chan int
}

// serve starts a server on free ports of loopback and waits until it greets.
func serve(t *testing.T, args ...string) *served {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := &served{t: t, signal: cancel, code: make(chan int, 1)}
	args = append([]string{"serve", "--listen", "udp://127.0.0.1:0", "--rtp-ports", "21000-21999", "--media-root", "", "--log.format", "json", "--http", "", "--http.socket", ""}, args...)
	go func() { s.code <- run(ctx, args, &s.out, &s.log) }()
	s.shows("try ")
	_, rest, _ := strings.Cut(s.out.String(), "sip:welcome@")
	s.addr, _, _ = strings.Cut(rest, "\n")
	t.Cleanup(cancel)
	return s
}

// shows waits until the server prints a text.
func (s *served) shows(text string) {
	s.t.Helper()
	for range 3000 {
		if strings.Contains(s.out.String(), text) {
			return
		}
		select {
		case code := <-s.code:
			s.t.Fatalf("ended with %d: %s%s", code, s.out.String(), s.log.String())
		case <-time.After(10 * time.Millisecond):
		}
	}
	s.t.Fatalf("never printed %q: %s%s", text, s.out.String(), s.log.String())
}

// ends waits for the exit code.
func (s *served) ends(want int) {
	s.t.Helper()
	select {
	case code := <-s.code:
		if code != want {
			s.t.Errorf("exit code %d, want %d: %s", code, want, s.log.String())
		}
	case <-time.After(30 * time.Second):
		s.t.Fatalf("does not end: %s", s.out.String())
	}
}

func TestDemoSavesThePrompt(t *testing.T) {
	saved := filepath.Join(t.TempDir(), "demo.wav")
	code, out, errs := rms(t, "demo", "--save", saved)
	if code != exitOK {
		t.Fatalf("exit code %d: %s%s", code, out, errs)
	}
	for _, want := range []string{"INVITE", "200 OK", "BYE", "PCMU/8000", "audio was heard", saved} {
		if !strings.Contains(out, want) {
			t.Errorf("%q is not in the output", want)
		}
	}
	prompt, err := testdata.Prompts().Open("welcome.wav")
	if err != nil {
		t.Fatal(err)
	}
	heardFile, err := os.Open(saved)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = heardFile.Close() }()
	want, heard := samples(t, prompt), samples(t, heardFile)
	for _, hz := range []float64{659.3, 784, 1046.5} { // the chimes
		a, b := audiotest.LevelAt(heard, 8000, hz), audiotest.LevelAt(want, 8000, hz)
		if b < -30 || math.Abs(a-b) > 3 {
			t.Errorf("%.1f Hz at %.1f dB, in the prompt at %.1f dB", hz, a, b)
		}
	}
	if a, b := sounding(heard), sounding(want); math.Abs(a-b) > 0.1 {
		t.Errorf("heard %.2f s of sound, the prompt has %.2f s", a, b)
	}
}

// samples reads a whole WAV file of 8 kHz.
func samples(t *testing.T, r io.Reader) []int16 {
	t.Helper()
	f, err := wav.Open(r, -1)
	if err != nil || f.Info().Format.Rate != 8000 {
		t.Fatal(err, f)
	}
	var out []int16
	buf := make([]int16, 4096)
	for {
		n, err := f.ReadSamples(buf)
		out = append(out, buf[:n]...)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// sounding is how many seconds, from the first sample that is loud to the last.
func sounding(pcm []int16) float64 {
	first, last := -1, 0
	for i, s := range pcm {
		if s > 1000 || s < -1000 {
			if last = i; first < 0 {
				first = i
			}
		}
	}
	return float64(last-first) / 8000
}

func TestServerGreetsServesAndStopsOnASignal(t *testing.T) {
	t.Setenv("RMS_LOG_LEVEL", "info")
	s := serve(t)
	res, err := phone.Run(t.Context(), phone.Options{To: "sip:tone@" + s.addr, For: 1500 * time.Millisecond}, io.Discard)
	if err != nil || !res.Heard || math.Abs(res.Frequency-440) > 3 {
		t.Errorf("%+v, %v", res, err)
	}
	code, out, errs := rms(t, "call", "--options", "sip:"+s.addr)
	if code != exitOK || !strings.Contains(out, "200") {
		t.Errorf("exit code %d: %s%s", code, out, errs)
	}
	s.signal()
	s.ends(exitOK)
	if !strings.HasSuffix(s.out.String(), "stopped\n") {
		t.Error(s.out.String())
	}
	for _, want := range []string{`"message":"server started"`, `"message":"call came in"`, `"message":"call ended"`} {
		if !strings.Contains(s.log.String(), want) {
			t.Errorf("%s is not in the log", want)
		}
	}
}

func TestSecondSignalHangsUp(t *testing.T) {
	s := serve(t)
	type ended struct {
		res phone.Result
		err error
	}
	done := make(chan ended, 1)
	go func() {
		res, err := phone.Run(t.Context(), phone.Options{To: "sip:loop@" + s.addr, For: 20 * time.Second}, io.Discard)
		done <- ended{res, err}
	}()
	s.logs(`"message":"call answered"`)
	s.signal()
	s.shows("draining: 1 calls in progress")
	res, err := phone.Run(t.Context(), phone.Options{To: "sip:welcome@" + s.addr, For: time.Second}, io.Discard)
	if err != nil || res.Code != 503 {
		t.Errorf("a new call got %d, %v", res.Code, err)
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	s.ends(exitOK)
	if e := <-done; e.err != nil || e.res.EndedBy != "the far end" {
		t.Errorf("%+v, %v", e.res, e.err)
	}
}

// logs waits until the server logs a text.
func (s *served) logs(text string) {
	s.t.Helper()
	for range 3000 {
		if strings.Contains(s.log.String(), text) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	s.t.Fatalf("%q is never logged: %s", text, s.log.String())
}

func TestServerRefusesAScriptWithMistakes(t *testing.T) {
	t.Parallel()
	script := file(t, "ivr.lua", "event_route[\"rms:start\"] = function(call)\n  rms_play(\"a.wav\", \"rms:nowhere\")\n  rms_sing()\nend\n")
	code, out, errs := rms(t, "serve", "--listen", "udp://127.0.0.1:0", "--script", script)
	if code != exitUsage || out != "" {
		t.Errorf("exit code %d, %q", code, out)
	}
	for _, want := range []string{script + ":2:", "rms:nowhere", script + ":3:", "rms_sing"} {
		if !strings.Contains(errs, want) {
			t.Errorf("%q is not in %q", want, errs)
		}
	}
}

func TestPortInUseIsSaid(t *testing.T) {
	s := serve(t)
	code, _, errs := rms(t, "serve", "--listen", "udp://"+s.addr)
	if code != exitError || !strings.Contains(errs, s.addr) || !strings.Contains(errs, "sip.listen") {
		t.Errorf("exit code %d, %q", code, errs)
	}
	s.signal()
	s.ends(exitOK)
}

// traceScript traces calls to "traced".
const traceScript = `event_route["rms:invite"] = function(call)
  if call.user == "traced" then rms.trace{on = true} end
end
event_route["rms:start"] = function(call)
  rms.play{file = "tone:440", loop = true}
end
`

func TestTraceOfOneCall(t *testing.T) {
	s := serve(t, "--script", file(t, "t.lua", traceScript), "--log-level", "error", "--log.mask_digits")
	for _, user := range []string{"other", "traced"} {
		o := phone.Options{To: "sip:" + user + "@" + s.addr, For: time.Second}
		if res, err := phone.Run(t.Context(), o, io.Discard); err != nil || !res.Heard {
			t.Fatalf("%+v, %v", res, err)
		}
	}
	s.logs("200 OK")
	s.signal()
	s.ends(exitOK)
	lines := messages(t, s.log.String())
	var firsts []string
	for _, l := range lines {
		firsts = append(firsts, l.First)
		if !strings.Contains(l.Text, "traced") || l.Call == "" || l.SIPCallID == "" || l.Remote == "" {
			t.Errorf("line %+v", l)
		}
	}
	if got := strings.Join(firsts, ", "); !strings.Contains(got, "ACK ") || !strings.Contains(got, "BYE ") || !strings.Contains(got, "SIP/2.0 200 OK") {
		t.Errorf("traced %s", got)
	}
}

func TestTraceOfAllCalls(t *testing.T) {
	s := serve(t, "--log-level", "trace")
	if res, err := phone.Run(t.Context(), phone.Options{To: "sip:tone@" + s.addr, For: time.Second}, io.Discard); err != nil || !res.Heard {
		t.Fatalf("%+v, %v", res, err)
	}
	s.signal()
	s.ends(exitOK)
	lines := messages(t, s.log.String())
	if len(lines) < 6 || !strings.HasPrefix(lines[0].First, "INVITE ") || !strings.Contains(lines[0].Text, "\r\n\r\nv=0\r\n") {
		t.Errorf("%d messages: %+v", len(lines), lines)
	}
}

// message is one SIP message in the log.
type message struct {
	Call      string `json:"call_id"`
	SIPCallID string `json:"sip_call_id"`
	Remote    string
	First     string
	Text      string
	Message   string
}

// messages picks the SIP messages out of a log; each line must be a JSON object.
func messages(t *testing.T, log string) []message {
	t.Helper()
	var out []message
	for _, line := range strings.Split(strings.TrimSpace(log), "\n") {
		var m message
		if err := json.Unmarshal([]byte(line), &m); err != nil {
			t.Errorf("line %q: %v", line, err)
		}
		if strings.HasPrefix(m.Message, "sip message ") {
			out = append(out, m)
		}
	}
	return out
}

func TestKeysAreMaskedInTraces(t *testing.T) {
	t.Parallel()
	info := "INFO sip:a@b SIP/2.0\r\nContent-Type: Application/DTMF-Relay\r\n\r\nSignal=7\r\n"
	if got := maskKeys(info); strings.Contains(got, "7") || !strings.HasPrefix(got, "INFO ") {
		t.Errorf("%q", got)
	}
	for _, other := range []string{"INVITE sip:a@b SIP/2.0\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n", "BYE sip:a@b SIP/2.0\r\n\r\n", ""} {
		if got := maskKeys(other); got != other {
			t.Errorf("%q became %q", other, got)
		}
	}
}

func TestAddressToDialOfAListener(t *testing.T) {
	t.Parallel()
	for listener, want := range map[string]string{
		"0.0.0.0:5060": "127.0.0.1:5060", "[::]:5060": "[::1]:5060", "192.0.2.1:5070": "192.0.2.1:5070", "[2001:db8::1]:5060": "[2001:db8::1]:5060",
	} {
		if got := dialAddr(sip.Listener{Transport: "udp", Addr: netip.MustParseAddrPort(listener)}); got != want {
			t.Errorf("%s is dialled as %s, want %s", listener, got, want)
		}
	}
}

func TestCallsAreBoundedByPorts(t *testing.T) {
	s := serve(t, "--rtp-ports", "22000-22009")
	s.shows("at most 5 calls")
	var b bytes.Buffer
	fmt.Fprint(&b, s.log.String())
	if !strings.Contains(b.String(), "calls bounded by rtp.ports") {
		t.Error(b.String())
	}
	s.signal()
	s.ends(exitOK)
}
