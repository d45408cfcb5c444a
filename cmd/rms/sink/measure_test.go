package sink

import (
	"math"
	"strings"
	"testing"
	"time"

	"rms/media/audiotest"
)

func TestQuantileOfGapsIsRightTo3Percent(t *testing.T) {
	t.Parallel()
	var a, b arrivals
	at := time.Now()
	a.arrive(at)
	for i := range 1000 {
		gap := 20 * time.Millisecond
		if i%100 == 99 { // 1 %, so p99 does not see it and p99.5 does
			gap = 300 * time.Millisecond
		}
		at = at.Add(gap)
		a.arrive(at)
	}
	for q, want := range map[float64]float64{0.5: 20, 0.99: 20, 0.995: 300, 1: 300} {
		if got := milliseconds(quantile(q, &a, &b)); math.Abs(got-want) > want*0.032 {
			t.Errorf("q %v is %v ms, want %v", q, got, want)
		}
	}
	if a.greatest != 300*time.Millisecond || quantile(0.99, &b) != 0 {
		t.Errorf("greatest %v, of nothing %v", a.greatest, quantile(0.99, &b))
	}
	for _, d := range []time.Duration{0, time.Microsecond, 31 * time.Microsecond, time.Millisecond, time.Second, time.Hour} {
		if n := gapBucket(d); n < 0 || n >= len(a.buckets) || d < time.Minute && (gapUpper(n) < d || float64(gapUpper(n)) > float64(d)*1.04+2000) {
			t.Errorf("%v falls into %d, up to %v", d, n, gapUpper(n))
		}
	}
}

func TestLevelAgreesWithTheReference(t *testing.T) {
	t.Parallel()
	for _, dbfs := range []float64{0, -6, -30, -60} {
		var l level
		pcm := audiotest.Tone(8000, 500, dbfs, time.Second)
		l.add(pcm, 0, 1)
		if math.Abs(l.whole()-dbfs) > 0.1 || math.Abs(l.top()-dbfs) > 0.2 || math.Abs(l.recent()-dbfs) > 0.1 {
			t.Errorf("%v dBFS: %v, peak %v", dbfs, l.whole(), l.top())
		}
		if l.recent() != floorDBFS {
			t.Error("the level since the last look is that of before")
		}
	}
	var l level
	l.add([]int16{100, -32768, 100, -32768}, 1, 2)
	if l.peak != 32768 || l.samples != 2 {
		t.Errorf("the right side: %+v", l)
	}
}

func TestMeasuringDoesNotAllocate(t *testing.T) {
	var a arrivals
	var l level
	pcm := audiotest.Tone(8000, 500, -6, 20*time.Millisecond)
	if n := testing.AllocsPerRun(100, func() {
		a.arrive(time.Now())
		l.add(pcm, 0, 1)
	}); n != 0 {
		t.Errorf("%v allocations a frame", n)
	}
}

func FuzzCleanIsHarmless(f *testing.F) {
	for _, s := range []string{"", "plain", "\x1b[2J", "\xff\u202e", "../../x", ".", "日本", strings.Repeat("a", 300)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		for _, r := range Clean(s, 100) {
			if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x202e {
				t.Errorf("%q holds %U", s, r)
			}
		}
		name := FileName(s)
		if name == "" || name[0] == '.' || len(name) > nameMost || strings.ContainsAny(name, "/\\\x00:") {
			t.Errorf("%q becomes the file name %q", s, name)
		}
	})
}

func FuzzRSTConfig(f *testing.F) {
	f.Add("udp_port=0.0.0.0:9527\nwrite_hex=true\n")
	f.Add("[x]\n=\nstart_port=\x00")
	f.Fuzz(func(t *testing.T, text string) {
		got, err := parseRSTConfig(strings.NewReader(text))
		if err != nil && got != nil || len(got) > 6 {
			t.Errorf("%v, %v", got, err)
		}
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add(`{"sampleRate":"16k","mixType":"stereo","uuid":"x"}`)
	f.Add(`{"sampleRate":1e99,"mixType":[],"uuid":{}}`)
	f.Fuzz(func(t *testing.T, text string) {
		b := &board{o: &Options{Report: func(Event) {}, MaxStreams: 1}, live: map[*stream]struct{}{}}
		s, err := b.begin("x", "", time.Now())
		if err != nil {
			t.Fatal(err)
		}
		c := &wsStream{stream: s, rate: 8000, channels: 1}
		c.describe([]byte(text))
		if !usualRate(c.rate) || c.channels < 1 || c.channels > 2 || len(c.id) > idMost {
			t.Errorf("%q: %d Hz, %d channels", text, c.rate, c.channels)
		}
	})
}
