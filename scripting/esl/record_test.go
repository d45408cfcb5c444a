package esl_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/record"
)

// recording gives the house a store of recordings.
func recording(t *testing.T) (root string, change func(*call.Options)) {
	t.Helper()
	root = t.TempDir()
	store, err := record.Open(record.Options{Root: root, Interval: 20 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		_ = store.Close(ctx)
	})
	return root, func(o *call.Options) { o.Records, o.Recording.Root = store, root }
}

func TestApplicationsThatRecord(t *testing.T) {
	t.Parallel()
	root, with := recording(t)
	h := newHouseWith(t, waiting, with)
	c := h.client()
	c.do("event plain CHANNEL_EXECUTE_COMPLETE", "+OK event listener enabled plain")
	watcher := h.client() // these events come when the disk is ready, before or behind the others
	watcher.do("event plain RECORD_START RECORD_STOP", "+OK event listener enabled plain")
	path := filepath.Join(root, "both.wav")
	told := func(name string) {
		t.Helper()
		for watcher.event(name).get("Record-File-Path") != path {
		}
	}
	id, p := h.ringing()
	if r, _ := c.execute(id, "answer", ""); r != "_none_" {
		t.Fatal(r)
	}
	p.Expect(200)
	p.Ack()
	if r, _ := c.execute(id, "record_session", path+" +60"); r != "_none_" {
		t.Error(r)
	}
	told("RECORD_START")
	if r, _ := c.execute(id, "record_session", path); !strings.HasPrefix(r, "-ERR") {
		t.Errorf("twice: %q", r)
	}
	if r, m := c.execute(id, "record", "one.wav 1"); r != "_none_" || m.get("Application") != "record" {
		t.Errorf("record: %q", r)
	}
	if st, err := os.Stat(filepath.Join(root, "one.wav")); err != nil || st.Size() < 15000 || st.Size() > 18000 {
		t.Errorf("a second of one side: %v %v", st, err)
	}
	if r, _ := c.execute(id, "stop_record_session", path); r != "_none_" {
		t.Error(r)
	}
	told("RECORD_STOP")
	if r, _ := c.execute(id, "record", "/etc/x.wav"); !strings.HasPrefix(r, "-ERR") {
		t.Errorf("outside: %q", r)
	}
	p.Bye()
	p.Expect(200)
}
