//go:build linux

package interop_test

import (
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

func TestOurSoftphoneCallsThroughKamailio(t *testing.T) {
	need(t, "kamailio", "sox", "ffmpeg")
	startServer(t, firstServer, playUser, soundRoot(t))
	startKamailio(t, "", firstServer)
	for _, codec := range []string{"PCMA", "G722"} {
		saved := filepath.Join(t.TempDir(), codec+".wav")
		p := start(t, t.TempDir(), program, "call", "sip:pcm16k@"+kamailioAddr, "--codec", codec, "--for", "-1s", "--save", saved)
		if !p.wait(40*time.Second) || p.err != nil {
			t.Fatalf("rms call: %v\n%s", p.err, p.output())
		}
		out, err := exec.Command("sox", saved, "-t", "raw", "-r", "16000", "-c", "1", "-e", "signed-integer", "-b", "16", "-").Output()
		if err != nil {
			t.Fatalf("sox %s: %v", saved, err)
		}
		wantToneOf(t, samples(out), 16000, 440, promptLength, 200*time.Millisecond)
	}
}

func TestHealthCheckOfTheImageAsksForOptions(t *testing.T) {
	s := startServer(t, firstServer, playUser, t.TempDir())
	if out, err := exec.Command(program, "call", "--options", "sip:"+s.addr).CombinedOutput(); err != nil {
		t.Errorf("rms call --options to a live server: %v\n%s", err, out)
	}
	s.stop(t, 30*time.Second)
	if out, err := exec.Command(program, "call", "--options", "sip:"+s.addr).CombinedOutput(); err == nil {
		t.Errorf("rms call --options to a dead server: no error\n%s", out)
	}
}
