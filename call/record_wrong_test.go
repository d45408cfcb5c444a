package call_test

import (
	"errors"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"rms/call"
	"rms/media/record"
)

// sick is a disk that fails, is full, or does not answer when it is told to.
type sick struct {
	record.FS
	create atomic.Bool
	stall  chan struct{} // while it is open, nothing is created
}

func newSick(t *testing.T) *sick {
	t.Helper()
	dir, err := record.OpenDir(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	return &sick{FS: dir}
}

func (s *sick) Create(name string) (record.File, error) {
	if s.stall != nil {
		<-s.stall
	}
	if s.create.Load() {
		return nil, &os.PathError{Op: "create", Path: name, Err: errors.New("input/output error")}
	}
	return s.FS.Create(name)
}

func TestWithoutAStoreRecordingSaysWhatToSet(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	err := h.inScript(c, verb("record_start"))
	if err == nil || err.Error() != "recording is off: set record.root" {
		t.Error(err)
	}
	h.bye(c)
}

func TestRecordingVerbsInWrongStatesSayWhy(t *testing.T) {
	t.Parallel()
	s := newStudio(t, script{}, nil)
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	for _, name := range []string{"record_stop", "record_pause", "record_resume"} {
		if err := s.inScript(c, verb(name)); err == nil || err.Error() != "the call is not recorded" {
			t.Errorf("%s: %v", name, err)
		}
	}
	if err := s.inScript(c, verb("record_mark", "here")); err == nil || err.Error() != "the call is not recorded" {
		t.Errorf("mark: %v", err)
	}
	if err := s.inScript(c, verb("record_start", "a.wav")); err != nil {
		t.Fatal(err)
	}
	for _, u := range []struct {
		verb string
		args map[string]any
		want string
	}{
		{"record_start", map[string]any{"file": "b.wav"}, `the call has a recording "record" already`},
		{"record_stop", map[string]any{"name": "other"}, `the call has no recording "other"`},
		{"record_resume", nil, `the recording "record" is not paused`},
		{"record_start", map[string]any{"name": "n", "file": "../b.wav"}, `begins with a dot`},
		{"record_start", map[string]any{"name": "n", "file": "/etc/b.wav"}, `the name is absolute`},
		{"record_start", map[string]any{"name": "n", "file": "b.mp3"}, `does not end in .wav`},
		{"record_start", map[string]any{"name": "n", "sides": "left"}, `parameter "sides"`},
		{"record_start", map[string]any{"name": "n", "encrypt": true}, `there is no key to encrypt to: set record.encrypt`},
		{"record_start", map[string]any{"name": "n", "terminators": "x"}, `"X" is no key`},
		{"record_start", map[string]any{"name": strings.Repeat("n", 2000)}, `a name of 1 to 1024 bytes`},
		{"record_mark", map[string]any{"text": ""}, `a mark has 1 to 256 bytes`},
		{"record_delete", map[string]any{"file": "a.wav"}, `recording is off`},
	} {
		err := s.inScript(c, func(x *call.Exec) error {
			_, err := named(x, u.verb, u.args)
			return err
		})
		if err == nil || !strings.Contains(err.Error(), u.want) {
			t.Errorf("%s %v: %v, want %q", u.verb, u.args, err, u.want)
		}
	}
	if err := s.inScript(c, verb("record_pause")); err != nil {
		t.Error(err)
	}
	if err := s.inScript(c, verb("record_pause")); err == nil || !strings.Contains(err.Error(), "paused already") {
		t.Error(err)
	}
	if err := s.inScript(c, verb("media_stop")); err != nil {
		t.Error(err)
	}
	if err := s.inScript(c, verb("record_start", "c.wav")); err == nil || err.Error() != "the media of the call was stopped" {
		t.Error(err)
	}
	s.bye(c)
}

func TestACallHasAtMostEightRecordings(t *testing.T) {
	t.Parallel()
	s := newStudio(t, script{}, nil)
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	err := s.inScript(c, func(x *call.Exec) error {
		for _, n := range strings.Split("abcdefgh", "") {
			if _, err := named(x, "record_start", map[string]any{"name": n, "file": n + ".wav"}); err != nil {
				t.Error(err)
			}
		}
		_, err := named(x, "record_start", map[string]any{"name": "i", "file": "i.wav"})
		return err
	})
	if err == nil || err.Error() != "the call has 8 recordings already" {
		t.Error(err)
	}
	s.bye(c)
	if n := len(s.seen("rms:record_stop")); n != 8 {
		t.Errorf("%d ends", n)
	}
}

func TestACallThatMustBeRecordedIsRefusedWithoutAStore(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"rms:invite": func(x *call.Exec) error {
		_, err := named(x, "record_start", map[string]any{"required": true})
		if err == nil || !strings.Contains(err.Error(), "record.root") {
			t.Errorf("%v", err)
		}
		return nil
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	if m := c.Expect(503); !strings.Contains(m.Start, "503 The Call Must Be Recorded And Cannot Be") {
		t.Errorf("%q", m.Start)
	}
	h.wait("rms:end")
}

func TestACallThatMustBeRecordedEndsWhenTheDiskFails(t *testing.T) {
	t.Parallel()
	disk := newSick(t)
	disk.create.Store(true)
	s := newStudio(t, nil, disk, func(o *call.Options) { o.Recording.Required = true })
	s.runs(records(map[string]any{"file": "a.wav"}))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	bye := c.ExpectRequest("BYE")
	if !strings.Contains(bye.Header("Reason"), "Must Be Recorded") {
		t.Errorf("%q", bye.Header("Reason"))
	}
	c.Reply(bye, 200, "", "")
	ev := s.wait("rms:end")
	if !strings.Contains(ev.Get("cause").(string), "Must Be Recorded") {
		t.Errorf("%v", ev.Fields)
	}
	if ev := s.wait("rms:record_error"); !strings.Contains(ev.Get("error").(string), "input/output error") {
		t.Errorf("%v", ev.Fields)
	}
	if n := len(s.seen("rms:record_stop")); n != 1 {
		t.Errorf("the end was told %d times", n)
	}
}

func TestADiskThatDoesNotAnswerHoldsNoCall(t *testing.T) {
	t.Parallel()
	disk := newSick(t)
	disk.stall = make(chan struct{})
	s := newStudio(t, nil, disk)
	t.Cleanup(func() { close(disk.stall) })
	s.runs(records(map[string]any{"file": "a.wav"}))
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.talk(e, 1000, 500*time.Millisecond)
	ports := make(chan int, 1) // in use when the end of the recording is told, 5 s after the BYE
	s.when("rms:record_stop", func() { ports <- s.calls.PortsUsed() })
	began := time.Now()
	c.Bye()
	c.Expect(200)
	ev := s.wait("rms:record_stop")
	if d := time.Since(began); ev.Get("reason") != "slow" || d < 4*time.Second {
		t.Errorf("after %v: %v", d, ev.Fields)
	}
	if n := <-ports; n != 0 {
		t.Errorf("%d ports wait for the disk", n)
	}
	s.wait("rms:end")
}

func TestTheEndOfARecordingIsToldAlsoByACallThatIsAbandoned(t *testing.T) {
	t.Parallel()
	disk := newSick(t)
	disk.stall = make(chan struct{})
	s := newStudio(t, nil, disk)
	t.Cleanup(func() { close(disk.stall) })
	crash := func(x *call.Exec) error { _, _ = do(x, "test_panic"); return nil }
	s.runs(records(map[string]any{"file": "a.wav"}, crash))
	s.on(call.EventMediaError, crash)
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	s.wait("rms:end")
	if len(s.seen(call.EventMediaError)) < 3 {
		t.Fatal("the call was not abandoned")
	}
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	// That of a call that waits for the disk is "slow".
	if all := s.seen("rms:record_stop"); len(all) != 1 || all[0].Get("reason") != "error" {
		t.Errorf("%+v", all)
	}
}
