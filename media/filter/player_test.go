package filter_test

import (
	"bytes"
	"context"
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/filter"
)

// ramp returns a prompt whose samples are 1, 2, 3... and whose payload is the
// same modulo 256.
func ramp(n int) *filter.Prompt {
	p := &filter.Prompt{Encoding: "PCMU/8000", Format: mono8, Samples: n, ByteRate: 8000}
	for i := 1; i <= n; i++ {
		p.PCM = append(p.PCM, int16(i))
		p.Payload = append(p.Payload, byte(i))
	}
	return p
}

func player(t testing.TB, p *filter.Prompt, o filter.PlayerOptions) *filter.Player {
	t.Helper()
	f, err := filter.NewPlayer(p, o)
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func TestPlayerEndsOnTheTickOfItsLastSample(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 160, 400, 480} {
		reason, at := "", -1
		tick := 0
		p := player(t, ramp(n), filter.PlayerOptions{Ended: func(r string) { reason, at = r, tick }})
		var pcm []int16
		for ; tick < 10; tick++ {
			if fr := turn(p); fr != nil {
				pcm = append(pcm, fr.PCM...)
			}
		}
		full := (n + 159) / 160
		if reason != filter.PlayerDone || at != full-1 {
			t.Errorf("%d samples: ended with %q in tick %d, want %d", n, reason, at, full-1)
		}
		want := make([]int16, full*160)
		copy(want, ramp(n).PCM)
		if diff := cmp.Diff(want, pcm); diff != "" {
			t.Errorf("%d samples: %s", n, diff)
		}
		if p.Played() != mono8.Duration(n) {
			t.Errorf("%d samples: played %v", n, p.Played())
		}
	}
}

func TestPlayerOfPayloadSharesItsBytesAndFillsUpTheEnd(t *testing.T) {
	t.Parallel()
	prompt := ramp(400)
	p := player(t, prompt, filter.PlayerOptions{Encoded: true})
	first := turn(p)
	if &first.Payload[0] != &prompt.Payload[0] || first.PCM != nil || first.Samples != 160 || first.Encoding != "PCMU/8000" {
		t.Errorf("first frame %+v", first)
	}
	turn(p)
	last := turn(p)
	want := append(append([]byte(nil), prompt.Payload[320:]...), bytes.Repeat([]byte{0xFF}, 80)...)
	if diff := cmp.Diff(want, last.Payload); diff != "" {
		t.Error(diff)
	}
	if turn(p) != nil {
		t.Error("a frame after the end")
	}

	prompt.Payload = append(prompt.Payload, bytes.Repeat([]byte{0x77}, 80)...) // encoded silence of its own
	p = player(t, prompt, filter.PlayerOptions{Encoded: true, From: 40 * time.Millisecond})
	if got := turn(p).Payload; len(got) != 160 || got[79] != prompt.Payload[399] || got[80] != 0x77 {
		t.Errorf("the end is not filled with what the prompt has behind it: %v", got[76:84])
	}
}

func TestPlayerLoopsWithoutAGap(t *testing.T) {
	t.Parallel()
	for _, encoded := range []bool{false, true} {
		reason := ""
		p := player(t, ramp(100), filter.PlayerOptions{Loop: 7, Encoded: encoded, Ended: func(r string) { reason = r }})
		for i := range 5 {
			fr := turn(p)
			for k := range 160 {
				n := i*160 + k
				want, got := n%100+1, 0
				if encoded {
					got = int(fr.Payload[k])
				} else {
					got = int(fr.PCM[k])
				}
				if n < 700 && got != want {
					t.Fatalf("encoded %t: sample %d is %d, want %d", encoded, n, got, want)
				}
			}
		}
		if turn(p) != nil || reason != filter.PlayerDone || p.Played() != mono8.Duration(700) {
			t.Errorf("encoded %t: %q after %v", encoded, reason, p.Played())
		}
	}
}

func TestPlayerForEverPlaysUntilItIsStopped(t *testing.T) {
	t.Parallel()
	var reasons []string
	p := player(t, ramp(160), filter.PlayerOptions{Loop: filter.Forever, Ended: func(r string) { reasons = append(reasons, r) }})
	for range 1000 {
		if turn(p) == nil {
			t.Fatal("it ended")
		}
	}
	p.Stop()
	for range 3 {
		if turn(p) != nil {
			t.Error("a frame after Stop")
		}
	}
	if diff := cmp.Diff([]string{filter.PlayerStopped}, reasons); diff != "" || p.Played() != 20*time.Second {
		t.Errorf("played %v: %s", p.Played(), diff)
	}
}

