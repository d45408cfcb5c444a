package waveform_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/record/ledger"
	"rms/media/record/waveform"
	"rms/media/wav"
)

// part is a stretch of a recording: what each side does.
type part struct {
	long time.Duration
	amp  []float64 // of a 300 Hz tone on each side
}

// recording writes parts to a file and returns its name.
func recording(t testing.TB, rate, channels int, e wav.Encoding, parts ...part) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "a.wav")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := wav.NewWriter(f, media.Format{Rate: rate, Channels: channels}, e)
	if err != nil {
		t.Fatal(err)
	}
	noise, at := rand.New(rand.NewPCG(1, 2)), 0
	for _, p := range parts {
		pcm := make([]int16, int(p.long.Seconds()*float64(rate))*channels)
		for i := range pcm {
			at++
			tone := p.amp[i%channels] * math.Sin(2*math.Pi*300*float64(at/channels)/float64(rate))
			pcm[i] = int16(tone + noise.Float64()*20 - 10)
		}
		if err := w.WriteSamples(pcm); err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return name
}

func read(t testing.TB, name string, o waveform.ReadOptions) *waveform.Overview {
	t.Helper()
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	v, err := waveform.Read(t.Context(), f, st.Size(), o)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func about(t *testing.T, what string, got, want, off time.Duration) {
	t.Helper()
	if got < want-off || got > want+off {
		t.Errorf("%s: %v, want %v", what, got, want)
	}
}

// dialogue has 10 s: 4 s left, 3 s right, 1 s both, 2 s nobody.
func dialogue(t testing.TB, e wav.Encoding) string {
	return recording(t, 8000, 2, e,
		part{2 * time.Second, []float64{8000, 0}}, part{3 * time.Second, []float64{0, 4000}}, part{time.Second, []float64{8000, 4000}},
		part{2 * time.Second, []float64{0, 0}}, part{2 * time.Second, []float64{8000, 0}})
}

func TestTalkIsMeasuredOfEachSide(t *testing.T) {
	t.Parallel()
	for _, e := range []wav.Encoding{wav.PCM, wav.Mulaw, wav.Alaw} {
		o := read(t, dialogue(t, e), waveform.ReadOptions{})
		about(t, "length", o.Duration(), 10*time.Second, 0)
		about(t, "all that was heard", o.Talk.Heard(), 10*time.Second, 0)
		about(t, "left alone", o.Talk.Alone[0], 4*time.Second, 700*time.Millisecond)
		about(t, "right alone", o.Talk.Alone[1], 3*time.Second, 700*time.Millisecond)
		about(t, "both", o.Talk.Both, time.Second, 600*time.Millisecond)
		about(t, "nobody", o.Talk.Silence, 2*time.Second, 500*time.Millisecond)
		if s := o.Talk.Share(0); s < 0.45 || s > 0.57 {
			t.Errorf("%v: share %v", e, s)
		}
	}
}

func TestWhatIsPausedIsNoTalk(t *testing.T) {
	t.Parallel()
	o := read(t, dialogue(t, wav.PCM), waveform.ReadOptions{Pauses: []waveform.Span{{At: 2 * time.Second, Length: 3 * time.Second}}})
	about(t, "paused", o.Talk.Paused, 3*time.Second, 0)
	about(t, "right alone", o.Talk.Alone[1], 0, 300*time.Millisecond)
	about(t, "heard", o.Talk.Heard(), 7*time.Second, 0)
}

func TestNoiseIsNoTalk(t *testing.T) {
	t.Parallel()
	o := read(t, recording(t, 8000, 1, wav.PCM, part{60 * time.Second, []float64{200}}), waveform.ReadOptions{}) // -47 dBFS
	if s := o.Talk.Share(0); s > 0.5 {
		t.Errorf("steady noise speaks %.2f of the time", s)
	}
}

func TestBinsKeepTheExtremes(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 11025, 44100} {
		for _, long := range []time.Duration{30 * time.Millisecond, time.Second, 50 * time.Second} {
			if long > time.Second && rate > 11025 {
				continue
			}
			o := read(t, recording(t, rate, 2, wav.PCM, part{long, []float64{0, 1000}}, part{10 * time.Millisecond, []float64{30000, 0}}), waveform.ReadOptions{})
			if n := len(o.Sides[0]); n > 4096 || n != len(o.Sides[1]) || int64(n)*o.Step < o.Samples || int64(n-1)*o.Step >= o.Samples {
				t.Fatalf("%d Hz, %v: %d bins of %d for %d samples", rate, long, n, o.Step, o.Samples)
			}
			for _, columns := range []int{1, 7, 100, 1200, 9000} {
				list := o.Columns(0, columns)
				high, where := int16(0), 0
				for i, b := range list {
					if b.High > high {
						high, where = b.High, i
					}
				}
				if len(list) != columns || high < 29000 || long > time.Second/2 && where < columns*97/100-1 {
					t.Errorf("%d Hz, %v, %d columns: the pulse at the end is %d high, in column %d", rate, long, columns, high, where)
				}
			}
			if p := o.Peak(); p < 29000 || p > 30100 {
				t.Errorf("peak %d", p)
			}
		}
	}
}

