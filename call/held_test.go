package call_test

import (
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/record"
)

// requiredRoute records before it does the rest.
func requiredRoute(args map[string]any, more ...func(x *call.Exec) error) func(x *call.Exec) error {
	return func(x *call.Exec) error {
		args["required"] = true
		if _, err := named(x, "record_start", args); err != nil {
			return err
		}
		for _, do := range more {
			if err := do(x); err != nil {
				return err
			}
		}
		return nil
	}
}

// heldStudio has a disk that does not open files before the test lets it.
func heldStudio(t *testing.T, s script, change ...func(*call.Options)) (*studio, *sick) {
	t.Helper()
	root := t.TempDir()
	dir, err := record.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	disk := &sick{FS: dir, stall: make(chan struct{})}
	patient := func(o *call.Options) { o.Recording.Open = time.Hour }
	st := newStudio(t, s, disk, append([]func(*call.Options){patient}, change...)...)
	st.root = root
	return st, disk
}

// states lists what the calls of the house are.
func (s *studio) states() string {
	var all []string
	for _, i := range s.calls.List() {
		all = append(all, i.State)
	}
	return strings.Join(all, " ")
}

func TestNoAnswerBeforeARequiredRecordingIsOpen(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	s, disk := heldStudio(t, nil)
	s.runs(script{"rms:invite": func(x *call.Exec) error {
		err := requiredRoute(map[string]any{"file": "a.wav"}, verb("answer"), func(x *call.Exec) error {
			if _, err := do(x, "answer"); err == nil || !strings.Contains(err.Error(), "is being answered") {
				t.Errorf("a second answer: %v", err)
			}
			if _, err := do(x, "progress"); err == nil || !strings.Contains(err.Error(), "is being answered") {
				t.Errorf("early media behind the answer: %v", err)
			}
			return nil
		}, tone400)(x)
		done <- err
		return err
	}})
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	s.run(500 * time.Millisecond)
	if st := s.states(); st != "invited" {
		t.Errorf("the call is %q while its file is not open", st)
	}
	if ev := append(s.seen("rms:start"), s.seen("rms:play_start")...); len(ev) > 0 {
		t.Errorf("%v before the answer", ev)
	}
	close(disk.stall)
	e.aim(c.Expect(200).Body)
	c.Ack()
	s.wait("rms:play_start")
	if names := s.names(); strings.Index(names, "rms:record_start") > strings.Index(names, "rms:start") {
		t.Errorf("the call began before its recording: %s", names)
	}
	s.talk(e, 1000, time.Second)
	s.bye(c)
	got, _ := s.recorded()
	if !got.told.Required {
		t.Error("the sidecar does not say that it was required")
	}
	s.levels("callee", got.sides[1][4000:], 8000, 400)
}

func TestACallWhoseRequiredRecordingDoesNotOpenGets503(t *testing.T) {
	t.Parallel()
	for name, more := range map[string][]func(x *call.Exec) error{
		"answer":      {verb("answer")},
		"built in":    nil,
		"early media": {verb("progress"), verb("answer")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			disk := newSick(t)
			disk.create.Store(true)
			s := newStudio(t, script{"rms:invite": requiredRoute(map[string]any{"file": "a.wav"}, more...)}, disk)
			e := newEar(t)
			c := s.invite(e, e.offer("0"))
			m := c.Expect(503)
			if !strings.Contains(m.Start, "Must Be Recorded") || m.Header("Retry-After") == "" {
				t.Errorf("%q", m.Start)
			}
			c.AckRefusal()
			s.wait("rms:end")
			if ev := s.wait("rms:record_error"); !strings.Contains(ev.Get("error").(string), "input/output error") {
				t.Errorf("%v", ev.Fields)
			}
			if ev := append(s.seen("rms:start"), s.seen("rms:progress")...); len(ev) > 0 {
				t.Errorf("%v", ev)
			}
		})
	}
}

func TestADiskThatDoesNotOpenARequiredRecordingInTimeRefusesTheCall(t *testing.T) {
	t.Parallel()
	s, disk := heldStudio(t, script{"rms:invite": requiredRoute(map[string]any{"file": "a.wav"})}, func(o *call.Options) {
		o.Recording.Open = 50 * time.Millisecond
	})
	defer close(disk.stall)
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	c.Expect(503)
	c.AckRefusal()
	if ev := s.wait("rms:record_error"); !strings.Contains(ev.Get("error").(string), "has not answered for 50ms (record.open_timeout)") {
		t.Errorf("%v", ev.Fields)
	}
}

func TestACallerMayGoWhileHisRecordingIsOpened(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	s, disk := heldStudio(t, nil)
	s.runs(script{"rms:invite": requiredRoute(map[string]any{"file": "a.wav"}, verb("progress"), verb("answer"), func(*call.Exec) error {
		done <- nil
		return nil
	})})
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	<-done
	c.Cancel()
	c.Expect(200)
	c.Expect(487)
	c.AckRefusal()
	close(disk.stall)
	s.wait("rms:end")
	if ev := append(s.seen("rms:start"), s.seen("rms:progress")...); len(ev) > 0 {
		t.Errorf("%v", ev)
	}
}

func TestARecordingThatIsStoppedHoldsNoAnswer(t *testing.T) {
	t.Parallel()
	s, disk := heldStudio(t, script{"rms:invite": requiredRoute(map[string]any{"file": "a.wav"}, verb("answer"), verb("record_stop"))})
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	c.Expect(200)
	c.Ack()
	close(disk.stall)
	s.bye(c)
}

func TestEarlyMediaAndAnswerAreHeldInTheirOrder(t *testing.T) {
	t.Parallel()
	done := make(chan error, 1)
	s, disk := heldStudio(t, nil)
	s.runs(script{"rms:invite": requiredRoute(map[string]any{"file": "a.wav"}, verb("progress"), tone400, verb("answer"), func(*call.Exec) error {
		done <- nil
		return nil
	})})
	e := newEar(t)
	c := s.invite(e, e.offer("0"))
	<-done
	s.run(100 * time.Millisecond)
	if ev := append(s.seen("rms:play_start"), s.seen("rms:progress")...); len(ev) > 0 {
		t.Errorf("%v", ev)
	}
	close(disk.stall)
	e.aim(c.Expect(183).Body)
	c.Expect(200)
	c.Ack()
	s.wait("rms:play_start")
	s.bye(c)
}
