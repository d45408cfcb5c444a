//go:build linux

package interop_test

import (
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/media/audiotest"
	"rms/media/codec"
)

// tones is what a talker heard: pieces of 20 ms and the frequency of each, 0 for silence.
func (k *talker) tones(t *testing.T, from int) (list []float64) {
	t.Helper()
	c, _ := codec.Lookup("PCMU", 8000, 1)
	decoder := c.NewDecoder()
	packets := k.packets()
	for i := from; i+1 < len(packets); i++ { // two packets: 25 Hz are told apart
		pcm := decoder.Decode(decoder.Decode(nil, packets[i].packet.Payload), packets[i+1].packet.Payload)
		hz, level := audiotest.Find(pcm, 8000)
		if level < -40 {
			hz = 0
		}
		list = append(list, hz)
	}
	return list
}

// hears waits until the talker has heard a tone for some time, since a packet, and
// returns the last packet of that.
func (k *talker) hears(t *testing.T, what string, hz float64, length time.Duration, from int) int {
	t.Helper()
	end := 0
	eventually(t, 30*time.Second, what, func() bool {
		run := 0
		for i, f := range k.tones(t, from) {
			if run++; math.Abs(f-hz) >= 20 {
				run = 0
			}
			if time.Duration(run)*packetTime >= length {
				end = from + i
				return true
			}
		}
		return false
	})
	return end
}

// speaks has the talker say a tone for a while, and returns how much of it was said: a
// busy machine sleeps longer.
func (k *talker) speaks(level *voiceTone, hz float64, length time.Duration) time.Duration {
	level.set(hz)
	time.Sleep(length)
	level.set(0)
	time.Sleep(60 * time.Millisecond)
	return time.Duration(level.said.Load()) * time.Second / 8000
}

// TestVoicemailTakesPlaysAndDeletesAMessage runs the example in both languages: greeting,
// beep, message, #, 1 plays it, 3 deletes it.
func TestVoicemailTakesPlaysAndDeletesAMessage(t *testing.T) {
	for i, language := range []string{"lua", "star"} {
		t.Run(language, func(t *testing.T) {
			t.Parallel()
			voicemail(t, []string{firstServer, secondServer}[i], language)
		})
	}
}

func voicemail(t *testing.T, addr, language string) {
	t.Helper()
	folder := t.TempDir()
	s := startScript(t, addr, "voicemail."+language, script(t, "voicemail."+language), t.TempDir(), "--record-root", folder)
	k := newTalker(t, network{})
	var tone voiceTone
	k.voice = tone.at
	k.call("sip:mailbox@"+addr, "PCMU")
	at := k.hears(t, "the beep", 1000, 200*time.Millisecond, 0)
	if greeting := k.tones(t, 0)[:at]; slices.IndexFunc(greeting, func(hz float64) bool { return hz != 0 }) < 0 {
		t.Error("no greeting")
	}
	beep := time.Now()
	time.Sleep(200 * time.Millisecond)
	said := k.speaks(&tone, 1234, 1500*time.Millisecond)
	k.press('#')
	at = k.hears(t, "the question", 660, 200*time.Millisecond, at)
	most := time.Since(beep) + 500*time.Millisecond

	message := only1(t, folder)
	told := complete(t, folder, message)
	t.Logf("%s: %d ms, %s, %d bytes", told.File, told.DurationMS, told.Reason, told.Bytes)
	if d := told.DurationMS; told.Channels != 1 || d < (said-50*time.Millisecond).Milliseconds() || d > most.Milliseconds() {
		t.Errorf("a message of %v is %d ms long, in %d channels", said, d, told.Channels)
	}

	k.press('1')
	from := at
	at = k.hears(t, "the message", 1234, said-100*time.Millisecond, at)
	k.hears(t, "the question again", 660, 200*time.Millisecond, at)
	if run := longest(k.tones(t, from), 1234); run < said-60*time.Millisecond || run > said+60*time.Millisecond {
		t.Errorf("heard %v of a message of %v", run, said)
	}
	k.press('3')
	k.ended(30 * time.Second)
	k.hush()

	eventually(t, 30*time.Second, "the file to go", func() bool {
		_, err := os.Stat(filepath.Join(folder, message))
		return os.IsNotExist(err)
	})
	if sidecarOf(folder, message) != nil {
		t.Error("the sidecar is still there")
	}
	wantTombstone(t, folder, message)
	if text := verify(t, folder); !strings.Contains(text, "deleted") && !strings.Contains(text, "removed") {
		t.Logf("rms verify: %s", text)
	}
	if s.says("panic") || s.says(`"level":"error"`) {
		t.Errorf("rms complains: %s", s.tail(2000))
	}
}

// only1 finds the only recording of a folder.
func only1(t *testing.T, folder string) (file string) {
	t.Helper()
	_ = filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if err == nil && strings.HasSuffix(path, ".wav") {
			if file != "" {
				t.Errorf("a second recording %s", path)
			}
			file, _ = filepath.Rel(folder, path)
		}
		return nil
	})
	if file == "" {
		t.Fatal("no recording")
	}
	return file
}

// wantTombstone fails unless the last word of the chain on a file is that it was deleted.
func wantTombstone(t *testing.T, folder, file string) {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(folder, ".rms/chain.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	last := ""
	for line := range strings.Lines(string(data)) {
		if strings.Contains(line, file) {
			last = line
		}
	}
	if !strings.Contains(last, `"kind":"tombstone"`) {
		t.Errorf("the chain ends for %s with %s", file, last)
	}
}

// longest is how long a tone was heard without a break.
func longest(tones []float64, hz float64) time.Duration {
	best, run := 0, 0
	for _, f := range tones {
		if run++; math.Abs(f-hz) >= 20 {
			run = 0
		}
		best = max(best, run)
	}
	return time.Duration(best+1) * packetTime
}

// voiceTone is a voice that says a tone, or nothing; it counts the samples with the tone.
type voiceTone struct{ hz, said atomic.Int64 }

func (v *voiceTone) set(hz float64) { v.hz.Store(int64(hz)) }

func (v *voiceTone) at(clock float64) float64 {
	hz := v.hz.Load()
	if hz != 0 {
		v.said.Add(1)
	}
	return 0.3 * math.Sin(2*math.Pi*float64(hz)*clock)
}
