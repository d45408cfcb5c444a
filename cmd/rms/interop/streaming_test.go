//go:build linux

package interop_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/media/audiotest"
)

// The caller's tone and the prompt's, far enough apart for every filter here. Both have
// whole periods in 20 ms: a packet that is missing moves no phase.
const (
	callerHz = 700.0
	promptHz = 450.0
)

// streamRoutes logs every moment of a stream as "STREAM what|name|code|text", and runs
// what a server of text messages asks for: "do stop the last words".
const streamRoutes = `
local function note(what, call, text)
  xinfo("STREAM " .. what .. "|" .. tostring(call.name) .. "|" .. tostring(call.code) .. "|" .. tostring(text))
end
event_route["rms:stream_connect"] = function(call) note("connect", call, call.body) end
event_route["rms:stream_disconnect"] = function(call) note("disconnect", call, tostring(call.by) .. " " .. call.body) end
event_route["rms:stream_error"] = function(call) note("error", call, call.body) end
event_route["rms:stream_play"] = function(call) note("play", call, call.body) end
event_route["rms:stream_mark"] = function(call) note("mark", call, call.mark .. " " .. call.state .. " " .. tostring(call.played_ms)) end
event_route["rms:stream_drop"] = function(call) note("drop", call, tostring(call.dropped_ms)) end
event_route["over"] = function(call) end
event_route["rms:stream_json"] = function(call)
  note("json", call, call.text)
  local verb, rest = string.match(call.text, "^do (%a+) ?(.*)$")
  local ok, why = true, nil
  if verb == "stop" then
    ok, why = rms_stream_stop{ name = call.name, text = rest }
  elseif verb == "pause" then
    ok, why = rms_stream_pause{ name = call.name }
  elseif verb == "resume" then
    ok, why = rms_stream_resume{ name = call.name }
  elseif verb == "say" then
    ok, why = rms_stream_send_text{ name = call.name, text = rest }
  elseif verb == "mark" then
    ok, why = rms_stream_mark{ name = call.name, mark = rest }
  elseif verb == "clear" then
    ok, why = rms_stream_clear{ name = call.name }
  elseif verb == "hangup" then
    ok, why = rms_hangup()
  end
  if not ok then
    note("refused", call, tostring(why))
  end
end
`

// streams is a script whose calls start streams, each a list of parameters as in
// rms_stream_start{...}; before runs first, for rms_set and rms_play.
func streams(before string, starts ...string) string {
	var b strings.Builder
	b.WriteString(streamRoutes)
	b.WriteString("event_route[\"rms:start\"] = function(call)\n" + before + "\n")
	for _, s := range starts {
		fmt.Fprintf(&b, "  ok, why = rms_stream_start{ %s }\n  xinfo(\"STREAM start||\" .. tostring(ok) .. \"|\" .. tostring(why))\n", s)
	}
	b.WriteString("end\n")
	return strings.Replace(b.String(), "  ok, why", "  local ok, why", 1)
}

// moment is one event of a stream, as the script saw it.
type moment struct{ what, name, code, text string }

// moments returns the events of one kind so far; the log is JSON.
func (s *server) moments(what string) []moment {
	var out []moment
	for line := range strings.Lines(s.output()) {
		var entry struct {
			Message string `json:"message"`
		}
		if json.Unmarshal([]byte(line), &entry) != nil {
			continue
		}
		text, ok := strings.CutPrefix(entry.Message, "STREAM ")
		f := strings.SplitN(text, "|", 4)
		if ok && len(f) == 4 && f[0] == what {
			out = append(out, moment{f[0], f[1], f[2], f[3]})
		}
	}
	return out
}

// moment waits for the n-th event of one kind.
func (s *server) moment(t *testing.T, n int, what string) moment {
	t.Helper()
	var found []moment
	if !soon(30*time.Second, func() bool { found = s.moments(what); return len(found) >= n }) {
		t.Fatalf("waited for %s number %d of a stream; of it came %v, errors %v", what, n, found, s.moments("error"))
	}
	return found[n-1]
}

// talk is a call by our own softphone, that speaks callerHz.
type talk struct {
	*process
	saved string
}

// ring calls a server straight and talks for so long, -1s: until the far end hangs up.
func ring(t *testing.T, s *server, length string, flags ...string) *talk {
	t.Helper()
	return ringUser(t, s, "bot", length, flags...)
}

func ringUser(t *testing.T, s *server, user, length string, flags ...string) *talk {
	t.Helper()
	dir := t.TempDir()
	mic, saved := filepath.Join(dir, "mic.wav"), filepath.Join(dir, "heard.wav")
	sound(t, mic, "30", strconv.FormatFloat(callerHz, 'f', -1, 64), "-r", "16000", "-c", "1", "-b", "16")
	args := []string{"call", "sip:" + user + "@" + s.addr, "--mic", mic, "--save", saved, "--for", length, "--json"}
	return &talk{start(t, dir, program, append(args, flags...)...), saved}
}

