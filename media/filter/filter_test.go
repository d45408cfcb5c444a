package filter_test

import (
	"errors"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func frameOf(format media.Format, pcm ...int16) *media.Frame {
	return &media.Frame{PCM: pcm, Format: format}
}

var encoded = &media.Frame{Payload: []byte{1, 2}, Encoding: "PCMU/8000", Samples: 2}

func TestGainChangesTheLevelByDecibels(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 1000, -20, time.Second)
	for _, dB := range []float64{-40, -6, 0.5, 6, 19} {
		fr := turn(filter.NewGain(dB), frameOf(mono8, tone...))
		if _, level := audiotest.Find(fr.PCM, 8000); math.Abs(level-(-20+dB)) > 0.1 {
			t.Errorf("%+.1f dB of -20 dBFS gave %.2f", dB, level)
		}
	}
}

func TestGainLimitsInsteadOfWrapping(t *testing.T) {
	t.Parallel()
	for dB, want := range map[float64][]int16{
		40:   {32767, -32768, 0, 100},
		1000: {32767, -32768, 0, 100},
		-100: {0, 0, 0, 0},
	} {
		fr := turn(filter.NewGain(dB), frameOf(mono8, 32767, -32768, 0, 1))
		if diff := cmp.Diff(want, fr.PCM); diff != "" {
			t.Errorf("%v dB: %s", dB, diff)
		}
	}
}

func TestGainOfNothingPassesTheFrameItself(t *testing.T) {
	t.Parallel()
	f := filter.NewGain(0)
	fr := frameOf(mono8, 1, 2, 3)
	if turn(f, fr) != fr || turn(f, nil) != nil {
		t.Error("0 dB made a frame of its own")
	}
	f.Set(-20)
	if turn(f, encoded) != encoded {
		t.Error("encoded audio did not pass")
	}
}

func TestGainGlidesToANewLevel(t *testing.T) {
	t.Parallel()
	f := filter.NewGain(0)
	tone := audiotest.Tone(8000, 200, -6, time.Second)
	var pcm []int16
	for i := 0; i+160 <= len(tone); i += 160 {
		switch i / 160 {
		case 10:
			f.Set(-100)
		case 30:
			f.Set(0)
		}
		pcm = append(pcm, turn(f, frameOf(mono8, tone[i:i+160]...)).PCM...)
	}
	if clicks := audiotest.Clicks(pcm, 8000); len(clicks) > 0 {
		t.Errorf("clicks at %v", clicks)
	}
	if audiotest.Peak(pcm[12*160:29*160]) != 0 || audiotest.Peak(pcm[32*160:]) < 16000 {
		t.Error("the level did not arrive")
	}
}

