package call_test

import (
	"testing"
	"time"

	"rms/call"
)

func TestRepliesOfTheRecordCommand(t *testing.T) {
	t.Parallel()
	const usage = "-USAGE: <uuid> [start|stop|mask|unmask] <path> [<limit>]\n"
	s := newStudio(t, script{}, nil)
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	uuid := s.wait("rms:ack").Call
	for _, step := range []struct{ command, reply string }{
		{"uuid_record", usage},
		{"uuid_record UUID", usage},
		{"uuid_record UUID start", usage},
		{"uuid_record UUID begin a.wav", usage},
		{"uuid_record nobody start a.wav", "-ERR Cannot locate session!\n"},
		{"uuid_record UUID stop a.wav", "-ERR Cannot stop record session!\n"},
		{"uuid_record UUID mask a.wav", "-ERR Cannot mask recording session!\n"},
		{"uuid_record UUID unmask a.wav", "-ERR Cannot unmask recording session!\n"},
		{"uuid_record UUID start /etc/a.wav", "-ERR Cannot record session!\n"},
		{"uuid_record UUID start " + s.root + "/x/a.wav 3600", "+OK Success\n"},
		{"uuid_record UUID start " + s.root + "/x/a.wav", "-ERR Cannot record session!\n"},
		{"uuid_record UUID mask " + s.root + "/x/a.wav", "+OK Success\n"},
		{"uuid_record UUID mask " + s.root + "/x/a.wav", "-ERR Cannot mask recording session!\n"},
		{"uuid_record UUID unmask " + s.root + "/x/a.wav", "+OK Success\n"},
		{"uuid_record UUID stop " + s.root + "/x/a.wav", "+OK Success\n"},
		{"uuid_record UUID start 'two words.wav'", "+OK Success\n"},
		{"uuid_record UUID stop all", "+OK Success\n"},
		{"uuid_record UUID stop all", "-ERR Cannot stop record session!\n"},
	} {
		if got := s.api(c, uuid, step.command)[0]; got != step.reply {
			t.Errorf("%s: %q, want %q", step.command, got, step.reply)
		}
	}
	s.until("both ended", func() bool { return len(s.seen("rms:record_stop")) == 2 }, e)
	if got := s.listen("x/a.wav"); got.info.Format.Channels != 1 || got.told.Name != s.root+"/x/a.wav" {
		t.Errorf("%+v %q", got.info, got.told.Name)
	}
	s.listen("two words.wav")
	s.bye(c)
}

func TestVariablesChooseWhatUUIDRecordTakes(t *testing.T) {
	t.Parallel()
	s := newStudio(t, script{}, nil)
	e := newEar(t)
	c := s.dial(e, e.offer("0"))
	uuid := s.wait("rms:ack").Call
	s.api(c, uuid, "uuid_setvar UUID RECORD_STEREO true", "uuid_record UUID start a.wav")
	s.until("begun", func() bool { return len(s.seen("rms:record_start")) == 1 }, e)
	s.run(200*time.Millisecond, e)
	if ev := s.wait("rms:record_start"); ev.Get("sides") != "stereo" {
		t.Errorf("%v", ev.Fields)
	}
	info, err := s.calls.Info(t.Context(), uuid, false)
	if err != nil || len(info.Recordings) != 1 || info.Recordings[0].State != "recording" || info.Recordings[0].LengthMS < 100 {
		t.Errorf("%+v %v", info, err)
	}
	s.bye(c)
	if got, _ := s.recorded(); got.info.Format.Channels != 2 {
		t.Errorf("%+v", got.info)
	}
}

func TestWaitForTheEndOfARecording(t *testing.T) {
	t.Parallel()
	v, ok := call.Lookup("record_start")
	if !ok || v.WaitForm() == nil {
		t.Fatal("scripts cannot wait for the end of a recording")
	}
}