// outcome is what the softphone says about a call.
type outcome struct {
	Answered bool    `json:"answered"`
	EndedBy  string  `json:"ended_by"`
	Seconds  float64 `json:"seconds"`
	Received int     `json:"packets_received"`
	Lost     int     `json:"packets_lost"`
	Late     int     `json:"packets_late"`
	Hz       float64 `json:"dominant_hz"`
	HeardS   float64 `json:"heard_seconds"`
}

// over waits for the end of the call. Its exit status is an error when nothing was
// heard, which is no error here.
func (c *talk) over(t *testing.T) outcome {
	t.Helper()
	if !c.wait(45 * time.Second) {
		t.Fatal("the softphone's call does not end")
	}
	var o outcome
	text := c.output()
	if at := strings.Index(text, "{"); at < 0 || json.NewDecoder(strings.NewReader(text[at:])).Decode(&o) != nil || !o.Answered {
		t.Fatalf("the softphone's call failed: %v\n%s", c.err, text)
	}
	return o
}

// heard is what the softphone heard, by sox.
func (c *talk) heard(t *testing.T, rate int) []int16 {
	t.Helper()
	out, err := exec.Command("sox", c.saved, "-t", "raw", "-r", strconv.Itoa(rate), "-c", "1", "-e", "signed-integer", "-b", "16", "-").Output()
	if err != nil {
		t.Fatalf("sox %s: %v", c.saved, err)
	}
	return samples(out)
}

// side takes one channel of two.
func side(pcm []int16, n int) []int16 {
	out := make([]int16, 0, len(pcm)/2)
	for i := n; i < len(pcm); i += 2 {
		out = append(out, pcm[i])
	}
	return out
}

// middle leaves out the first and the last 300 ms: prompts and phones do not start at
// the same time.
func middle(pcm []int16, rate int) []int16 {
	edge := rate * 3 / 10
	if len(pcm) < 3*edge {
		return nil
	}
	return pcm[edge : len(pcm)-edge]
}

// wantTones checks that a stretch of audio has some tones, at -6 dBFS as both sides
// send them, and is 45 dB away from having others.
func wantTones(t *testing.T, what string, pcm []int16, rate int, wanted ...float64) {
	t.Helper()
	if len(pcm) < rate/2 {
		t.Errorf("%s: only %d samples of audio came", what, len(pcm))
		return
	}
	for _, hz := range []float64{callerHz, promptHz} {
		level := audiotest.LevelAt(pcm, rate, hz)
		if slices.Contains(wanted, hz) {
			if math.Abs(level+6) > 1.5 {
				t.Errorf("%s: %.0f Hz is at %.1f dBFS, want -6", what, hz, level)
			}
		} else if level > -45 {
			t.Errorf("%s: %.0f Hz of the other side is at %.1f dBFS", what, hz, level)
		}
	}
}

// undisturbed checks that a call went on as if nothing had happened. A machine that is
// busy makes single packets late; what waits in the server makes it all of them.
func (o outcome) undisturbed(t *testing.T, least time.Duration) {
	t.Helper()
	if o.Lost+o.Late > o.Received/10 || o.Seconds < least.Seconds() || o.Received < int(least/packetTime)*3/4 {
		t.Errorf("the call was disturbed: %+v", o)
	}
}

// wantFrames checks sizes and number of frames: all of one size, but for the last when
// it held less, and as many as the time has. That they come one by one can only be seen
// where the peer has the processor when it wants it.
func wantFrames(t *testing.T, what string, s sighting, size int, length time.Duration) {
	t.Helper()
	short := s.Frames - s.Sizes[strconv.Itoa(size)]
	if short > 1 || s.Bytes > s.Frames*size {
		t.Errorf("%s: frame sizes %v, want %d bytes", what, s.Sizes, size)
	}
	want := float64(s.lasted()) / float64(length)
	if d := float64(s.Frames) - want; d < -5-want/4 || d > 10+want/2 { // a peer that starts late gets much at once
		t.Errorf("%s: %d frames in %v, want %.0f", what, s.Frames, s.lasted(), want)
	} else if math.Abs(d) > 4 {
		t.Logf("%s: %d frames in %v, not %.0f: a busy machine", what, s.Frames, s.lasted(), want)
		return
	}
	if p50, ms := s.Gaps["p50"], float64(length.Milliseconds()); math.Abs(p50-ms) > 5 && s.Late < 5 {
		t.Errorf("%s: half of the gaps between frames are over %.1f ms, want %.0f; timers of the peer are %.1f ms late", what, p50, ms, s.Late)
	}
}
