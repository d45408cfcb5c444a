//go:build linux

package interop_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"rms/media/record/ledger"
)

// slowestSync syncs a file again and again; the function that it returns ends that and
// tells how long the disk took at most. What a recording can lose grows by it.
func slowestSync(t *testing.T, folder string) (stop func() time.Duration) {
	t.Helper()
	f, err := os.CreateTemp(folder, "sync-")
	if err != nil {
		t.Fatal(err)
	}
	quit, most := make(chan struct{}), make(chan time.Duration)
	go func() {
		defer os.Remove(f.Name())
		defer f.Close()
		slowest := time.Duration(0)
		for {
			from := time.Now()
			_, _ = f.WriteString("a word\n")
			_ = f.Sync()
			slowest = max(slowest, time.Since(from))
			select {
			case <-time.After(100 * time.Millisecond):
			case <-quit:
				most <- slowest
				return
			}
		}
	}()
	return func() time.Duration { close(quit); return <-most }
}

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
	slowest := slowestSync(t, media)
	k.until(6500 * time.Millisecond)
	lacks := 1 + 2*slowest().Seconds()
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
	t.Logf("killed after %.2f s, %.2f s can be played; the disk took %.2f s at most", should, seconds, (lacks-1)/2)
	if seconds < should-lacks || seconds > should+0.1 {
		t.Errorf("%.2f s can be played of %.2f", seconds, should)
	}

	began := time.Now()
	second := startServer(t, firstServer, recordAll, media, "--record-root", folder)
	if !second.soonSays("recording was left open and is closed now") {
		t.Error("the log does not tell of the repair")
	}
	t.Logf("repaired %v after the start of the program", time.Since(began).Round(time.Millisecond))
	told = sidecarOf(folder, "call.wav")
	if told == nil || told.State != ledger.Repaired || told.DurationMS < int64(1000*(should-lacks)) || len(told.SHA256) != 64 {
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