func TestPlayerChangesModeBetweenTicksAtTheSameSample(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 440, -10, time.Second)
	payload := (&mulawCodec{}).Encode(nil, tone)
	for name, prompt := range map[string]*filter.Prompt{
		"both":         {Encoding: "PCMU/8000", Payload: payload, PCM: tone, Format: mono8},
		"payload only": {Encoding: "PCMU/8000", Payload: payload, Format: mono8, Samples: 8000},
	} {
		p := player(t, prompt, filter.PlayerOptions{Decoder: &mulawCodec{}})
		var pcm []int16
		for i := range 50 {
			p.SetEncoded(i%3 == 0)
			fr := turn(p)
			if i%3 == 0 {
				if len(fr.PCM) != 0 {
					t.Fatalf("%s: PCM in encoded mode", name)
				}
				pcm = (&mulawCodec{}).Decode(pcm, fr.Payload)
			} else {
				pcm = append(pcm, fr.PCM...)
			}
		}
		freq, level := audiotest.Find(pcm, 8000)
		if math.Abs(freq-440) > 1 || math.Abs(level+10) > 0.2 || len(audiotest.Clicks(pcm, 8000)) > 0 {
			t.Errorf("%s: heard %.1f Hz at %.2f dBFS with clicks at %v", name, freq, level, audiotest.Clicks(pcm, 8000))
		}
	}
}

func TestPlayerOfWidebandPayloadCountsItsClock(t *testing.T) {
	t.Parallel()
	p := player(t, &filter.Prompt{
		Encoding: "G722/8000", Payload: make([]byte, 320), Samples: 600,
		Format: media.Format{Rate: 16000, Channels: 1},
	}, filter.PlayerOptions{})
	for range 2 {
		if fr := turn(p); len(fr.Payload) != 160 || fr.Samples != 160 {
			t.Errorf("%d bytes, %d samples", len(fr.Payload), fr.Samples)
		}
	}
	if turn(p) != nil || p.Played() != 37500*time.Microsecond {
		t.Errorf("played %v", p.Played())
	}
}

func TestPromptsThatCannotPlayAreRefused(t *testing.T) {
	t.Parallel()
	for name, p := range map[string]*filter.Prompt{
		"no format":       {PCM: make([]int16, 10)},
		"no audio":        {Format: mono8, Samples: 10},
		"too little":      {Format: mono8, Samples: 10, PCM: make([]int16, 5)},
		"no clock":        {Format: mono8, Samples: 10, Payload: make([]byte, 10), Encoding: "PCMU"},
		"unknown length":  {Format: mono8, Payload: make([]byte, 10), Encoding: "PCMU/8000"},
		"too many speaks": {Format: media.Format{Rate: 8000, Channels: 9}},
	} {
		if _, err := filter.NewPlayer(p, filter.PlayerOptions{}); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	ended := 0
	p := player(t, &filter.Prompt{Format: mono8}, filter.PlayerOptions{Ended: func(string) { ended++ }})
	if first, second := turn(p), turn(p); first != nil || second != nil || ended != 1 {
		t.Errorf("an empty prompt ended %d times", ended)
	}
}

func TestPlayerInAGraphOnTheClock(t *testing.T) {
	t.Parallel()
	clock := media.NewManualClock()
	g := media.NewGraph(media.GraphOptions{Convert: filter.Convert})
	ended := time.Duration(0)
	prompt := &filter.Prompt{Format: mono8, PCM: audiotest.Tone(8000, 600, -12, time.Second)}
	p := player(t, prompt, filter.PlayerOptions{Ended: func(string) { ended = clock.Now() }})
	pin, err := g.Add(p, 1)
	if err != nil {
		t.Fatal(err)
	}
	ear := &recorder{format: media.Format{Rate: 16000, Channels: 2}}
	if _, err := g.Add(ear, 0, pin); err != nil {
		t.Fatal(err)
	}
	clock.Attach(g)
	clock.Advance(500 * time.Millisecond)
	_ = g.Do(func() { g.SetTick(10 * time.Millisecond) })
	clock.Advance(time.Second)
	if err := g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	if ended < time.Second || ended > 1040*time.Millisecond {
		t.Errorf("ended at %v", ended)
	}
	var left []int16
	for i := 0; i < len(ear.pcm); i += 2 {
		left = append(left, ear.pcm[i])
	}
	freq, level := audiotest.Find(left[9000:15000], 16000)
	if math.Abs(freq-600) > 1 || math.Abs(level+12) > 0.2 {
		t.Errorf("heard %.1f Hz at %.2f dBFS", freq, level)
	}
}

// recorder keeps all PCM of one format.
type recorder struct {
	format media.Format
	pcm    []int16
}

func (r *recorder) In() media.Format  { return r.format }
func (r *recorder) Out() media.Format { return media.Format{} }
func (r *recorder) Process(in, _ []*media.Frame) {
	if in[0] != nil {
		r.pcm = append(r.pcm, in[0].PCM...)
	}
}

func TestPlayerDoesNotAllocate(t *testing.T) {
	for _, n := range []int{100, 160, 8000} {
		for _, encoded := range []bool{false, true} {
			noAllocations(t, player(t, ramp(n), filter.PlayerOptions{Loop: filter.Forever, Encoded: encoded}))
		}
	}
	p := &filter.Prompt{Encoding: "PCMU/8000", Payload: make([]byte, 200), Format: mono8, Samples: 200}
	noAllocations(t, player(t, p, filter.PlayerOptions{Loop: filter.Forever, Decoder: &mulawCodec{}}))
}
