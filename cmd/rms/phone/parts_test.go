package phone

import (
	"bytes"
	"io"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/wav"
	"rms/sip"
)

func TestOptionsSayWhatIsWrong(t *testing.T) {
	p, err := Options{To: "sip:a@b;transport=TCP"}.check()
	if err != nil || p.transport != "tcp" || p.nextHop != "b:5060" || p.For != 5*time.Second || len(p.codecs) < 4 {
		t.Errorf("defaults: %+v %v", p, err)
	}
	p, err = Options{To: "sip:a@b", Proxy: "127.0.0.1:5080", Codec: "pcma, L16/16000", Headers: []string{"X-A:  b: c "}}.check()
	if err != nil || p.nextHop != "127.0.0.1:5080" || len(p.codecs) != 2 || p.codecs[0].Name != "PCMA" || p.headers[0] != (sip.Header{Name: "X-A", Value: "b: c"}) {
		t.Errorf("%+v %v", p, err)
	}
	for want, o := range map[string]Options{
		"who to call":       {To: "bob"},
		"sip:user@host":     {To: "sip:a@b c"},
		"TLS":               {To: "sips:a@b"},
		"1 to 65535":        {To: "sip:a@b:70000"},
		"proxy":             {To: "sip:a@b", Proxy: "a b"},
		"use udp or tcp":    {To: "sip:a@b;transport=ws"},
		"from":              {To: "sip:a@b", From: "x"},
		"are keys":          {To: "sip:a@b", Digits: "12x"},
		`"Name: value"`:     {To: "sip:a@b", Headers: []string{"X-A b"}},
		"PCMU/8000, PCMA/8": {To: "sip:a@b", Codec: "opus"},
		"ptime":             {To: "sip:a@b", Ptime: time.Second},
	} {
		if _, err := o.check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q in it", o, err, want)
		}
	}
}

func FuzzTarget(f *testing.F) {
	f.Add("sip:a@[::1]:5060;transport=tcp;lr?x=y")
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := parseTarget(s); err == nil {
			if strings.ContainsAny(got.hostPort, "\r\n @") || !strings.Contains(got.hostPort, ":") {
				t.Errorf("%q leads to %q", s, got.hostPort)
			}
		}
	})
}

func TestDominantFrequencyIsFound(t *testing.T) {
	for _, freq := range []float64{100, 440, 1004.3, 3400} {
		pcm := audiotest.Tone(8000, freq, -20, 2*time.Second)
		if got := dominant(pcm, 8000); math.Abs(got-freq) > 0.2 {
			t.Errorf("%v Hz found at %v", freq, got)
		}
	}
	if got := dominant(make([]int16, 8000), 8000); got != 0 {
		t.Errorf("silence at %v Hz", got)
	}
	if got := dominant(make([]int16, 100), 8000); got != 0 {
		t.Errorf("too little at %v Hz", got)
	}
}

func hear(t *testing.T, name string, pcm []int16) *ear {
	t.Helper()
	e, err := newEar(name, media.Format{Rate: 8000, Channels: 1})
	if err != nil {
		t.Fatal(err)
	}
	for ; len(pcm) > 0; pcm = pcm[min(len(pcm), 160):] {
		if err = e.Write(&media.Frame{PCM: pcm[:min(len(pcm), 160)]}); err != nil {
			t.Fatal(err)
		}
	}
	return e
}

func TestEarTellsAudioFromSilence(t *testing.T) {
	pcm := append(make([]int16, 4000), audiotest.Tone(8000, 440, -16, time.Second)...)
	name := filepath.Join(t.TempDir(), "heard.wav")
	e := hear(t, name, append(pcm, make([]int16, 4000)...))
	if !e.heard() || e.duration(e.audible) != time.Second || e.duration(e.total) != 2*time.Second {
		t.Errorf("audible %v of %v", e.duration(e.audible), e.duration(e.total))
	}
	if level := e.level(); math.Abs(level+16) > 0.05 {
		t.Errorf("level %v, want -16", level)
	}
	if raw, err := os.ReadFile(name); err != nil || readable(t, raw) == 0 {
		t.Errorf("the file holds nothing before the end of the call: %d bytes, %v", len(raw), err)
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	raw, _ := os.ReadFile(name)
	if n := readable(t, raw); n != 16000 {
		t.Errorf("%d samples saved, want 16000", n)
	}
	if quiet := hear(t, "", audiotest.Noise(16000, -65, 1)); quiet.heard() || !math.IsInf(quiet.level(), -1) {
		t.Errorf("noise of -65 dBFS was heard: %v", quiet.level())
	}
}

func readable(t *testing.T, raw []byte) int {
	t.Helper()
	r, err := wav.Open(bytes.NewReader(raw), int64(len(raw)))
	if err != nil {
		t.Fatal(err)
	}
	pcm := make([]int16, 32000)
	n, err := r.ReadSamples(pcm)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestLostFramesAreSilenceInTheFile(t *testing.T) {
	e := hear(t, "", nil)
	if err := e.Write(&media.Frame{Lost: true, Samples: 160}); err != nil || e.total != 160 {
		t.Errorf("%d samples, %v", e.total, err)
	}
}

func TestMicIsMixedAndResampled(t *testing.T) {
	name := filepath.Join(t.TempDir(), "mic.wav")
	file, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	w, err := wav.NewWriter(file, media.Format{Rate: 11025, Channels: 2}, wav.PCM)
	if err != nil {
		t.Fatal(err)
	}
	for _, s := range audiotest.Tone(11025, 440, -10, time.Second) {
		if err = w.WriteSamples([]int16{s, s}); err != nil {
			t.Fatal(err)
		}
	}
	if err = w.Close(); err == nil {
		err = file.Close()
	}
	m, openErr := openMic(name)
	if err != nil || openErr != nil {
		t.Fatal(err, openErr)
	}
	if err = m.tune(media.Format{Rate: 8000, Channels: 1}); err != nil {
		t.Fatal(err)
	}
	var pcm []int16
	var f media.Frame
	for err = nil; err == nil; {
		f.Reset()
		err = m.Read(&f)
		pcm = append(pcm, f.PCM...)
	}
	if err != io.EOF || m.Close() != nil || math.Abs(float64(len(pcm)-8000)) > 2 {
		t.Errorf("%d samples, %v", len(pcm), err)
	}
	if freq, level := audiotest.Find(pcm, 8000); math.Abs(freq-440) > 1 || math.Abs(level+10) > 0.3 {
		t.Errorf("%.1f Hz at %.1f dBFS", freq, level)
	}
}

func TestWrongFilesAreNamedBeforeTheCall(t *testing.T) {
	if _, err := openMic(filepath.Join(t.TempDir(), "no.wav")); err == nil || !strings.Contains(err.Error(), "no.wav") {
		t.Error(err)
	}
	bad := filepath.Join(t.TempDir(), "bad.wav")
	if err := os.WriteFile(bad, []byte("not a WAV file at all, really not"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := openMic(bad); err == nil || !strings.Contains(err.Error(), "bad.wav") {
		t.Error(err)
	}
}
