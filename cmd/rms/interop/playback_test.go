//go:build linux

package interop_test

import (
	"fmt"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"rms/media/audiotest"
)

// wantSequence checks that tones were heard one after the other, each for its time: in
// pieces of 40 ms, a few of which a busy machine spoils or moves.
func wantSequence(t *testing.T, pcm []int16, rate int, each time.Duration, tones []float64) {
	t.Helper()
	const piece = 40 * time.Millisecond
	count, place := make([]int, len(tones)), make([]int, len(tones))
	window := int(piece.Seconds() * float64(rate))
	for at := 0; at+window <= len(pcm); at += window {
		hz, level := audiotest.Find(pcm[at:at+window], rate)
		i := slices.IndexFunc(tones, func(want float64) bool { return math.Abs(hz-want) < 40 })
		if i >= 0 && level > -9 && level < -3 {
			count[i]++
			place[i] += at
		}
	}
	want, last := int(each/piece), 0
	for i, n := range count {
		if n < want*7/10 || n > want*6/5 {
			t.Errorf("tone %d: %d pieces of %.0f Hz were heard, want %d", i, n, tones[i], want)
			continue
		}
		if place[i]/n < last {
			t.Errorf("tone %d (%.0f Hz) was heard before the one before it", i, tones[i])
		}
		last = place[i] / n
	}
}

// encode lets ffmpeg turn a WAV into another file.
func encode(t *testing.T, from, to string, args ...string) {
	t.Helper()
	need(t, "ffmpeg")
	list := append([]string{"-hide_banner", "-loglevel", "error", "-i", from}, append(args, to)...)
	if out, err := exec.Command("ffmpeg", list...).CombinedOutput(); err != nil {
		t.Fatalf("ffmpeg %v: %v: %s", list, err, out)
	}
}

func TestEveryKindOfStreamAudioIsHeardByTheCaller(t *testing.T) {
	needPeers(t)
	dir := t.TempDir()
	kinds := []struct {
		kind string
		rate int
		hz   float64
		file string
		args []string
	}{
		{"raw", 8000, 500, "a.raw", []string{"-f", "s16le", "-ar", "8000"}},
		{"raw", 16000, 600, "b.raw", []string{"-f", "s16le", "-ar", "16000"}},
		{"raw", 48000, 800, "c.raw", []string{"-f", "s16le", "-ar", "48000"}},
		{"wav", 0, 900, "d.wav", []string{"-ar", "44100", "-af", "pan=stereo|c0=c0|c1=c0"}},
		{"pcmu", 8000, 1000, "e.ul", []string{"-f", "mulaw", "-ar", "8000"}},
		{"pcma", 8000, 1100, "f.al", []string{"-f", "alaw", "-ar", "8000"}},
		{"mp3", 0, 1200, "g.mp3", []string{"-ar", "44100"}},
		{"ogg", 0, 1300, "h.ogg", []string{"-c:a", "libopus"}},
		{"ogg", 0, 1400, "i.ogg", []string{"-c:a", "libvorbis", "-ar", "22050"}},
	}
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot"`, p.url("/"))), dir)
	var tones []float64
	for i, k := range kinds {
		source := filepath.Join(dir, fmt.Sprintf("source%d.wav", i))
		sound(t, source, "1", fmt.Sprint(k.hz), "-r", "48000", "-c", "1", "-b", "16")
		encode(t, source, filepath.Join(dir, k.file), k.args...)
		tones = append(tones, k.hz)
	}
	c := ring(t, s, "-1s", "--codec", "PCMU")
	p.see(1, "open", nil)
	for i, k := range kinds {
		command := map[string]any{"do": "streamAudio", "type": k.kind, "file": filepath.Join(dir, k.file), "more": map[string]any{"turn": i}}
		if k.rate != 0 {
			command["rate"] = k.rate
		}
		p.do(command)
		m := s.moment(t, i+1, "play")
		if !strings.Contains(m.text, `"audioDataType":"`+k.kind+`"`) || !strings.Contains(m.text, fmt.Sprintf(`"turn":%d`, i)) || strings.Contains(m.text, "audioData\"") {
			t.Errorf("play event %d: %s", i, m.text)
		}
		if !strings.Contains(m.text, fmt.Sprintf("_%d.tmp.", i)) {
			t.Errorf("play event %d names no file of its own: %s", i, m.text)
		}
	}
	p.playedOut()
	c.over(t)
	wantSequence(t, c.heard(t, 8000), 8000, time.Second, tones)
}

// playedOut waits until all that a websocket server sent was played, and has the call
// hung up.
func (p *peer) playedOut() {
	p.t.Helper()
	p.do(map[string]any{"do": "text", "text": `{"type":"mark","data":{"name":"played out"}}`})
	p.see(1, "text", func(o sighting) bool { return strings.Contains(o.Text, "played out") })
	p.do(map[string]any{"do": "text", "text": "do hangup"})
}

func TestWhatIsNoStreamAudioIsAMessage(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot"`, p.url("/"))), t.TempDir())
	c := ring(t, s, "2s")
	p.see(1, "open", nil)
	texts := []string{
		`{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":44100,"audioData":"AAAA"}}`,
		`{"type":"streamAudio","data":{"audioDataType":"opus","audioData":"AAAA"}}`,
		`{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":8000,"audioData":"=!="}}`,
		`{"type":"streamAudio"}`, `{"type":"transcript","text":"hello"}`, `no JSON at all`,
	}
	for i, text := range texts {
		p.do(map[string]any{"do": "text", "text": text})
		if m := s.moment(t, i+1, "json"); m.text != text {
			t.Errorf("message %q came as %q", text, m.text)
		}
	}
	p.do(map[string]any{"do": "fragments", "text": "one text in fragments", "parts": 5})
	if m := s.moment(t, len(texts)+1, "json"); m.text != "one text in fragments" {
		t.Errorf("a text in five fragments came as %q", m.text)
	}
	if plays := s.moments("play"); len(plays) != 0 {
		t.Errorf("play events %v", plays)
	}
	c.over(t)
}

