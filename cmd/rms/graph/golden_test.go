package graph_test

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"rms/cmd/rms/graph"
)

var update = flag.Bool("update", false, "write the pictures of testdata anew")

// Each graph of testdata has its pictures beside it. After a change on purpose:
// go test ./cmd/rms/graph -update, and look at them.
func TestPicturesAreAsDrawnBefore(t *testing.T) {
	t.Parallel()
	all, err := filepath.Glob("testdata/*.dot")
	if err != nil || len(all) < 4 {
		t.Fatalf("%v %v", all, err)
	}
	for _, name := range all {
		dot, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		g, err := graph.Parse(string(dot))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		g.JoinSockets()
		base := strings.TrimSuffix(name, ".dot")
		for ending, draw := range map[string]func(*bytes.Buffer) error{
			".svg": func(b *bytes.Buffer) error { return g.SVG(b, "rms: a call to "+filepath.Base(base)) },
			".txt": func(b *bytes.Buffer) error { return g.Text(b, false) },
		} {
			var got bytes.Buffer
			if err := draw(&got); err != nil {
				t.Fatal(err)
			}
			if *update {
				if err := os.WriteFile(base+ending, got.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(base + ending)
			if err != nil || !bytes.Equal(got.Bytes(), want) {
				t.Errorf("%s differs (%v):\n%s", base+ending, err, got.String())
			}
		}
	}
}
