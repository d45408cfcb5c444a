package record_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"rms/media/record"
	"rms/media/record/ledger"
)

func TestTheFolderIsOpenedWithTheFirstRecordingAndAgainAfterAnError(t *testing.T) {
	t.Parallel()
	root := filepath.Join(t.TempDir(), "later")
	var opened, started, stopped atomic.Int32
	locked := errors.New("somebody else has it")
	s := open(t, record.Options{
		Open: func() (record.FS, *ledger.Ledger, error) {
			if opened.Add(1) == 1 {
				return nil, nil, locked
			}
			dir, err := record.OpenDir(root)
			return dir, nil, err
		},
		Started: func(*record.Recording) { started.Add(1) },
		Stopped: func(_ *record.Recording, r record.Result) {
			if r.Err == nil {
				stopped.Add(1)
			}
		},
	})
	if err := s.Repair(nil); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(root); !errors.Is(err, fs.ErrNotExist) || opened.Load() != 0 {
		t.Fatal("the folder is there before anything was recorded")
	}
	if now := s.Stats(); now != (record.Stats{}) {
		t.Errorf("before it is open there are %+v", now)
	}
	r, err := s.Start(record.Spec{File: "a.wav"})
	if err != nil {
		t.Fatal(err)
	}
	s.TurnAll()
	<-r.Done()
	second, d := start(t, s, record.Spec{File: "a.wav"})
	second.Tick(tick)
	second.Stop(tick, "stopped")
	s.TurnAll()
	d.end(t)
	if _, err := os.Stat(filepath.Join(root, "a.wav")); err != nil {
		t.Error(err)
	}
	if started.Load() != 1 || stopped.Load() != 1 || opened.Load() != 2 {
		t.Errorf("started %d, stopped %d, opened %d", started.Load(), stopped.Load(), opened.Load())
	}
}
