// Package rms_test holds what is true of the whole source tree.
package rms_test

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const module = "rms"

// floors lists the floor of each top directory; imports go down only. The deepest
// entry that matches a package counts.
var floors = map[string]int{
	"cmd":       60,
	"scripting": 50,
	"call":      40,
	"sip":       30,
	"rtp":       30,
	"media":     20,
	"config":    10,

	"media/codec":     30,
	"media/filter":    30,
	"media/wav":       30,
	"media/audiotest": 30,
	"media/target":    30,
	"media/clip":      35,
	"media/record":    34,

	// Where the packets of a stream belong in time.
	"media/timeline": 32,

	// Recordings: the books, below what writes them.
	"media/record/ledger": 33,

	"media/record/seal":   33,
	"media/record/upload": 33,

	// What shows recordings, and the door to them.
	"media/record/waveform": 34,
	"media/record/shelf":    36,

	// What speaks or decodes one format and knows no graph.
	"media/wire":   25,
	"media/vorbis": 25,
	"media/ogg":    25,

	"scripting/httpapi": 52,
	"scripting/esl":     52,
	"scripting/webhook": 52,

	// What several commands draw with.
	"cmd/rms/ladder":   58,
	"cmd/rms/graph":    58,
	"cmd/rms/terminal": 57,

	// A client, on top of the console's.
	"cmd/rms/recordcmd": 61,

	// What every script language stands on.
	"scripting/lua":        48,
	"scripting/starlark":   48,
	"scripting/scripttest": 47,
	"scripting/sandbox":    45,
}

type listed struct {
	ImportPath string
	Imports    []string
}

func TestImportsGoDownOnly(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		from, known := floor(p.ImportPath)
		if !known {
			continue
		}
		for _, imported := range p.Imports {
			if to, ours := floor(imported); ours && !mayImport(p.ImportPath, imported, from, to) {
				t.Errorf("%s imports %s: imports go down only, and never across a floor", p.ImportPath, imported)
			}
		}
	}
}

func TestImportsOfMediaAreTheStandardLibrary(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		if p.ImportPath != module+"/media" {
			continue
		}
		for _, imported := range p.Imports {
			if first, _, _ := strings.Cut(imported, "/"); strings.Contains(first, ".") || first == module {
				t.Errorf("media imports %s: the standard library only", imported)
			}
		}
	}
}

func TestImportsOfConfigAndAudiotest(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		for _, imported := range p.Imports {
			if imported == module+"/config" && !strings.HasPrefix(p.ImportPath, module+"/cmd") && !within(p.ImportPath, imported) {
				t.Errorf("%s imports config: only cmd may, others take an Options struct", p.ImportPath)
			}
			if imported == module+"/media/audiotest" {
				t.Errorf("%s imports audiotest, which is for tests", p.ImportPath)
			}
		}
	}
}

// mayImport allows what lies below, and packages of one tree (sip and sip/sdp).
func mayImport(from, to string, fromFloor, toFloor int) bool {
	return fromFloor > toFloor || within(from, to) || within(to, from)
}

func within(inner, outer string) bool { return inner == outer || strings.HasPrefix(inner, outer+"/") }

func floor(path string) (int, bool) {
	path, ours := strings.CutPrefix(path, module+"/")
	for ours && path != "." {
		if n, ok := floors[path]; ok {
			return n, true
		}
		path = filepath.Dir(path)
	}
	return 0, false
}

func TestImportsKnowEachTopDirectory(t *testing.T) {
	t.Parallel()
	for _, p := range packages(t) {
		path, ours := strings.CutPrefix(p.ImportPath, module+"/")
		if _, known := floor(p.ImportPath); ours && !known && !strings.HasPrefix(path, "testdata") {
			t.Errorf("%s stands on no floor: give it one in this test and in ARCHITECTURE.md", p.ImportPath)
		}
	}
}

func packages(t *testing.T) []listed {
	t.Helper()
	out, err := exec.Command("go", "list", "-e", "-json=ImportPath,Imports", "./...").Output()
	if err != nil {
		t.Fatalf("go list: %v", err)
	}
	var all []listed
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p listed
		if err := decoder.Decode(&p); errors.Is(err, io.EOF) {
			return all
		} else if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
}

// maxLines is where a second thing surely lives in a file.
const maxLines = 400

func TestFilesHoldOneThing(t *testing.T) {
	t.Parallel()
	err := filepath.WalkDir(".", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		if n := lines(t, path); n > maxLines {
			t.Errorf("%s has %d lines, more than %d: what is the second thing that lives there?", path, n, maxLines)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func lines(t *testing.T, path string) int {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	n := 0
	for scanner := bufio.NewScanner(f); scanner.Scan(); n++ {
	}
	return n
}
