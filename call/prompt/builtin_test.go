package prompt_test

import (
	"io/fs"
	"math"
	"os/exec"
	"path/filepath"
	"testing"

	"rms/call/prompt"
	"rms/media/audiotest"
	"rms/testdata"
)

func TestBuiltInPromptsAreShortAndSmall(t *testing.T) {
	t.Parallel()
	total := int64(0)
	err := fs.WalkDir(testdata.Prompts(), ".", func(_ string, d fs.DirEntry, err error) error {
		if info, infoErr := d.Info(); infoErr == nil && !d.IsDir() {
			total += info.Size()
		}
		return err
	})
	if err != nil || total > 100_000 || total == 0 {
		t.Errorf("%d bytes, %v", total, err)
	}
	c := newCache(t, prompt.Options{})
	cd := lookup(t, "PCMU", 8000)
	for name, most := range map[string]int{"welcome.wav": 16000, "beep.wav": 4000, "music.wav": 80000} {
		p := get(t, c, name, cd)
		if p.Samples > most || p.Samples < 1000 {
			t.Errorf("%s: %d samples", name, p.Samples)
		}
		if peak := audiotest.Peak(p.PCM); peak > 29000 || peak < 8000 {
			t.Errorf("%s: peak %d", name, peak)
		}
	}
	if hz, _ := audiotest.Find(get(t, c, "beep.wav", cd).PCM, 8000); math.Abs(hz-1000) > 5 {
		t.Errorf("beep: %v Hz", hz)
	}
}

func TestBuiltInPromptsAreWhatTheGeneratorMakes(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("compiles the generator")
	}
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "go", "run", "rms/testdata/gen", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	files, err := filepath.Glob(filepath.Join(dir, "*.wav"))
	if err != nil || len(files) != 3 {
		t.Fatalf("%v %v", files, err)
	}
	kept, made := newCache(t, prompt.Options{}), newCache(t, prompt.Options{Roots: []string{dir}})
	cd := lookup(t, "PCMU", 8000)
	for _, file := range files {
		a, b := get(t, kept, filepath.Base(file), cd).Payload, get(t, made, filepath.Base(file), cd).Payload
		differ := 0
		for i := range min(len(a), len(b)) {
			if a[i] != b[i] {
				differ++
			}
		}
		// Other processors round a sine differently in the last bit.
		if len(a) != len(b) || differ > len(a)/1000 {
			t.Errorf("%s: %d and %d bytes, %d differ; run go generate ./testdata", filepath.Base(file), len(a), len(b), differ)
		}
	}
}
