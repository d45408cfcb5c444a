package record_test

import (
	"crypto/sha256"
	"encoding/hex"
	"testing"
	"time"

	"rms/media/record"
	"rms/media/record/ledger"
)

// TestARecordingThatEndsOnAFullDiskIsEnteredWhenThereIsRoom needs no next start for it.
func TestARecordingThatEndsOnAFullDiskIsEnteredWhenThereIsRoom(t *testing.T) {
	t.Parallel()
	d := newDisk()
	var stopped []record.Result
	s := open(t, record.Options{FS: d, Stopped: func(_ *record.Recording, r record.Result) {
		if r.Bytes > 0 { // else it is the one that may not append
			stopped = append(stopped, r)
		}
	}})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	s.TurnAll()
	d.fill(0)
	feed(r, time.Second, 3*time.Second, 8000)
	s.TurnAll()
	r.Stop(3*time.Second, "hangup")
	if result := e.end(t); result.Err == nil {
		t.Error("the disk had room")
	}
	<-r.Done()
	s.Pay()
	if sc := sidecar(t, d); sc.State != ledger.Recording || len(stopped) != 0 {
		t.Errorf("entered on a full disk: %+v, %+v", sc, stopped)
	}
	if _, e := start(t, s, record.Spec{File: "x.wav", Append: true}); e.end(t).Err == nil {
		t.Error("somebody appends to a file that is owed an entry")
	}
	d.fill(-1)
	s.Pay()
	sc, b := sidecar(t, d), mustRead(t, d)
	sum := sha256.Sum256(b)
	if sc.State != ledger.Failed || sc.Reason != "hangup" || sc.Samples != 7200 || sc.SHA256 != hex.EncodeToString(sum[:]) || len(sc.Gaps) != 1 {
		t.Errorf("%+v", sc)
	}
	if left, _ := d.List(".rms/open"); len(left) != 0 {
		t.Errorf("markers are left: %v", left)
	}
	if len(stopped) != 1 || stopped[0].SHA256 != sc.SHA256 {
		t.Errorf("stopped %+v", stopped)
	}
	s.Pay()
	if len(stopped) != 1 {
		t.Error("entered twice")
	}
}

// TestWhatIsOwedAndGoneIsForgotten has somebody remove the file first.
func TestWhatIsOwedAndGoneIsForgotten(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d, Stopped: func(*record.Recording, record.Result) { t.Error("it was entered") }})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	d.fill(0)
	feed(r, 0, time.Second, 8000)
	r.Stop(time.Second, "hangup")
	e.end(t)
	<-r.Done()
	if err := d.Remove("x.wav"); err != nil {
		t.Fatal(err)
	}
	d.fill(-1)
	s.Pay()
	if left, _ := d.List(".rms/open"); len(left) != 0 {
		t.Errorf("markers are left: %v", left)
	}
}

func mustRead(t *testing.T, d *disk) []byte {
	t.Helper()
	b, err := d.ReadFile("x.wav")
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func sidecar(t *testing.T, d *disk) *ledger.Sidecar {
	t.Helper()
	text, err := d.ReadFile(ledger.SidecarName("x.wav"))
	if err != nil {
		t.Fatal(err)
	}
	sc, err := ledger.ParseSidecar(text)
	if err != nil {
		t.Fatal(err)
	}
	return sc
}
