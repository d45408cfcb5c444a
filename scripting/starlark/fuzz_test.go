package starlark_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

// FuzzScript compiles, checks and runs what may be a script. Nothing panics, and
// nothing runs for long.
func FuzzScript(f *testing.F) {
	examples, _ := filepath.Glob("../../testdata/scripts/*.star")
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(text))
	}
	for _, e := range expressions {
		f.Add(route("x = " + e))
	}
	for _, s := range statements {
		f.Add(route(s))
	}
	for _, h := range hostile {
		f.Add(route(h.body))
	}
	o := starlark.Options{Log: zerolog.Nop(), Limits: sandbox.Limits{Budget: 20 * time.Millisecond, Memory: 16 << 20}}
	f.Fuzz(func(t *testing.T, script string) {
		if len(script) > 4096 {
			return
		}
		began := time.Now()
		starlark.Check("t.star", []byte(script), o)
		p, err := starlark.Compile("t.star", []byte(script), o)
		if err != nil {
			return
		}
		s, err := p.NewState()
		if err != nil {
			return
		}
		defer s.Close()
		for _, name := range s.Routes() {
			x := &scripttest.Exec{Name: "a"}
			_ = s.Run(x, name)
			for n := 0; len(x.Waits) > 0 && n < 10; n++ {
				_ = s.Run(x, x.Wake("reason", "done"))
			}
		}
		if took := time.Since(began); took > 20*time.Second {
			t.Errorf("took %v", took)
		}
	})
}
