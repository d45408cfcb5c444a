//go:build linux

package interop_test

import (
	"encoding/json"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/media/record/ledger"
	"rms/sip/sdp"
)

// recordAll records a call from its first moment, and plays pulses.
const recordAll = `
event_route["rms:start"] = function(call)
  rms.record_start{file = "call.wav", sides = "stereo"}
  rms.play{file = "pulses.wav"}
end
`

// roughNetwork loses, delays and disorders packets, and the talker's clock runs slow.
var roughNetwork = network{seed: 5, skew: 150, loss: 0.05, jitter: 40 * time.Millisecond, late: 400 * time.Millisecond}

// step is something that happens in a call.
type step struct {
	at time.Duration
	do func(*talker)
}

// holdFor puts the server on hold and takes the call back after a while.
func holdFor(at, length time.Duration, codec string, way sdp.Direction) []step {
	return []step{
		{at, func(k *talker) {
			if !way.Sends() {
				k.mute()
			}
			k.change(codec, way)
		}},
		{at + length, func(k *talker) { k.change(codec, sdp.SendRecv) }},
	}
}

func toCodec(at time.Duration, codec string) step {
	return step{at, func(k *talker) { k.change(codec, sdp.SendRecv) }}
}

// TestACallWithEverythingIsRecordedInStep takes 25 s, or two minutes with RMS_LONG=1.
func TestACallWithEverythingIsRecordedInStep(t *testing.T) {
	need(t, "kamailio", "sox", "ffprobe", "python3")
	folder, media := t.TempDir(), t.TempDir()
	writeChirps(t, filepath.Join(media, "pulses.wav"), 16000, 130)
	s := startServer(t, firstServer, recordAll, media, "--record-root", folder, "--http", httpAddr)
	startKamailio(t, "", firstServer)

	var live liveRecording
	pause := func(verb string) func(*talker) {
		return func(*talker) {
			time.Sleep(time.Until(live.answered.Add(2 * time.Second))) // when what was before took its time
			live.verb(t, verb)
		}
	}
	steps, length := append(holdFor(5*time.Second, 3*time.Second, "PCMU", sdp.Inactive),
		step{11 * time.Second, func(*talker) { live.look(t) }}, toCodec(13*time.Second, "G722"),
		step{18 * time.Second, pause("record_pause")}, step{20 * time.Second, pause("record_resume")},
	), 25*time.Second
	codecs, holds := []string{"PCMU/8000", "G722/8000"}, 1
	if os.Getenv("RMS_LONG") != "" {
		steps, length = append(holdFor(12*time.Second, 8*time.Second, "PCMU", sdp.SendOnly), holdFor(32*time.Second, 20*time.Second, "PCMU", sdp.Inactive)...), 2*time.Minute
		steps = append(steps, step{60 * time.Second, func(*talker) { live.look(t) }}, toCodec(70*time.Second, "G722"), toCodec(85*time.Second, "L16"),
			toCodec(100*time.Second, "PCMA"), step{108 * time.Second, pause("record_pause")}, step{110 * time.Second, pause("record_resume")})
		codecs, holds = []string{"PCMU/8000", "G722/8000", "L16/16000", "PCMA/8000"}, 2
	}
	k := newTalker(t, roughNetwork)
	k.voice = rising
	k.call("sip:recorded@"+kamailioAddr, "PCMU")
	for _, s := range steps {
		k.until(s.at)
		s.do(k)
	}
	k.until(length)
	k.bye()
	lasted := time.Since(k.begin).Seconds()

	told := complete(t, folder, "call.wav")
	file := filepath.Join(folder, "call.wav")
	if seconds := readable(t, file); seconds < length.Seconds()-1 || seconds > lasted+1 {
		t.Errorf("the file has %.2f s of a call of %.2f s", seconds, lasted)
	}
	a := align(t, k, soxChannel(t, file, 1), soxChannel(t, file, 2), told)
	a.wantAligned(t, 10)
	_, behind, _ := bounds(a.caller)
	wantGaps(t, k, told, behind/1000)
	wantTold(t, told, codecs, holds)
	if paused := live.paused.Seconds() * 1000; len(told.Pauses) != 1 || told.Pauses[0].LengthMS < 1900 || told.Pauses[0].LengthMS > paused+300 || !told.Pauses[0].Masked {
		t.Errorf("pauses %+v, want one of at most %.0f ms", told.Pauses, paused)
	}
	if len(live.told.ID) == 0 || live.seconds < 9 {
		t.Errorf("while the call ran, %.2f s of recording %q were there", live.seconds, live.told.ID)
	}
	verify(t, folder)
	if s.says("panic") {
		t.Error("rms reports a panic")
	}
}

// wantTold checks what else the sidecar says.
func wantTold(t *testing.T, told *ledger.Sidecar, codecs []string, holds int) {
	t.Helper()
	if len(told.Sides) != 2 || told.Sides[0].Label != "caller" || told.Sides[1].Label != "callee" || told.Channels != 2 {
		t.Fatalf("sides of the sidecar: %+v", told.Sides)
	}
	for _, side := range told.Sides {
		t.Logf("%s: %v, %d packets, %d lost, %d late, %d sources, %.0f ppm", side.Label, side.Codecs, side.Packets, side.Lost, side.Late, len(side.SSRC), side.SkewPPM)
		for _, c := range codecs {
			if !slices.Contains(side.Codecs, c) {
				t.Errorf("%s: codecs %v, want %v", side.Label, side.Codecs, codecs)
			}
		}
	}
	if n := len(silentGaps(told, "callee", 2*time.Second)); n != holds {
		t.Errorf("%d gaps where the server was on hold, want %d: %+v", n, holds, silentGaps(told, "callee", 0))
	}
	if n := len(silentGaps(told, "caller", 2*time.Second)); n != 1 { // only who is inactive says nothing
		t.Errorf("the caller was silent %d times: %+v", n, silentGaps(told, "caller", 0))
	}
	if told.Reason != "hangup" || len(told.SHA256) != 64 || told.Call == "" || len(told.Parties) == 0 {
		t.Errorf("sidecar: reason %q, hash %q, call %q, parties %v", told.Reason, told.SHA256, told.Call, told.Parties)
	}
}

