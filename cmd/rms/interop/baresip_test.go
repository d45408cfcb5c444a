//go:build linux

package interop_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// phone is a baresip without a screen or a sound card: its microphone is a file, what
// it hears becomes a WAV.
type phone struct {
	*process
	dir string
}

// Its RTP sockets are on all addresses: their ports lie above the ephemeral ones and
// those of every server here. A jitter buffer would keep the last 100 ms of a prompt that ends with BYE.
const phoneConfig = `sip_listen %[1]s:5090
net_interface %[1]s
audio_source aufile,%[2]s/mic.wav
audio_path %[2]s
ausrc_srate %[3]d
rtp_ports 61000-65500
jitter_buffer_delay 0-0
module_path %[4]s
module g711.so
module g722.so
module l16.so
module aufile.so
module sndfile.so
module_app account.so
module_app menu.so
snd_path %[2]s
`

// dial starts baresip with one codec and calls a user behind Kamailio.
func dial(t *testing.T, user, codec string, rate int) *phone {
	t.Helper()
	need(t, "baresip", "sox")
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "mic.wav"), "10", "700", "-r", strconv.Itoa(rate), "-c", "1", "-b", "16")
	for name, text := range map[string]string{
		"config":   fmt.Sprintf(phoneConfig, baresipAddr, dir, rate, modules(t)),
		"accounts": fmt.Sprintf("<sip:phone@%s>;regint=0;audio_codecs=%s\n", baresipAddr, codec),
		"contacts": "",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return &phone{start(t, dir, "baresip", "-f", dir, "-t", "20", "-v", "-e", "/dial sip:"+user+"@"+kamailioAddr), dir}
}

// modules finds baresip's plug-ins, whose place differs between Debian's releases.
func modules(t *testing.T) string {
	t.Helper()
	for _, pattern := range []string{"/usr/lib/baresip/modules", "/usr/lib/*/baresip/modules"} {
		if found, err := filepath.Glob(pattern); err == nil && len(found) > 0 {
			return found[0]
		}
	}
	t.Fatal("baresip's modules are not where Debian puts them: is baresip-core installed whole?")
	return ""
}

// heard waits for the end of the call and reads what baresip decoded, by sox.
func (p *phone) heard(t *testing.T, rate int) []int16 {
	t.Helper()
	eventually(t, 30*time.Second, "baresip's call to end", func() bool { return p.says("session closed") || p.says("terminated (") })
	p.stop(t, 30*time.Second)
	files, err := filepath.Glob(filepath.Join(p.dir, "dump-*-dec.wav"))
	if err != nil || len(files) != 1 {
		t.Fatalf("baresip made the recordings %v, want one: %v", files, err)
	}
	out, err := exec.Command("sox", files[0], "-t", "raw", "-r", strconv.Itoa(rate), "-c", "1", "-e", "signed-integer", "-b", "16", "-").Output()
	if err != nil {
		t.Fatalf("sox %s: %v", files[0], err)
	}
	return samples(out)
}

var establishedCodec = regexp.MustCompile(`audio: Set audio decoder: (\S+ \d+Hz)`)

func TestBaresipThroughKamailioHearsThePrompt(t *testing.T) {
	need(t, "kamailio", "baresip", "sox")
	startServer(t, firstServer, playUser, soundRoot(t))
	k := startKamailio(t, "", firstServer)
	tests := []struct {
		codec, set, user string
		rate             int
	}{
		{"PCMU/8000/1", "PCMU 8000Hz", "stereo441k", 8000},
		{"PCMA/8000/1", "PCMA 8000Hz", "pcm48k", 8000},
		{"G722/16000/1", "G722 16000Hz", "pcm16k", 16000},
		{"L16/8000/1", "L16 8000Hz", "mulaw", 8000},
		{"L16/16000/1", "L16 16000Hz", "alaw", 16000},
	}
	for _, test := range tests {
		t.Run(strings.ReplaceAll(test.codec, "/", "-"), func(t *testing.T) {
			byes := k.byes()
			p := dial(t, test.user, test.codec, test.rate)
			pcm := p.heard(t, test.rate)
			if set := establishedCodec.FindStringSubmatch(p.output()); set == nil || set[1] != test.set {
				t.Errorf("baresip decoded %v, want %s", set, test.set)
			}
			wantTone(t, pcm, test.rate, 440, promptLength)
			if !soon(30*time.Second, func() bool { return k.byes() > byes }) {
				t.Error("no BYE came through Kamailio")
			}
		})
	}
}
