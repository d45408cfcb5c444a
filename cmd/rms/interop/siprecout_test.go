//go:build linux

package interop_test

import (
	"fmt"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/sip/siprec"
)

// tape is SIPp as a recorder of SIPREC's, with a socket of ours for each stream.
type tape struct {
	*placed
	ears [2]*ear
	addr string
}

// startTape waits for a call of rms_siprec.
func startTape(t *testing.T, scenario, format string, more ...string) *tape {
	t.Helper()
	need(t, "sipp")
	dir := t.TempDir()
	port := 5080 + int(sippPort.Add(1))
	r := &tape{ears: [2]*ear{listen(t), listen(t)}, addr: fmt.Sprintf("%s:%d", sippAddr, port)}
	r.placed = &placed{caller: caller{scenario: scenario}, trace: filepath.Join(dir, "messages.log")}
	args := []string{
		"-sf", filepath.Join(root, "testdata/sipp", scenario+".xml"), "-i", sippAddr, "-p", strconv.Itoa(port), "-m", "1", "-nostdin",
		"-trace_msg", "-message_file", r.trace, "-trace_err", "-key", "ear_ip", earAddr, "-key", "formats", format,
		"-key", "ear_port", strconv.Itoa(r.ears[0].port), "-key", "ear2_port", strconv.Itoa(r.ears[1].port),
	}
	r.process = start(t, dir, "sipp", append(args, more...)...)
	return r
}

// siprecScript plays a tone and sends each call to a recorder.
func siprecScript(to, more string) string {
	return fmt.Sprintf(`
event_route["rms:start"] = function(call)
  rms_play{ file = "prompt.wav", loop = true }
  local ok, why = rms_siprec{ to = %q%s }
  xinfo("SIPREC asked " .. tostring(ok) .. " " .. tostring(why))
end
event_route["rms:siprec_start"] = function(call) xinfo("SIPREC start " .. call.codec .. " " .. tostring(call.relayed)) end
event_route["rms:siprec_stop"] = function(call) xinfo("SIPREC stop " .. call.by .. " " .. tostring(call.packets)) end
event_route["rms:siprec_error"] = function(call) xinfo("SIPREC error " .. tostring(call.code) .. " " .. call.error) end
`, to, more)
}

// wantSides fails unless the caller's tone is in the first stream alone and the
// prompt's in the second.
func (r *tape) wantSides(t *testing.T, pt uint8, format string) {
	t.Helper()
	for i, hz := range []float64{callerHz, promptHz} {
		pcm := decode(t, format, "8000", r.ears[i].stream(t, pt))
		wantTones(t, fmt.Sprintf("stream %d", i+1), middle(pcm, 8000), 8000, hz)
	}
}

func TestRecorderOfSIPpTakesBothSides(t *testing.T) {
	for _, test := range []struct{ name, codec, transport, format, ffmpeg string }{
		{"as they come", "PCMU", "", "0", "mulaw"},
		{"over UDP", "PCMA", ";transport=udp", "8", "alaw"},
		{"made anew", "L16", ";transport=udp", "8", "alaw"},
	} {
		t.Run(test.name, func(t *testing.T) {
			dir := t.TempDir()
			sound(t, filepath.Join(dir, "prompt.wav"), "5", fmt.Sprint(promptHz), "-r", "8000", "-c", "1", "-b", "16")
			r := startTape(t, "recorder", test.format)
			s := startServer(t, firstServer, siprecScript("sip:recorder@"+r.addr+test.transport, ""), dir)
			ring(t, s, "3s", "--codec", test.codec).over(t)
			list := r.end(t)
			pt, _ := strconv.Atoi(test.format)
			r.wantSides(t, uint8(pt), test.ffmpeg)
			invite := find(t, list, "INVITE ")
			_, body, _ := strings.Cut(invite.text, "\n\n")
			got, err := siprec.Parse(invite.header("Content-Type"), []byte(body))
			if err != nil || got.Metadata == nil {
				t.Fatalf("body: %v\n%s", err, invite)
			}
			for label, who := range map[string]string{"1": "sip:", "2": "sip:bot@"} {
				if p, ok := got.Metadata.Sender(label); !ok || !strings.HasPrefix(p.AOR(), who) {
					t.Errorf("stream %s is of %+v", label, p)
				}
			}
			if !s.soonSays("SIPREC stop us") || s.says("SIPREC error") {
				t.Errorf("events of the recording session are not as they should be")
			}
			for i, e := range r.ears {
				if !soon(30*time.Second, func() bool { e.mu.Lock(); defer e.mu.Unlock(); return e.reports > 0 }) {
					t.Errorf("stream %d: no RTCP", i+1)
				}
			}
		})
	}
}

func TestRecorderOfSIPpHearsOfHoldAndOfAnotherCodec(t *testing.T) {
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "prompt.wav"), "5", fmt.Sprint(promptHz), "-r", "8000", "-c", "1", "-b", "16")
	r := startTape(t, "recorder", "0")
	s := startServer(t, firstServer, siprecScript("sip:recorder@"+r.addr+";transport=udp", ""), dir)
	first, second := listen(t), listen(t)
	caller{
		scenario: "hold", user: "bot", via: firstServer, ear: first, formats: "0 8",
		keys: map[string]string{"other_port": strconv.Itoa(second.port), "other_formats": "8"},
	}.call(t)
	var states []string
	for _, m := range r.end(t) {
		if m.received && strings.HasPrefix(m.text, "INVITE ") {
			states = append(states, fmt.Sprintf("%d/%d", strings.Count(m.text, "a=sendonly"), strings.Count(m.text, "a=inactive")))
		}
	}
	if got := strings.Join(states, " "); !strings.HasPrefix(got, "2/0 1/1 2/0") || !strings.HasSuffix(got, "2/0") {
		t.Errorf("directions of the INVITEs: %s", got)
	}
	if !s.soonSays("SIPREC stop us") || s.says("SIPREC error") {
		t.Error("events of the recording session are not as they should be")
	}
	r.ears[1].settle(t)
	if n := len(r.ears[1].packets()); n < 50 {
		t.Errorf("%d packets of ours", n)
	}
}

func TestRecorderOfSIPpHangsUp(t *testing.T) {
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "prompt.wav"), "5", fmt.Sprint(promptHz), "-r", "8000", "-c", "1", "-b", "16")
	r := startTape(t, "recorder_bye", "0", "-d", "1500")
	s := startServer(t, firstServer, siprecScript("sip:recorder@"+r.addr+";transport=udp", ""), dir)
	call := ring(t, s, "4s", "--codec", "PCMU")
	r.end(t)
	r.wantSides(t, 0, "mulaw")
	call.over(t).undisturbed(t, 3500*time.Millisecond)
	if !s.soonSays("SIPREC stop recorder") || s.says("SIPREC error") {
		t.Error("events of the recording session are not as they should be")
	}
}

func TestRecorderThatIsDownDisturbsNoCall(t *testing.T) {
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "prompt.wav"), "5", fmt.Sprint(promptHz), "-r", "8000", "-c", "1", "-b", "16")
	s := startServer(t, firstServer, siprecScript("sip:recorder@127.77.2.99:5099", ", timeout = 1"), dir)
	ring(t, s, "3s", "--codec", "PCMU").over(t).undisturbed(t, 2500*time.Millisecond)
	if !s.soonSays("SIPREC error 408") && !s.says("SIPREC error 503") {
		t.Error("no event of the failure")
	}
}
