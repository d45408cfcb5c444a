package record_test

import (
	"os"
	"path/filepath"
	"testing"

	"rms/media/record"
)

func TestANameThatIsTakenIsNoTroubleOfTheDisk(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.WriteFile(filepath.Join(root, "a.wav"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	s := open(t, record.Options{Root: root})
	_, d := start(t, s, record.Spec{File: "a.wav"})
	if d.end(t); len(d.errs) == 0 {
		t.Error("the name was not taken")
	}
	if err := s.Healthy(); err != nil {
		t.Error(err)
	}
}