func TestAFileThatGrowsIsReadAsFarAsItGoes(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile(dialogue(t, wav.Mulaw))
	if err != nil {
		t.Fatal(err)
	}
	head := len(b) - 160000
	for _, n := range []int{0, 1, 2, 160, 16001, 100000} { // bytes of samples that are there
		o, err := waveform.Read(t.Context(), bytes.NewReader(b[:head+n]), int64(head+n), waveform.ReadOptions{})
		if err != nil || o.Samples != int64(n/2) {
			t.Fatalf("%d bytes: %+v, %v", n, o, err)
		}
		var w bytes.Buffer
		if err := o.SVG(&w, waveform.Picture{Running: true}); err != nil {
			t.Fatal(err)
		}
		wellFormed(t, w.String())
		if err := o.Text(&w, waveform.Picture{Running: true}, waveform.TextOptions{}); err != nil {
			t.Fatal(err)
		}
	}
}

// wellFormed reads a picture as XML, and returns its texts.
func wellFormed(t testing.TB, svg string) (texts []string) {
	t.Helper()
	d := xml.NewDecoder(strings.NewReader(svg))
	d.Strict = true
	for n := 0; ; n++ {
		token, err := d.Token()
		if errors.Is(err, io.EOF) {
			if n < 10 {
				t.Fatalf("there is nothing in %s", svg)
			}
			return texts
		}
		if err != nil {
			t.Fatalf("%v in %s", err, svg)
		}
		switch e := token.(type) {
		case xml.StartElement:
			if !strings.Contains(" svg title style defs pattern line rect text path g ", " "+e.Name.Local+" ") {
				t.Errorf("element %s", e.Name.Local)
			}
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" {
					t.Errorf("attribute %s of %s", a.Name.Local, e.Name.Local)
				}
			}
		case xml.CharData:
			texts = append(texts, string(e))
		}
	}
}

// hostile is what a party may call itself.
var hostile = []string{
	`<script>alert(1)</script>`, `"/><image href="http://x/"/>`, "]]>&amp;&lt;", "a\x00b\x1b[2Jc\u202ed\n\xff\xfe", strings.Repeat("é", 5000),
}

func TestHostileNamesAreEscaped(t *testing.T) {
	t.Parallel()
	o := read(t, dialogue(t, wav.PCM), waveform.ReadOptions{})
	for _, name := range hostile {
		s := &ledger.Sidecar{
			File: name, Channels: 2, Parties: []ledger.Party{{Name: name}, {URI: name}}, Sides: []ledger.Side{{Channel: 0, Label: name}, {Channel: 1, Party: name}, {Channel: 99}},
			Gaps:  []ledger.Gap{{AtMS: 100, LengthMS: 50, Side: name, Reason: name}, {AtMS: math.NaN(), LengthMS: math.Inf(1), Reason: name}, {AtMS: -5, LengthMS: 1e300}},
			Marks: []ledger.Mark{{AtMS: 1000, Text: name}, {AtMS: 1e300, Text: name}}, Pauses: []ledger.Pause{{AtMS: 5000, LengthMS: 1000}},
		}
		var svg, text bytes.Buffer
		if err := o.SVG(&svg, waveform.Of(s)); err != nil {
			t.Fatal(err)
		}
		for _, said := range wellFormed(t, svg.String()) {
			if strings.ContainsAny(said, "\x00\x1b\u202e") || len([]rune(said)) > 600 && !strings.Contains(said, "prefers-color-scheme") {
				t.Errorf("text %q", said)
			}
		}
		if svg.Len() > 200<<10 {
			t.Errorf("%d bytes", svg.Len())
		}
		if err := o.Text(&text, waveform.Of(s), waveform.TextOptions{}); err != nil {
			t.Fatal(err)
		}
		if strings.ContainsAny(text.String(), "\x00\x1b\u202e") {
			t.Errorf("%q", text.String())
		}
	}
}

