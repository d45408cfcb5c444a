package record_test

import (
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
)

func TestTheSidecarTellsWhenTheFirstSampleWas(t *testing.T) {
	t.Parallel()
	opened, root := time.Date(2026, 5, 4, 3, 2, 1, 0, time.UTC), t.TempDir()
	ticked := make(chan struct{})
	s := open(t, record.Options{Now: func() time.Time { return opened }, Open: func() (record.FS, *ledger.Ledger, error) {
		<-ticked // the disk is slow
		dir, err := record.OpenDir(root)
		return dir, nil, err
	}})
	d := &diary{stopped: make(chan struct{})}
	r, err := s.Start(record.Spec{File: "a.wav", Events: d})
	if err != nil {
		t.Fatal(err)
	}
	r.Tick(time.Second)
	close(ticked)
	wait(t, "the file", d.begun)
	r.Stop(time.Second, "stopped")
	s.TurnAll()
	if got := d.end(t).Sidecar.Started; !got.Equal(opened.Add(-time.Second)) {
		t.Errorf("started %v", got)
	}
}