func TestMixerAddsAndLimits(t *testing.T) {
	t.Parallel()
	f := filter.NewMixer(mono8)
	x, y, z := frameOf(mono8, 1000, 30000, -30000), frameOf(mono8, 500, 10000, -10000), frameOf(mono8, -100, -20000, 20000)
	for name, c := range map[string]struct {
		in   []*media.Frame
		want []int16
	}{
		"two":            {[]*media.Frame{x, y}, []int16{1500, 32767, -32768}},
		"three":          {[]*media.Frame{x, y, z}, []int16{1400, 20000, -20000}},
		"two of five":    {[]*media.Frame{nil, x, nil, z, nil}, []int16{900, 10000, -10000}},
		"unequal length": {[]*media.Frame{x, frameOf(mono8, 1)}, []int16{1001, 30000, -30000}},
		"encoded is out": {[]*media.Frame{x, encoded, y}, []int16{1500, 32767, -32768}},
	} {
		if diff := cmp.Diff(c.want, turn(f, c.in...).PCM); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

func TestMixerOfOnePassesTheFrameItself(t *testing.T) {
	t.Parallel()
	f := filter.NewMixer(mono8)
	x := frameOf(mono8, 1, 2)
	if turn(f) != nil || turn(f, nil, nil) != nil || turn(f, nil, x) != x || turn(f, nil, encoded) != encoded || turn(f, encoded, x) != x {
		t.Error("one input must pass as it is, none must be none")
	}
}

func TestMixedTonesKeepTheirLevels(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{})
	var pins []media.Pin
	for i, hz := range []float64{400, 1000, 2500} {
		p, err := g.Add(filter.NewTone(hz, -12-3*float64(i), mono8), 1)
		if err != nil {
			t.Fatal(err)
		}
		pins = append(pins, p)
	}
	m, err := g.Add(filter.NewMixer(mono8), 1, pins...)
	if err != nil {
		t.Fatal(err)
	}
	ear := &recorder{format: mono8}
	_, _ = g.Add(ear, 0, m)
	for range 50 {
		g.Tick()
	}
	for i, hz := range []float64{400, 1000, 2500} {
		if level := audiotest.LevelAt(ear.pcm, 8000, hz); math.Abs(level-(-12-3*float64(i))) > 0.1 {
			t.Errorf("%v Hz at %.2f dBFS", hz, level)
		}
	}
}

func TestToneIsInTuneAndDoesNotDrift(t *testing.T) {
	t.Parallel()
	for _, format := range []media.Format{mono8, {Rate: 16000, Channels: 2}, {Rate: 48000, Channels: 1}} {
		f := filter.NewTone(440.3, -9, format)
		hear(f, 50*60, format, 20*time.Millisecond) // a minute
		pcm := hear(f, 50, format, 20*time.Millisecond)
		var left []int16
		for i := 0; i < len(pcm); i += format.Channels {
			left = append(left, pcm[i])
		}
		freq, level := audiotest.Find(left, format.Rate)
		if math.Abs(freq-440.3) > 0.2 || math.Abs(level+9) > 0.05 || audiotest.SNR(left, format.Rate, 440.3) < 70 {
			t.Errorf("%s: %.2f Hz at %.2f dBFS, SNR %.0f dB", format, freq, level, audiotest.SNR(left, format.Rate, 440.3))
		}
	}
}

func TestEncoderEncodesPCMAndPassesItsOwnPayload(t *testing.T) {
	t.Parallel()
	e := &mulawCodec{}
	f := filter.NewEncoder(mulaw, e)
	fr := turn(f, frameOf(mono8, 0, 1000))
	want := &media.Frame{Payload: []byte{0xFF, media.LinearToMulaw(1000)}, Encoding: "PCMU/8000", Samples: 2}
	if diff := cmp.Diff(want, fr); diff != "" {
		t.Error(diff)
	}
	if turn(f, nil) != nil || turn(f, encoded) != encoded {
		t.Error("silence or its own payload did not pass")
	}
	if e.resets != 0 {
		t.Error("reset without need")
	}
	turn(f, frameOf(mono8, 0))
	if e.resets != 1 {
		t.Error("PCM after passed payload must start from the reset state")
	}
	if turn(f, &media.Frame{Payload: []byte{1}, Encoding: "PCMA/8000"}) != nil {
		t.Error("a payload of another encoding passed")
	}
}

func TestEncoderCountsSamplesOfTheClock(t *testing.T) {
	t.Parallel()
	c := mulaw
	c.Name, c.Rate, c.PT = "G722", 16000, 9
	fr := turn(filter.NewEncoder(c, &mulawCodec{}), frameOf(c.Format(), make([]int16, 320)...))
	if fr.Samples != 160 || fr.Encoding != "G722/8000" || fr.PayloadType != 9 {
		t.Errorf("frame %+v", fr)
	}
}

func TestChannelsAreMeansAndCopies(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		from, to int
		in, want []int16
	}{
		"to mono":        {2, 1, []int16{100, 300, -32768, -32768}, []int16{200, -32768}},
		"from mono":      {1, 2, []int16{7, -9}, []int16{7, 7, -9, -9}},
		"four to two":    {4, 2, []int16{10, 20, 30, 40}, []int16{20, 30}},
		"two to three":   {2, 3, []int16{1, 2}, []int16{1, 2, 1}},
		"eight to mono":  {8, 1, []int16{1, 2, 3, 4, 5, 6, 7, 8}, []int16{4}},
		"broken sample":  {2, 1, []int16{10, 20, 30}, []int16{15}},
		"same is itself": {2, 2, []int16{1, 2}, []int16{1, 2}},
	} {
		f, err := filter.NewChannels(8000, c.from, c.to)
		if err != nil {
			t.Fatal(err)
		}
		fr := turn(f, frameOf(media.Format{Rate: 8000, Channels: c.from}, c.in...))
		if diff := cmp.Diff(c.want, fr.PCM); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	for _, bad := range [][2]int{{0, 1}, {1, 0}, {9, 1}, {1, 9}} {
		if _, err := filter.NewChannels(8000, bad[0], bad[1]); !errors.Is(err, media.ErrFormat) {
			t.Errorf("%v: %v", bad, err)
		}
	}
}

func TestConvertBridgesAnyFormatsAndKeepsTheTone(t *testing.T) {
	t.Parallel()
	formats := []media.Format{mono8, {Rate: 8000, Channels: 2}, {Rate: 16000, Channels: 1}, {Rate: 44100, Channels: 2}, {Rate: 48000, Channels: 1}}
	for _, from := range formats {
		for _, to := range formats {
			g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
			p, err := g.Add(filter.NewTone(700, -12, from), 1)
			if err != nil {
				t.Fatal(err)
			}
			ear := &recorder{format: to}
			if _, err := g.Add(ear, 0, p); err != nil {
				t.Fatalf("%s to %s: %v", from, to, err)
			}
			for range 50 {
				g.Tick()
			}
			var left []int16
			for i := 0; i < len(ear.pcm); i += to.Channels {
				left = append(left, ear.pcm[i])
			}
			freq, level := audiotest.Find(left[len(left)/4:], to.Rate)
			if len(left) != to.Rate || math.Abs(freq-700) > 1 || math.Abs(level+12) > 0.1 {
				t.Errorf("%s to %s: %d samples of %.1f Hz at %.2f dBFS", from, to, len(left), freq, level)
			}
			f, err := filter.Convert(from, to)
			if err != nil {
				t.Fatal(err)
			}
			if q, ok := f.(media.Formatted); ok && (q.In() != from || q.Out() != to) && from != to {
				t.Errorf("%s to %s says %s to %s", from, to, q.In(), q.Out())
			}
		}
	}
	for _, bad := range []media.Format{{}, {Rate: 8000}, {Rate: 8000, Channels: 9}, {Rate: -1, Channels: 1}} {
		if _, err := filter.Convert(bad, mono8); !errors.Is(err, media.ErrFormat) {
			t.Errorf("Convert from %+v: %v", bad, err)
		}
	}
}

func TestTeeAndVoid(t *testing.T) {
	t.Parallel()
	x := frameOf(mono8, 1)
	out := make([]*media.Frame, 3)
	filter.NewTee().Process([]*media.Frame{x}, out)
	if diff := cmp.Diff([]*media.Frame{x, x, x}, out); diff != "" {
		t.Error(diff)
	}
	v := filter.NewVoid()
	v.Process([]*media.Frame{x, nil, x}, out)
	if out[0] != nil || v.Frames() != 2 {
		t.Errorf("%d frames, out %v", v.Frames(), out)
	}
}

func TestFiltersDoNotAllocate(t *testing.T) {
	x, y := frameOf(mono8, make([]int16, 160)...), frameOf(mono8, make([]int16, 160)...)
	stereo := frameOf(media.Format{Rate: 8000, Channels: 2}, make([]int16, 320)...)
	down, _ := filter.NewChannels(8000, 2, 1)
	up, _ := filter.NewChannels(8000, 1, 2)
	conv, err := filter.Convert(stereo.Format, media.Format{Rate: 16000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	noAllocations(t, filter.NewGain(-6), x)
	noAllocations(t, filter.NewMixer(mono8), x, y)
	noAllocations(t, filter.NewMixer(mono8), x, y, x)
	noAllocations(t, filter.NewTone(440, -10, mono8))
	noAllocations(t, filter.NewEncoder(mulaw, &mulawCodec{}), x)
	noAllocations(t, filter.NewTee(), x)
	noAllocations(t, filter.NewVoid(), x)
	noAllocations(t, down, stereo)
	noAllocations(t, up, x)
	noAllocations(t, conv, stereo)
}

func TestGraphOfFiltersIsDrawnWithTheirNames(t *testing.T) {
	t.Parallel()
	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
	p, err := g.Add(filter.NewTone(440, -10, media.Format{Rate: 16000, Channels: 2}), 1)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := g.Chain(p, filter.NewGain(-3), filter.NewEncoder(mulaw, &mulawCodec{}), filter.NewVoid()); err != nil {
		t.Fatal(err)
	}
	var dot strings.Builder
	if err := g.Dot(&dot); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"tone"`, `"gain"`, `"encoder PCMU/8000"`, `16000 Hz x2 -> 8000 Hz x1 (convert`} {
		if !strings.Contains(dot.String(), want) {
			t.Errorf("no %s in\n%s", want, dot.String())
		}
	}
}

// BenchmarkCallTick is the tick of a call: decode, mix with a prompt, gain, encode.
func BenchmarkCallTick(b *testing.B) {
	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
	payload := (&mulawCodec{}).Encode(nil, audiotest.Tone(8000, 440, -10, 20*time.Millisecond))
	d, _ := g.Add(filter.NewDecoder(stream{payload}, &mulawCodec{}, mono8), 1)
	prompt := &filter.Prompt{Format: mono8, PCM: audiotest.Tone(8000, 600, -10, time.Second)}
	p, _ := g.Add(player(b, prompt, filter.PlayerOptions{Loop: filter.Forever}), 1)
	m, _ := g.Add(filter.NewMixer(mono8), 1, d, p)
	_, err := g.Chain(m, filter.NewGain(-3), filter.NewEncoder(mulaw, &mulawCodec{}), filter.NewVoid())
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		g.Tick()
	}
}

// BenchmarkFilter is one tick of 20 ms at 8 kHz in each filter.
func BenchmarkFilter(b *testing.B) {
	x := frameOf(mono8, audiotest.Tone(8000, 440, -10, 20*time.Millisecond)...)
	payload := (&mulawCodec{}).Encode(nil, x.PCM)
	for name, c := range map[string]struct {
		f  media.Filter
		in []*media.Frame
	}{
		"decoder": {filter.NewDecoder(stream{payload}, &mulawCodec{}, mono8), nil},
		"silent":  {filter.NewDecoder(&script{}, &mulawCodec{}, mono8), nil},
		"encoder": {filter.NewEncoder(mulaw, &mulawCodec{}), []*media.Frame{x}},
		"gain":    {filter.NewGain(-3), []*media.Frame{x}},
		"mixer2":  {filter.NewMixer(mono8), []*media.Frame{x, x}},
		"mixer4":  {filter.NewMixer(mono8), []*media.Frame{x, x, x, x}},
		"tone":    {filter.NewTone(440, -10, mono8), nil},
		"player":  {player(b, ramp(8000), filter.PlayerOptions{Loop: filter.Forever}), nil},
	} {
		b.Run(name, func(b *testing.B) {
			var out [1]*media.Frame
			b.ReportAllocs()
			for b.Loop() {
				c.f.Process(c.in, out[:])
			}
		})
	}
}
