//go:build linux

package interop_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// The scripts under testdata/recording are for people with whole disks to spoil; their
// short forms here keep them from rotting. A busy machine gets more time than they give.

func TestAKilledServerLosesASecondAtMost(t *testing.T) {
	runRecordingScript(t, "kill9.sh", "--calls", "8", "--seconds", "4", "--lack", "3", "--repair", "10")
}

func TestAFullDiskEndsNoCallThatCanDoWithout(t *testing.T) {
	runRecordingScript(t, "disk-full.sh", "--calls", "8", "--seconds", "5", "--megabytes", "0.5", "--late", "50")
}

func TestAStalledDiskDelaysNeitherAudioNorHangUp(t *testing.T) {
	runRecordingScript(t, "stalled-disk.sh", "--calls", "8", "--before", "1", "--stall", "5", "--after", "1", "--hangups", "4", "--late", "50")
}

func TestDeliveriesOutliveAServerThatIsKilled(t *testing.T) {
	runRecordingScript(t, "restart-upload.sh", "--calls", "6", "--seconds", "1")
}

// skipStatus is what a script ends with that cannot run here: no root, no mounts.
const skipStatus = 77

func runRecordingScript(t *testing.T, name string, args ...string) {
	t.Helper()
	t.Parallel() // most of the time they wait
	need(t, "bash", "python3", "sox", "ffprobe")
	ctx, cancel := context.WithTimeout(context.Background(), 4*time.Minute)
	defer cancel()
	c := exec.CommandContext(ctx, filepath.Join(root, "testdata", "recording", name), args...)
	c.Env = append(os.Environ(), "RMS="+program, "TMPDIR="+t.TempDir())
	c.Cancel = func() error { return c.Process.Signal(syscall.SIGTERM) } // it cleans up
	c.WaitDelay = 10 * time.Second
	out, err := c.CombinedOutput()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended) && ended.ExitCode() == skipStatus:
		text := strings.TrimSpace(string(out))
		t.Skip(text[strings.LastIndexByte(text, '\n')+1:])
	case err != nil:
		t.Fatalf("%s %s: %v\n%s", name, strings.Join(args, " "), err, out)
	}
	t.Logf("%s", out)
}