func TestThousandsOfNotesStayAPicture(t *testing.T) {
	t.Parallel()
	o := read(t, dialogue(t, wav.PCM), waveform.ReadOptions{})
	var p waveform.Picture
	for i := range 100000 {
		at := time.Duration(i) * 100 * time.Microsecond
		p.Gaps = append(p.Gaps, waveform.Gap{Span: waveform.Span{At: at, Length: 20 * time.Microsecond}, Side: i % 2, Reason: "loss"})
		p.Marks = append(p.Marks, waveform.Mark{At: at, Text: "again"})
		p.Pauses = append(p.Pauses, waveform.Span{At: at, Length: 10 * time.Microsecond})
	}
	var w bytes.Buffer
	if err := o.SVG(&w, p); err != nil {
		t.Fatal(err)
	}
	wellFormed(t, w.String())
	if w.Len() > 1<<20 {
		t.Errorf("%d bytes", w.Len())
	}
	w.Reset()
	if err := o.Text(&w, p, waveform.TextOptions{}); err != nil || w.Len() > 10000 {
		t.Errorf("%d bytes, %v", w.Len(), err)
	}
}

func TestTextHasALineForEachRow(t *testing.T) {
	t.Parallel()
	o := read(t, dialogue(t, wav.PCM), waveform.ReadOptions{})
	p := waveform.Picture{
		Title: "a call", Labels: []string{"caller", "callee"}, Gaps: []waveform.Gap{{Span: waveform.Span{At: 5 * time.Second, Length: time.Second}, Side: 1}},
		Marks: []waveform.Mark{{At: 3 * time.Second, Text: "consent"}}, Pauses: []waveform.Span{{At: 9 * time.Second, Length: time.Second}},
	}
	var w bytes.Buffer
	if err := o.Text(&w, p, waveform.TextOptions{Width: 60, ASCII: true}); err != nil {
		t.Fatal(err)
	}
	text := w.String()
	for _, want := range []string{"a call\n", "caller  ", "callee  ", "xxxxxx", "1  0:03.0  consent", "======", "0:02", "+----", "x gap", "nobody ", "paused (0:01.0)"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
	for line := range strings.Lines(text) {
		for _, r := range line {
			if r > '~' {
				t.Fatalf("%q in ASCII", line)
			}
		}
	}
	w.Reset()
	if err := o.Text(&w, p, waveform.TextOptions{Color: true}); err != nil || !strings.Contains(w.String(), "█") || !strings.Contains(w.String(), "\x1b[34m") {
		t.Errorf("%v\n%s", err, w.String())
	}
}

func TestReadingTellsHowFarAndCanBeEnded(t *testing.T) {
	t.Parallel()
	name := recording(t, 8000, 1, wav.Mulaw, part{120 * time.Second, []float64{100}})
	last := int64(0)
	read(t, name, waveform.ReadOptions{Progress: func(done, total int64) {
		if done <= last && done != total || total != 960000 {
			t.Errorf("%d of %d after %d", done, total, last)
		}
		last = done
	}})
	if last != 960000 {
		t.Errorf("told up to %d", last)
	}
	f, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	ctx, cancel := context.WithCancel(t.Context())
	_, err = waveform.Read(ctx, f, -1, waveform.ReadOptions{Progress: func(int64, int64) { cancel() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