func TestBinaryAudioIsHeardAtTheRightSpeedHoweverItComes(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot", playback = true, play_rate = 16000`, p.url("/"))), t.TempDir())
	c := ring(t, s, "-1s", "--codec", "L16/16000")
	p.see(1, "open", nil)
	p.do(map[string]any{"do": "binary", "hz": 500, "rate": 16000, "seconds": 1, "burst": true}) // 50 frames at once
	p.do(map[string]any{"do": "binary", "hz": 600, "rate": 16000, "seconds": 1})                // paced, behind a second that waits
	p.see(2, "done", func(o sighting) bool { return o.Do == "binary" })
	p.do(map[string]any{"do": "binary", "hz": 800, "rate": 16000, "seconds": 1, "burst": true, "size": 32000}) // one frame
	p.do(map[string]any{"do": "binary", "hz": 900, "rate": 16000, "seconds": 1, "burst": true, "size": 333})   // half samples
	p.do(map[string]any{"do": "fragments", "hz": 1000, "rate": 16000, "seconds": 1, "parts": 7})
	p.playedOut()
	c.over(t)
	wantSequence(t, c.heard(t, 16000), 16000, time.Second, []float64{500, 600, 800, 900, 1000})
}

func TestClearSilencesTheCallerAtOnce(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot", playback = true`, p.url("/"))), t.TempDir())
	c := ring(t, s, "7s", "--codec", "PCMU")
	p.see(1, "open", nil)
	began := time.Now()
	p.do(map[string]any{"do": "binary", "hz": 500, "seconds": 20, "burst": true, "size": 8192})
	time.Sleep(time.Second)
	p.do(map[string]any{"do": "text", "text": "do clear"})
	s.moment(t, 1, "json")
	time.Sleep(500 * time.Millisecond)
	most := time.Since(began).Seconds() + 1.7
	p.do(map[string]any{"do": "streamAudio", "rate": 8000, "hz": 900, "seconds": 1})
	c.over(t)
	pcm := c.heard(t, 8000)
	first := loud(pcm, 8000)
	if s := float64(len(first)) / 8000; s < 2.2 || s > most {
		t.Errorf("heard %.2f s from the first sound to the last, want 1 s of audio, the pause, and 1 s", s)
	}
	tail := first[len(first)-7000 : len(first)-1000]
	if hz, _ := audiotest.Find(tail, 8000); math.Abs(hz-900) > 10 {
		t.Errorf("heard %.0f Hz after the clear, want what came later at 900", hz)
	}
	if clicks := audiotest.Clicks(pcm, 8000); len(clicks) > 0 {
		t.Errorf("clicks at %v", clicks)
	}
}

func TestMarksAreAnsweredWhenTheirAudioWasHeard(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot", playback = true`, p.url("/"))), t.TempDir())
	c := ring(t, s, "-1s", "--codec", "PCMU")
	p.see(1, "open", nil)
	began := float64(time.Now().UnixMilli())
	p.do(map[string]any{"do": "binary", "hz": 500, "seconds": 2, "burst": true})
	p.do(map[string]any{"do": "text", "text": `{"type":"mark","data":{"name":"after two seconds"}}`})
	answer := p.see(1, "text", func(o sighting) bool { return strings.Contains(o.Text, "after two seconds") })
	if d := answer.At - began; d < 1900 || d > 15000 || !strings.Contains(answer.Text, "playout") {
		t.Errorf("the mark was answered after %.0f ms with %s, want 2000 ms at least and playout", d, answer.Text)
	}
	if m := s.moment(t, 1, "mark"); !strings.HasPrefix(m.text, "after two seconds played 20") {
		t.Errorf("mark event %v", m)
	}
	p.do(map[string]any{"do": "binary", "hz": 500, "seconds": 20, "burst": true})
	p.do(map[string]any{"do": "text", "text": `{"type":"mark","data":{"name":"never reached"}}`})
	time.Sleep(300 * time.Millisecond)
	p.do(map[string]any{"do": "text", "text": `{"type":"clearMarks"}`})
	cleared := p.see(1, "text", func(o sighting) bool { return strings.Contains(o.Text, "never reached") })
	if !strings.Contains(cleared.Text, "cleared") {
		t.Errorf("a cleared mark was answered with %s", cleared.Text)
	}
	c.stop(t, 30*time.Second)
}

func TestFilesOfPlayEventsAreThereAndGoWithTheStream(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot"`, p.url("/"))), t.TempDir())
	c := ring(t, s, "-1s")
	p.see(1, "open", nil)
	p.do(map[string]any{"do": "streamAudio", "rate": 8000, "hz": 500, "seconds": 1})
	_, file, _ := strings.Cut(s.moment(t, 1, "play").text, `"file":"`)
	file, _, _ = strings.Cut(file, `"`)
	if info, err := os.Stat(file); err != nil || info.Size() != 16000 || !strings.HasSuffix(file, "_0.tmp.r8") {
		t.Errorf("file %q: %v", file, err)
	}
	c.stop(t, 30*time.Second)
	if !soon(30*time.Second, func() bool { _, err := os.Stat(file); return os.IsNotExist(err) }) {
		t.Errorf("%s is still there after the call", file)
	}
}
