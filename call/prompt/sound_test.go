package prompt_test

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"rms/call/prompt"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/filter"
	"rms/media/wav/wavtest"
)

func TestEveryFileIsHeardInTuneWithEveryCodec(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	const seconds = 0.5
	for i, spec := range []wavtest.Tone{
		{Rate: 8000},
		{Rate: 16000},
		{Rate: 44100, Channels: 2},
		{Rate: 48000},
		{Rate: 11025, Encoding: "pcm8"},
		{Rate: 22050, Encoding: "pcm24"},
		{Rate: 96000, Channels: 6, Encoding: "float32"},
		{Encoding: "alaw"},
		{Encoding: "ulaw"},
	} {
		name := fmt.Sprintf("%d.wav", i)
		spec.Hz, spec.Duration, spec.Level = 1000, seconds*1e9, 0.25
		put(t, dir, name, spec)
		for _, cd := range codec.All() {
			p := get(t, c, name, cd)
			want := int(seconds * float64(cd.Rate))
			if p.Samples != want || len(p.PCM) != want || p.Format != cd.Format() || p.Encoding != cd.Encoding() {
				t.Errorf("%+v %s: %d samples of %v, want %d", spec, p.Encoding, p.Samples, p.Format, want)
			}
			parts := map[string][]int16{"pcm": p.PCM}
			if len(p.Payload) > 0 {
				parts["payload"] = cd.NewDecoder().Decode(nil, p.Payload)[:p.Samples]
				if want := want * p.ByteRate / cd.Rate; len(p.Payload) < want || len(p.Payload) > want+p.ByteRate/50 {
					t.Errorf("%+v %s: %d bytes, want %d", spec, p.Encoding, len(p.Payload), want)
				}
			}
			for what, pcm := range parts {
				pcm = pcm[len(pcm)/10 : len(pcm)*9/10]
				if hz, db := audiotest.Find(pcm, cd.Rate); math.Abs(hz-1000) > 5 || math.Abs(db+12) > 0.7 {
					t.Errorf("%+v %s %s: %.1f Hz at %.1f dB, want 1000 at -12", spec, p.Encoding, what, hz, db)
				}
			}
		}
	}
}

func TestCorpusGivesTheRightSoundOrAReason(t *testing.T) {
	t.Parallel()
	const root = "../../testdata/wav"
	text, err := os.ReadFile(filepath.Join(root, "EXPECT.json"))
	if err != nil {
		t.Fatal(err)
	}
	var expect map[string]struct {
		Expect  string
		Seconds []float64
		Hz      *float64
	}
	if err := json.Unmarshal(text, &expect); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{root}})
	cd := lookup(t, "PCMU", 8000)
	for name, e := range expect {
		p, err := c.Get(t.Context(), name, cd)
		if (err == nil) != (e.Expect == "play") && e.Expect != "either" {
			t.Errorf("%s: %v, want %s", name, err, e.Expect)
		}
		if err != nil {
			continue
		}
		if s := float64(p.Samples) / 8000; math.Abs(s-e.Seconds[0]) > 0.025 {
			t.Errorf("%s: %v s, want %v", name, s, e.Seconds)
		}
		if hz, _ := audiotest.Find(withoutDC(cd.NewDecoder().Decode(nil, p.Payload)[:p.Samples]), 8000); e.Hz != nil && math.Abs(hz-*e.Hz) > 0.02**e.Hz {
			t.Errorf("%s: %v Hz, want %v", name, hz, *e.Hz)
		}
	}
}

// withoutDC takes the mean out: the A-law file of the corpus has one.
func withoutDC(pcm []int16) []int16 {
	sum := 0
	for _, s := range pcm {
		sum += int(s)
	}
	for i := range pcm {
		pcm[i] -= int16(sum / len(pcm))
	}
	return pcm
}

// Live audio, then a shared prompt, then live audio again, through the filters of
// a leg: the far end decodes the same as if it were one stream, so there is no seam to
// click, also with a codec that has state.
func TestPromptBetweenLiveAudioDoesNotClick(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.wav", wavtest.Tone{Rate: 16000, Hz: 400, Level: 0.3, Duration: 500 * time.Millisecond})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	for _, cd := range codec.All() {
		p := get(t, c, "a.wav", cd)
		for name, live := range map[string][]int16{
			"voice": audiotest.Voice(cd.Rate, -3, 500*time.Millisecond), "tone": audiotest.Tone(cd.Rate, 1000, -1, 300*time.Millisecond),
			"noise": audiotest.Noise(cd.Rate/2, -20, 1), "silence": make([]int16, cd.Rate),
		} {
			player, err := filter.NewPlayer(p, filter.PlayerOptions{Encoded: true})
			if err != nil {
				t.Fatal(err)
			}
			sent := append(append(append([]int16{}, live...), p.PCM...), live...)
			heard := through(cd, live, player, live)
			whole := cd.NewDecoder().Decode(nil, cd.NewEncoder().Encode(nil, sent))
			for i := range whole {
				if i >= len(heard) || heard[i] != whole[i] {
					t.Errorf("%s, %s: differs from one stream at sample %d", cd.Encoding(), name, i)
					break
				}
			}
		}
	}
}

// through encodes live audio, a player and live audio again as one leg does, and
// decodes it as the far end does.
func through(cd media.Codec, before []int16, player *filter.Player, after []int16) []int16 {
	e, d := filter.NewEncoder(cd, cd.NewEncoder()), cd.NewDecoder()
	var heard []int16
	in, out, mid := make([]*media.Frame, 1), make([]*media.Frame, 1), make([]*media.Frame, 1)
	send := func(f *media.Frame) {
		in[0] = f
		e.Process(in, out)
		heard = d.Decode(heard, out[0].Payload)
	}
	live := func(pcm []int16) {
		for n := cd.Rate / 50; len(pcm) >= n; pcm = pcm[n:] {
			send(&media.Frame{PCM: pcm[:n], Format: cd.Format()})
		}
	}
	live(before)
	for player.Process(nil, mid); mid[0] != nil; player.Process(nil, mid) {
		send(mid[0])
	}
	live(after)
	return heard
}

func TestOnlyCodecsWithoutStateShareThePayload(t *testing.T) {
	t.Parallel()
	c := newCache(t, prompt.Options{})
	for _, cd := range codec.All() {
		if p := get(t, c, "beep.wav", cd); (len(p.Payload) > 0) != (cd.Name != "G722") || len(p.PCM) == 0 {
			t.Errorf("%s: %d bytes, %d samples", cd.Encoding(), len(p.Payload), len(p.PCM))
		}
	}
}
