package phone

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/wav"
)

func call(t *testing.T, o Options) Result {
	t.Helper()
	r, err := Run(t.Context(), o, io.Discard)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestCallHearsMeasuresAndSaves(t *testing.T) {
	c := startCallee(t, nil)
	var b bytes.Buffer
	saved := filepath.Join(t.TempDir(), "heard.wav")
	r, err := Run(t.Context(), Options{To: c.uri(), For: 600 * time.Millisecond, Save: saved, Headers: []string{"X-Account: 42"}}, &b)
	if err != nil {
		t.Fatal(err)
	}
	if !r.Answered || !r.Rang || !r.Heard || r.Code != 200 || r.Codec != "PCMU/8000" || r.PtimeMs != 20 || r.EndedBy != "us" {
		t.Errorf("%+v", r)
	}
	if math.Abs(r.Frequency-440) > 3 || math.Abs(r.LevelDBFS+16) > 1 || r.HeardS < 0.3 || r.Received < 15 || r.Sent < 15 {
		t.Errorf("%.1f Hz %.1f dBFS %.2f s, %d received, %d sent", r.Frequency, r.LevelDBFS, r.HeardS, r.Received, r.Sent)
	}
	if c.count("ACK") != 1 || c.count("BYE") != 1 || field(c.text("INVITE"), "X-Account") != "42" {
		t.Errorf("ACK %d BYE %d\n%s", c.count("ACK"), c.count("BYE"), c.text("INVITE"))
	}
	raw, err := os.ReadFile(saved)
	if err != nil || math.Abs(float64(readable(t, raw))/8000-r.ListenedS) > 0.001 {
		t.Errorf("%d bytes saved, %v", len(raw), err)
	}
	for _, want := range []string{"INVITE sip:test@", "180 Whatever", "200 Whatever +SDP", " ACK ", " BYE ", "(BYE)", "audio: PCMU/8000, 20 ms"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("%q is missing in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err = r.Print(&b); err != nil || !strings.Contains(b.String(), "verdict   audio was heard") || !strings.Contains(b.String(), saved) {
		t.Errorf("%v\n%s", err, b.String())
	}
	if raw, err = json.Marshal(r); err != nil || !bytes.Contains(raw, []byte(`"heard":true`)) {
		t.Errorf("%v %s", err, raw)
	}
}

func TestMicIsHeardAtTheFarEndAndDigitsArePressed(t *testing.T) {
	c := startCallee(t, nil)
	name := filepath.Join(t.TempDir(), "mic.wav")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(file, media.Format{Rate: 16000, Channels: 1}, wav.PCM)
	if err == nil {
		err = w.WriteSamples(audiotest.Tone(16000, 1000, -10, 300*time.Millisecond))
	}
	if err != nil || w.Close() != nil || file.Close() != nil {
		t.Fatal(err)
	}
	r := call(t, Options{To: c.uri(), For: 500 * time.Millisecond, Mic: name, Digits: "1#"})
	c.mu.Lock()
	defer c.mu.Unlock()
	if freq, level := audiotest.Find(c.voice, 8000); math.Abs(freq-1000) > 20 || level < -20 {
		t.Errorf("the far end heard %.0f Hz at %.1f dBFS", freq, level)
	}
	if c.events < 6 || r.DigitsSent != "1#" {
		t.Errorf("%d telephone-event packets, sent %q, problem %q", c.events, r.DigitsSent, r.Problem)
	}
	if c.packets < 15 {
		t.Errorf("%d packets came: silence is sent too", c.packets)
	}
}

func TestRefusalIsExplained(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.refuse = 488 })
	r := call(t, Options{To: c.uri()})
	var b strings.Builder
	if err := r.Print(&b); err != nil {
		t.Fatal(err)
	}
	if r.Answered || r.Heard || r.Code != 488 || !strings.Contains(b.String(), "codec list") || !strings.Contains(b.String(), "305 far") {
		t.Errorf("%+v\n%s", r, b.String())
	}
	if c.count("ACK") != 1 {
		t.Errorf("%d ACKs", c.count("ACK"))
	}
}

func TestChallengeIsAnswered(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.challenge = true })
	r := call(t, Options{To: c.uri(), For: 200 * time.Millisecond, User: "u", Password: "p"})
	if !r.Answered || !strings.Contains(field(c.text("INVITE"), "Authorization"), `username="u"`) {
		t.Errorf("%+v\n%s", r, c.text("INVITE"))
	}
	if r = call(t, Options{To: c.uri()}); r.Answered || r.Code != 401 {
		t.Errorf("without a password: %+v", r)
	}
}

func TestUnansweredCallIsCancelled(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.ringOnly = true })
	r := call(t, Options{To: c.uri(), Ring: 150 * time.Millisecond})
	if r.Answered || !r.Rang || c.count("CANCEL") != 1 || !strings.Contains(r.Problem, "nobody answered") {
		t.Errorf("CANCEL %d, %+v", c.count("CANCEL"), r)
	}
}

