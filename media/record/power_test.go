package record_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"rms/media/record"
)

// TestPowerCutCostsAtMostASecond cuts the power at many moments. The time line is the
// test's; turns and syncs come as often as they do in a store, and a sync takes 20 ms.
func TestPowerCutCostsAtMostASecond(t *testing.T) {
	t.Parallel()
	const takes = 20 * time.Millisecond
	for seed := range uint64(4) {
		random := rand.New(rand.NewPCG(seed, 1))
		d := newDisk()
		s := open(t, record.Options{FS: d})
		var all []*record.Recording
		var ends []*diary
		for i := range 4 {
			r, e := start(t, s, record.Spec{File: fmt.Sprintf("%d.wav", i), Sides: record.Sides(i)})
			all, ends = append(all, r), append(ends, e)
		}
		s.SyncAll()
		nextTurn, nextSync := 60*time.Millisecond, 130*time.Millisecond
		worst := time.Duration(0)
		for at := time.Duration(0); at < 8*time.Second; at += tick {
			for _, r := range all {
				feed(r, at, at+tick, 8000)
			}
			now := at + tick
			if now >= nextTurn {
				s.TurnAll()
				nextTurn += record.Interval
			}
			if now >= nextSync {
				s.SyncAll()
				nextSync += record.SyncEvery + takes
			}
			if now < 2*time.Second || random.IntN(20) > 0 {
				continue
			}
			for i := range all {
				worst = max(worst, now-survived(t, d, random, i))
			}
		}
		t.Logf("the worst file lacked %v", worst)
		if worst > time.Second+takes {
			t.Errorf("a power cut costs %v", worst)
		}
		for i, r := range all {
			r.Stop(8*time.Second, "")
			ends[i].end(t)
		}
	}
}

// survived cuts the power, repairs what is left, and returns how much sound that is. All
// of it must be right, before the repair and after.
func survived(t *testing.T, d *disk, random *rand.Rand, i int) time.Duration {
	t.Helper()
	after := d.cut(random)
	name := fmt.Sprintf("%d.wav", i)
	sides := record.Sides(i)
	check := func(when string) int {
		b, err := after.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		_, pcm := decode(t, b)
		n := len(pcm) / sides.Channels()
		same(t, when, pcm, expected(sides, n, 8000))
		return n
	}
	n := check("before the repair")
	for file := range after.files { // only this one is of interest
		if strings.HasPrefix(file, ".rms/") {
			delete(after.files, file)
		}
	}
	after.files[".rms/open/x"] = &image{seen: []byte(fmt.Sprintf(`{"id":"x","file":%q,"boot_id":"another"}`, name))}
	s := open(t, record.Options{FS: after})
	if err := s.Repair(nil); err != nil {
		t.Error(err)
	}
	if m := check("after the repair"); m < n {
		t.Errorf("the repair lost %d samples", n-m)
	}
	return time.Duration(n) * time.Second / 8000
}

// TestAFailedSyncIsMadeGood has the disk lose what it was to sync.
func TestAFailedSyncIsMadeGood(t *testing.T) {
	t.Parallel()
	d := newDisk()
	s := open(t, record.Options{FS: d})
	r, e := start(t, s, record.Spec{File: "x.wav"})
	feed(r, 0, time.Second, 8000)
	s.TurnAll()
	size := r.Size()
	d.broken = errDisk
	s.SyncAll()
	s.TurnAll()
	if r.Size() != size {
		t.Error("the header covers what was not synced")
	}
	if _, errs := e.seen(); len(errs) != 1 || s.Healthy() == nil {
		t.Errorf("errors %v, health %v", errs, s.Healthy())
	}
	s.SyncAll()
	if r.Size() == size {
		t.Error("the next sync does not count")
	}
	r.Stop(time.Second, "")
	if result := e.end(t); result.Err == nil {
		t.Error("the result does not tell of it")
	}
}