// liveRecording is what HTTP has of a recording while its call goes on.
type liveRecording struct {
	told struct {
		ID, Call, File, State string
	}
	seconds  float64
	asked    time.Time     // of the pause
	answered time.Time     // the newest
	paused   time.Duration // from the question for it to the answer to the resumption
}

// find asks which recording is being made.
func (l *liveRecording) find(t *testing.T) {
	t.Helper()
	if l.told.ID != "" {
		return
	}
	var list struct{ Recordings []json.RawMessage }
	if err := json.Unmarshal(fetch(t, "/v1/recordings?state=recording"), &list); err != nil || len(list.Recordings) != 1 {
		t.Fatalf("recordings in progress: %s, %v", list.Recordings, err)
	}
	if err := json.Unmarshal(list.Recordings[0], &l.told); err != nil {
		t.Fatal(err)
	}
}

// look fetches what there is and lets others read it.
func (l *liveRecording) look(t *testing.T) {
	t.Helper()
	l.find(t)
	file := filepath.Join(t.TempDir(), "so-far.wav")
	if err := os.WriteFile(file, fetch(t, "/v1/recordings/"+l.told.ID+"/audio"), 0o600); err != nil {
		t.Fatal(err)
	}
	l.seconds = readable(t, file)
}

// verb uses a verb on the call that is recorded.
func (l *liveRecording) verb(t *testing.T, name string) {
	t.Helper()
	l.find(t)
	if name == "record_pause" {
		l.asked = time.Now()
	}
	defer func() { l.answered, l.paused = time.Now(), time.Since(l.asked) }()
	r, err := http.Post("http://"+httpAddr+"/v1/calls/"+l.told.Call+"/"+name, "application/json", strings.NewReader("{}"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if text, _ := io.ReadAll(r.Body); r.StatusCode != http.StatusOK {
		t.Errorf("%s: %s %s", name, r.Status, text)
	}
}

func fetch(t *testing.T, path string) []byte {
	t.Helper()
	r, err := http.Get("http://" + httpAddr + path)
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	data, err := io.ReadAll(r.Body)
	if err != nil || r.StatusCode != http.StatusOK {
		t.Fatalf("GET %s: %s, %v", path, r.Status, err)
	}
	return data
}

// sidecarOf reads a sidecar, nil when there is none.
func sidecarOf(folder, file string) *ledger.Sidecar {
	data, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(ledger.SidecarName(file))))
	told := &ledger.Sidecar{}
	if err != nil || json.Unmarshal(data, told) != nil {
		return nil
	}
	return told
}

// complete waits until a recording is complete.
func complete(t *testing.T, folder, file string) (told *ledger.Sidecar) {
	t.Helper()
	eventually(t, 30*time.Second, "a complete recording", func() bool {
		told = sidecarOf(folder, file)
		return told != nil && told.State == ledger.Complete
	})
	return told
}

// readers print how many seconds of audio are in a file; each reads all of it.
var readers = map[string][]string{
	"sox":     {"sox", "FILE", "-t", "raw", "-e", "signed-integer", "-b", "16", "-"},
	"ffprobe": {"ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=duration", "-of", "csv=p=0", "FILE"},
	"python3": {"python3", "-c", "import sys,wave\nw=wave.open(sys.argv[1])\nb=w.readframes(w.getnframes())\nassert len(b)==w.getnframes()*4 and w.getnchannels()==2\nprint(w.getnframes()/w.getframerate())", "FILE"},
}

// readable has independent readers open a stereo file, and returns how many seconds all
// of them found.
func readable(t *testing.T, file string) float64 {
	t.Helper()
	found := map[string]float64{}
	for name, words := range readers {
		words = slices.Clone(words)
		words[slices.Index(words, "FILE")] = file
		var problem strings.Builder
		cmd := exec.Command(words[0], words[1:]...)
		cmd.Stderr = &problem
		out, err := cmd.Output()
		if err != nil || problem.Len() > 0 {
			t.Errorf("%s does not like %s: %v %s", name, filepath.Base(file), err, problem.String())
			continue
		}
		if name == "sox" {
			found[name] = float64(len(out)) / 4 / 8000
			continue
		}
		if found[name], err = strconv.ParseFloat(strings.TrimSpace(string(out)), 64); err != nil {
			t.Errorf("%s said %q", name, out)
		}
	}
	for name, seconds := range found {
		if d := seconds - found["sox"]; d < -0.001 || d > 0.001 {
			t.Errorf("%s found %.3f s, sox %.3f", name, seconds, found["sox"])
		}
	}
	return found["sox"]
}

// verify has rms compare a folder with its chain, and returns what it said.
func verify(t *testing.T, folder string) string {
	t.Helper()
	out, err := exec.Command(program, "verify", "--quiet", folder).CombinedOutput()
	if err != nil {
		t.Errorf("rms verify: %v\n%s", err, out)
	}
	return string(out)
}