func TestInterruptHangsUp(t *testing.T) {
	for _, ringing := range []bool{true, false} {
		c := startCallee(t, func(c *callee) { c.ringOnly = ringing })
		ctx, cancel := context.WithCancel(t.Context())
		go func() {
			for c.count("INVITE") == 0 || !ringing && c.count("ACK") == 0 {
				time.Sleep(5 * time.Millisecond)
			}
			cancel()
		}()
		r, err := Run(ctx, Options{To: c.uri(), For: time.Minute}, io.Discard)
		if err != nil || !r.Interrupted || c.count("BYE")+c.count("CANCEL") != 1 {
			t.Errorf("ringing %v: %v, BYE %d CANCEL %d", ringing, err, c.count("BYE"), c.count("CANCEL"))
		}
	}
}

func TestHangUpByTheFarEndEndsTheCall(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.after = "BYE" })
	r := call(t, Options{To: c.uri(), For: -1})
	if r.EndedBy != "the far end" || c.count("answer 200 BYE") != 1 || c.count("BYE") != 0 {
		t.Errorf("%+v", r)
	}
}

func TestHoldIsAnswered(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.after = "INVITE" })
	r := call(t, Options{To: c.uri(), For: 300 * time.Millisecond})
	if c.count("answer 200 INVITE") == 0 || !strings.Contains(c.text("answer 200 INVITE"), "a=recvonly") || !r.Heard {
		t.Errorf("%s\n%+v", c.text("answer 200 INVITE"), r)
	}
}

func TestCodecChangesInTheCall(t *testing.T) {
	for _, then := range []string{"8 101", "9 101"} {
		c := startCallee(t, func(c *callee) { c.after, c.then = "INVITE", then })
		r := call(t, Options{To: c.uri(), For: 300 * time.Millisecond})
		c.mu.Lock()
		if pt := then[0] - '0'; c.types[pt] < 5 || r.Problem != "" || !strings.Contains(c.last["answer 200 INVITE"], "RTP/AVP "+then[:1]+" ") {
			t.Errorf("PT %d: packets by type %v, %s, problem %q\n%s", pt, c.types, r.Codec, r.Problem, c.last["answer 200 INVITE"])
		}
		c.mu.Unlock()
	}
}

func TestEarlyMediaIsHeard(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.early = true })
	r := call(t, Options{To: c.uri(), For: 100 * time.Millisecond})
	if !r.Answered || !r.Heard || r.HeardS < r.Seconds+0.1 {
		t.Errorf("heard %.2f s in a call of %.2f s: %+v", r.HeardS, r.Seconds, r)
	}
}

func TestSilenceIsNotHeard(t *testing.T) {
	for name, manners := range map[string]func(*callee){
		"no RTP came":        func(c *callee) { c.quiet = true },
		"holds only silence": func(c *callee) { c.silence = true },
	} {
		c := startCallee(t, manners)
		r := call(t, Options{To: c.uri(), For: 250 * time.Millisecond})
		var b strings.Builder
		if err := r.Print(&b); err != nil || r.Heard || !r.Answered || !strings.Contains(b.String(), name) || !strings.Contains(b.String(), "NO AUDIO") {
			t.Errorf("%s: %v\n%s", name, err, b.String())
		}
	}
}

func TestClosedPortIsExplained(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := conn.LocalAddr().String()
	_ = conn.Close()
	for _, transport := range []string{"udp", "tcp"} {
		_, err = Run(t.Context(), Options{To: "sip:a@" + address, Transport: transport}, io.Discard)
		if err == nil || !strings.Contains(err.Error(), "nothing listens at "+address) {
			t.Errorf("%s: %v", transport, err)
		}
	}
}

func TestSilentServerIsExplained(t *testing.T) {
	conn, err := net.ListenPacket("udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	r := call(t, Options{To: "sip:a@" + conn.LocalAddr().String(), Ring: 100 * time.Millisecond})
	var b strings.Builder
	if err = r.Print(&b); err != nil || !r.Silent || !strings.Contains(b.String(), "nothing came back") || !strings.Contains(b.String(), "firewall") {
		t.Errorf("%v\n%s", err, b.String())
	}
}

func TestCodecIsOfferedAlone(t *testing.T) {
	c := startCallee(t, func(c *callee) { c.pt = "8 101" })
	r := call(t, Options{To: c.uri(), For: 100 * time.Millisecond, Codec: "PCMA"})
	if r.Codec != "PCMA/8000" || strings.Contains(c.text("INVITE"), "PCMU") {
		t.Errorf("codec %s\n%s", r.Codec, c.text("INVITE"))
	}
}
