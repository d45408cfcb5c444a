package call_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media/codec"
	"rms/media/record"
	books "rms/media/record/ledger"
	"rms/media/wav"
)

// studio is a house whose calls can be recorded.
type studio struct {
	*house
	store *record.Store
	root  string
}

// newStudio opens a store, on a file system of the test's own if it gives one.
func newStudio(t testing.TB, s script, fs record.FS, change ...func(*call.Options)) *studio {
	t.Helper()
	root := t.TempDir()
	store, err := record.Open(record.Options{Root: root, FS: fs, Interval: 10 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := store.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	with := func(o *call.Options) { o.Records, o.Recording.Root = store, root }
	return &studio{newHouse(t, s, append([]func(*call.Options){with}, change...)...), store, root}
}

// records is a script that records, and then does more.
func records(args map[string]any, more ...func(x *call.Exec) error) script {
	return script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "record_start", args); err != nil {
			return err
		}
		for _, do := range more {
			if err := do(x); err != nil {
				return err
			}
		}
		return nil
	}}
}

// tape is what is in the file of a recording that ended.
type tape struct {
	info  wav.Info
	pcm   []int16 // interleaved
	sides [2][]int16
	told  books.Sidecar
}

// listen reads a file of the studio and its sidecar.
func (s *studio) listen(file string) *tape {
	s.t.Helper()
	raw, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(file)))
	if err != nil {
		s.t.Fatal(err)
	}
	r, err := wav.OpenNamed(bytes.NewReader(raw), int64(len(raw)), file)
	if err != nil {
		s.t.Fatal(err)
	}
	out := &tape{info: r.Info()}
	buf := make([]int16, 4096)
	for {
		n, err := r.ReadSamples(buf)
		out.pcm = append(out.pcm, buf[:n]...)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			s.t.Fatal(err)
		}
	}
	if out.info.Format.Channels == 2 {
		out.sides = [2][]int16{side(out.pcm, 0), side(out.pcm, 1)}
	}
	if b, err := os.ReadFile(filepath.Join(s.root, filepath.FromSlash(books.SidecarName(file)))); err == nil {
		if err := json.Unmarshal(b, &out.told); err != nil {
			s.t.Error(err)
		}
	}
	return out
}

// recorded waits for the end of the only recording and reads it.
func (s *studio) recorded() (*tape, call.Event) {
	s.t.Helper()
	ev := s.wait("rms:record_stop")
	file, _ := ev.Get("file").(string)
	return s.listen(file), ev
}

// levels fails unless a signal has its strongest tone at hz.
func (s *studio) levels(what string, pcm []int16, rate int, hz float64) {
	s.t.Helper()
	if got := strongest(pcm, rate); got < hz-4 || got > hz+4 {
		s.t.Errorf("%s: strongest at %.1f Hz, want %.0f", what, got, hz)
	}
}

// logTo has the house write its log there.
func logTo(w io.Writer) func(*call.Options) {
	return func(o *call.Options) { o.Log = zerolog.New(w) }
}

// through encodes and decodes audio at 8000 Hz as G.711 does.
func through(pcm []int16) []int16 {
	cd, _ := codec.Lookup("PCMU", 8000, 1)
	return cd.NewDecoder().Decode(nil, encodeMulaw(pcm))
}

func encodeG722(pcm []int16) []byte {
	cd, _ := codec.Lookup("G722", 8000, 1)
	return cd.NewEncoder().Encode(nil, pcm)
}
