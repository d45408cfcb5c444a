package prompt_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"go.uber.org/goleak"

	"rms/call/prompt"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/filter"
	"rms/media/wav/wavtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func lookup(t testing.TB, name string, clock int) media.Codec {
	t.Helper()
	c, ok := codec.Lookup(name, clock, 1)
	if !ok {
		t.Fatalf("no codec %s/%d", name, clock)
	}
	return c
}

// put writes a tone into a folder.
func put(t testing.TB, dir, name string, spec wavtest.Tone) string {
	t.Helper()
	full := filepath.Join(dir, name)
	if err := os.MkdirAll(filepath.Dir(full), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := wavtest.Write(full, spec); err != nil {
		t.Fatal(err)
	}
	return full
}

func newCache(t testing.TB, o prompt.Options) *prompt.Cache {
	t.Helper()
	c, err := prompt.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func get(t testing.TB, c *prompt.Cache, name string, cd media.Codec) *filter.Prompt {
	t.Helper()
	p, err := c.Get(t.Context(), name, cd)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func TestEveryFileIsHeardInTuneWithEveryCodec(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	const seconds = 0.5
	for i, spec := range []wavtest.Tone{
		{Rate: 8000}, {Rate: 16000}, {Rate: 44100, Channels: 2}, {Rate: 48000}, {Rate: 11025, Encoding: "pcm8"}, {Rate: 22050, Encoding: "pcm24"},
		{Rate: 96000, Channels: 6, Encoding: "float32"}, {Encoding: "alaw"}, {Encoding: "ulaw"},
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

func TestCallersShareOnePrompt(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	put(t, dir, "a.wav", wavtest.Tone{Rate: 48000})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMA", 8000)
	got := make([]*filter.Prompt, 50)
	var wait sync.WaitGroup
	for i := range got {
		wait.Go(func() { got[i], _ = c.Get(context.Background(), "a.wav", cd) })
	}
	wait.Wait()
	for i, p := range got {
		if p == nil || p != got[0] {
			t.Fatalf("caller %d has a prompt of its own", i)
		}
	}
	if s := c.Stats(); s.Misses != 1 || s.Hits != 49 || s.Prompts != 1 {
		t.Errorf("%+v", s)
	}
	if other := get(t, c, "a.wav", lookup(t, "PCMU", 8000)); other == got[0] {
		t.Error("two codecs share a payload")
	}
}

func TestChangedFileIsNoticed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := put(t, dir, "a.wav", wavtest.Tone{Hz: 500})
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	first := get(t, c, "a.wav", cd)
	put(t, dir, "b.wav", wavtest.Tone{Hz: 900}) // same size and, below, same time: another inode
	st, err := os.Stat(name)
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chtimes(filepath.Join(dir, "b.wav"), st.ModTime(), st.ModTime()), os.Rename(filepath.Join(dir, "b.wav"), name)); err != nil {
		t.Fatal(err)
	}
	second := get(t, c, "a.wav", cd)
	if hz, _ := audiotest.Find(second.PCM, 8000); math.Abs(hz-900) > 5 {
		t.Errorf("replaced by rename: %v Hz", hz)
	}
	if hz, _ := audiotest.Find(first.PCM, 8000); math.Abs(hz-500) > 5 {
		t.Errorf("the prompt in use changed: %v Hz", hz)
	}
	put(t, dir, "a.wav", wavtest.Tone{Hz: 700})
	if err := os.Chtimes(name, time.Time{}, st.ModTime().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if hz, _ := audiotest.Find(get(t, c, "a.wav", cd).PCM, 8000); math.Abs(hz-700) > 5 {
		t.Errorf("written in place: %v Hz", hz)
	}
	if err := os.Remove(name); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Get(t.Context(), "a.wav", cd); err == nil {
		t.Error("removed file still plays")
	}
	if s := c.Stats(); s.Dropped != 2 || s.Prompts != 1 {
		t.Errorf("%+v", s)
	}
}

func TestMemoryStaysWithinTheBudget(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	const budget = 200 << 10
	c := newCache(t, prompt.Options{Roots: []string{dir}, Bytes: budget})
	cd := lookup(t, "PCMU", 8000)
	for i := range 20 {
		name := fmt.Sprintf("%d.wav", i)
		put(t, dir, name, wavtest.Tone{Encoding: "ulaw", Duration: 2 * time.Second})
		get(t, c, name, cd)
		get(t, c, "0.wav", cd) // stays, because it is used most
		if s := c.Stats(); s.Bytes > budget || s.Bytes <= 0 {
			t.Fatalf("%+v", s)
		}
	}
	s := c.Stats()
	if s.Prompts != 4 || s.Dropped != 16 || s.Misses != 20 {
		t.Errorf("%+v", s)
	}
}

func TestFailureIsSharedButNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := filepath.Join(dir, "a.wav")
	if err := os.WriteFile(name, []byte("RIFF0000WAVEnothing"), 0o600); err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	for range 2 {
		_, err := c.Get(t.Context(), "a.wav", cd)
		var e *prompt.Error
		if !errors.As(err, &e) || e.Name != "a.wav" {
			t.Errorf("%v", err)
		}
	}
	if s := c.Stats(); s.Failures != 2 || s.Prompts != 0 {
		t.Errorf("%+v", s)
	}
}

func TestCancelledCallerDoesNotSpoilItForOthers(t *testing.T) {
	t.Parallel()
	reading, goOn := make(chan struct{}), make(chan struct{})
	b, err := wavtest.Bytes(wavtest.Tone{})
	if err != nil {
		t.Fatal(err)
	}
	c := newCache(t, prompt.Options{Embedded: &gate{FS: fstest.MapFS{"a.wav": {Data: b}}, reading: reading, goOn: goOn}})
	cd := lookup(t, "PCMU", 8000)
	ctx, cancel := context.WithCancel(t.Context())
	var wait sync.WaitGroup
	wait.Go(func() {
		if _, err := c.Get(ctx, "a.wav", cd); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled caller: %v", err)
		}
	})
	<-reading
	wait.Go(func() {
		if _, err := c.Get(context.Background(), "a.wav", cd); err != nil {
			t.Errorf("other caller: %v", err)
		}
	})
	for c.Stats().Hits == 0 {
		runtime.Gosched()
	}
	cancel()
	close(goOn)
	wait.Wait()
}

// gate stops the first Open until goOn is closed.
type gate struct {
	fs.FS
	once    sync.Once
	reading chan struct{}
	goOn    chan struct{}
}

func (g *gate) Open(name string) (fs.File, error) {
	g.once.Do(func() { close(g.reading); <-g.goOn })
	return g.FS.Open(name)
}

// Stat keeps Get's look at the name from going through Open.
func (g *gate) Stat(name string) (fs.FileInfo, error) { return fs.Stat(g.FS, name) }

func TestPanicOfACodecIsAnErrorOfThePrompt(t *testing.T) {
	t.Parallel()
	cd := lookup(t, "PCMU", 8000)
	cd.Name = "BROKEN"
	cd.NewEncoder = func() media.Encoder { panic("boom") }
	c := newCache(t, prompt.Options{})
	for range 2 {
		if _, err := c.Get(t.Context(), "beep.wav", cd); err == nil || !strings.Contains(err.Error(), "boom") {
			t.Errorf("%v", err)
		}
	}
}

// Live audio, then a shared prompt, then live audio again, through the filters of
// a leg: the far end decodes the same as if it were one stream, so there is no seam to
click, also with a codec that has state.
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

func BenchmarkGetHit(b *testing.B) {
	dir := b.TempDir()
	put(b, dir, "a.wav", wavtest.Tone{})
	c := newCache(b, prompt.Options{Roots: []string{dir}})
	cd := lookup(b, "PCMU", 8000)
	b.ReportAllocs()
	for b.Loop() {
		get(b, c, "a.wav", cd)
	}
}

func BenchmarkGetMiss(b *testing.B) {
	dir := b.TempDir()
	for _, rate := range []int{8000, 44100} {
		b.Run(fmt.Sprint(rate), func(b *testing.B) {
			put(b, dir, "a.wav", wavtest.Tone{Rate: rate, Channels: 2, Duration: 2 * time.Second})
			cd := lookup(b, "PCMU", 8000)
			for b.Loop() {
				get(b, newCache(b, prompt.Options{Roots: []string{dir}}), "a.wav", cd)
			}
		})
	}
}
