//go:build linux

package interop_test

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/media/record/ledger"
)

// TestAKilledServerLosesLessThanASecondOfACall kills the server in the middle of a call,
// has others open what there is, and starts the server again.
func TestAKilledServerLosesLessThanASecondOfACall(t *testing.T) {
	need(t, "kamailio", "sox", "ffprobe", "python3")
	folder, media := t.TempDir(), t.TempDir()
	writeChirps(t, filepath.Join(media, "pulses.wav"), 16000, 20)
	first := startServer(t, firstServer, recordAll, media, "--record-root", folder)
	startKamailio(t, "", firstServer)
	k := newTalker(t, roughNetwork)
	k.voice = rising
	k.call("sip:killed@"+kamailioAddr, "PCMA")
	k.until(5500 * time.Millisecond)
	first.signal(t, syscall.SIGKILL)
	killed := time.Now()
	<-first.done
	k.hush()

	file := filepath.Join(folder, "call.wav")
	told := sidecarOf(folder, "call.wav")
	if told == nil || told.State != ledger.Recording {
		t.Fatalf("the sidecar of a recording in progress: %+v", told)
	}
	should := killed.Sub(told.Started).Seconds()
	seconds := readable(t, file)
	t.Logf("killed after %.2f s, %.2f s can be played", should, seconds)
	if seconds < should-1 || seconds > should+0.1 {
		t.Errorf("%.2f s can be played of %.2f", seconds, should)
	}

	began := time.Now()
	second := startServer(t, firstServer, recordAll, media, "--record-root", folder)
	if !second.soonSays("recording was left open and is closed now") {
		t.Error("the log does not tell of the repair")
	}
	t.Logf("repaired %v after the start of the program", time.Since(began).Round(time.Millisecond))
	told = sidecarOf(folder, "call.wav")
	if told == nil || told.State != ledger.Repaired || told.DurationMS < int64(1000*(should-1)) || len(told.SHA256) != 64 {
		t.Fatalf("the sidecar after the repair: %+v", told)
	}
	for line := range strings.Lines(second.output()) {
		var said struct {
			Message, File string
			Duration      int64 `json:"duration_ms"`
		}
		if json.Unmarshal([]byte(line), &said) == nil && strings.Contains(said.Message, "is closed now") && (said.File != "call.wav" || said.Duration != told.DurationMS) {
			t.Errorf("the log says %+v, the sidecar %d ms", said, told.DurationMS)
		}
	}
	if after := readable(t, file); after < seconds {
		t.Errorf("%.2f s after the repair, %.2f before", after, seconds)
	}
	align(t, k, soxChannel(t, file, 1), soxChannel(t, file, 2), told).wantAligned(t, 3)
	verify(t, folder)
}
