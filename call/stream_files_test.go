package call_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/media/target"
)

// rawClip is a piece of audio as a message brings it.
func rawClip(d time.Duration) target.Clip {
	return target.Clip{
		Kind: "raw", Rate: 8000, Data: make([]byte, 16*d.Milliseconds()), Body: `{"audioDataType":"raw","sampleRate":8000}`,
	}
}

// temp puts the files of play events into a folder of the test's own, and returns
// what lists it.
func temp(t *testing.T) (func(*call.Options), func() []string) {
	t.Helper()
	dir := t.TempDir()
	return func(o *call.Options) { o.Streams.TempDir = dir }, func() []string {
		list, err := os.ReadDir(dir)
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, f := range list {
			names = append(names, f.Name())
		}
		return names
	}
}

func TestTheFileOfAPlayEventIsThereUntilItWasPlayed(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": strings.Replace(u, "booth", "wsbooth", 1)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := far(0).ear().Clip(rawClip(time.Second)); err != nil {
		t.Fatal(err)
	}
	ev := h.wait("rms:stream_play")
	want := ev.Call + "_0.tmp.r8"
	name, _ := ev.Get("file").(string)
	if filepath.Base(name) != want || ev.Get("body") != `{"audioDataType":"raw","sampleRate":8000,"file":"`+name+`"}` {
		t.Errorf("event %v, want file %s", ev.Fields, want)
	}
	if native := h.wait("mod_audio_stream::play"); native.Get("body") != ev.Get("body") {
		t.Errorf("mod_audio_stream::play %v", native.Fields)
	}
	h.run(500*time.Millisecond, e)
	if data, err := os.ReadFile(name); err != nil || len(data) != 16000 {
		t.Errorf("%d bytes while it plays, %v", len(data), err)
	}
	h.run(600*time.Millisecond, e)
	eventually(t, "file removed", func() bool { return len(files()) == 0 })
	if n := len(h.seen("rms:stream_disconnect")); n != 0 {
		t.Error("the stream is over")
	}
	h.bye(c)
}

func TestFilesCountFrom0InEachStreamAndAgainAfterAStart(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	start := func(x *call.Exec) error {
		_, err := named(x, "stream_start", map[string]any{"url": u, "playback": false})
		return err
	}
	h.runs(script{"rms:start": start})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	for range 2 {
		if err := far(0).ear().Clip(rawClip(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	id := h.wait("rms:stream_play").Call
	if got := strings.Join(files(), " "); got != id+"_0.tmp.r8 "+id+"_1.tmp.r8" {
		t.Errorf("files %s", got)
	}
	stop := func(x *call.Exec) error { _, err := do(x, "stream_stop"); return err }
	if err := h.inScript(c, stop); err != nil {
		t.Fatal(err)
	}
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	if n := len(files()); n != 2 {
		t.Errorf("%d files after the stream that the script may still play", n)
	}
	if err := h.inScript(c, start); err != nil {
		t.Fatal(err)
	}
	if err := far(1).ear().Clip(rawClip(time.Second)); err != nil {
		t.Fatal(err)
	}
	again := h.wait("rms:stream_play")
	if name := again.Get("file").(string); filepath.Base(name) != id+"_0.tmp.r8" {
		t.Errorf("file %s after a new start", name)
	} else if data, err := os.ReadFile(name); err != nil || len(data) != 16000 {
		t.Errorf("%d bytes, %v", len(data), err)
	}
	h.bye(c)
	eventually(t, "files removed with the call", func() bool { return len(files()) == 0 })
}

func TestFilesOfTwoStreamsOfACallDoNotTakeEachOthersPlace(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u1, far1 := h.newBooth()
	u2, far2 := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "stream_start", map[string]any{"url": u1, "name": "one"}); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u2, "name": "two"})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	one, two := far1(0), far2(0)
	if err := one.ear().Clip(rawClip(time.Second)); err != nil {
		t.Fatal(err)
	}
	if err := two.ear().Clip(rawClip(2 * time.Second)); err != nil {
		t.Fatal(err)
	}
	plays := h.seen("rms:stream_play")
	first, err1 := os.ReadFile(plays[0].Get("file").(string))
	second, err2 := os.ReadFile(plays[1].Get("file").(string))
	if err1 != nil || err2 != nil || len(first) != 16000 || len(second) != 32000 {
		t.Errorf("%d and %d bytes in %v, %v %v", len(first), len(second), files(), err1, err2)
	}
	h.bye(c)
	eventually(t, "files removed", func() bool { return len(files()) == 0 })
}

// Bots send their speech in pieces of 20 to 200 ms, faster than it plays.
func TestManyShortPiecesOfAudioLeaveRoomForMarksAndNoFiles(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	for range 50 {
		if err := b.ear().Clip(rawClip(20 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
	}
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_mark", "end"); return err }); err != nil {
		t.Errorf("a mark behind 50 pieces: %v", err)
	}
	h.run(1100*time.Millisecond, e)
	eventually(t, "files removed", func() bool { return len(files()) == 0 })
	if ev := h.wait("rms:stream_mark"); ev.Get("state") != call.MarkPlayed {
		t.Errorf("mark %v", ev.Fields)
	}
	h.bye(c)
}

func TestTheFilesOfACallAreBounded(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "playback": false}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	big := target.Clip{Kind: "wav", Data: make([]byte, 3<<20), Body: `{"audioDataType":"wav"}`}
	for range 30 {
		if err := b.ear().Clip(big); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(files()); n != 21 {
		t.Errorf("%d files of 3 MiB, want 21 in 64 MiB", n)
	}
	if ev := h.wait("rms:stream_play"); ev.Get("file") != "" {
		t.Errorf("event of audio that was not kept: %v", ev.Fields)
	}
	h.bye(c)
	eventually(t, "files removed", func() bool { return len(files()) == 0 })
}

func TestTheFileOfATailIsThereUntilItWasPlayed(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	if err := b.ear().Clip(rawClip(time.Second)); err != nil {
		t.Fatal(err)
	}
	b.end(target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure"})
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	h.run(500*time.Millisecond, e)
	if n := len(files()); n != 1 {
		t.Errorf("%d files while the tail plays", n)
	}
	h.run(700*time.Millisecond, e)
	eventually(t, "file removed", func() bool { return len(files()) == 0 })
	h.bye(c)
}

func TestAFileNeverFollowsALink(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim := filepath.Join(t.TempDir(), "victim")
	if err := os.WriteFile(victim, []byte("mine"), 0o600); err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, nil, func(o *call.Options) { o.Streams.TempDir = dir })
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	id := h.wait("rms:stream_connect").Call
	if err := os.Symlink(victim, filepath.Join(dir, id+"_0.tmp.r8")); err != nil {
		t.Fatal(err)
	}
	if err := far(0).ear().Clip(rawClip(time.Second)); err != nil {
		t.Fatal(err)
	}
	if data, err := os.ReadFile(victim); err != nil || string(data) != "mine" {
		t.Errorf("the link was followed: %d bytes, %v", len(data), err)
	}
	h.bye(c)
}

func TestAudioThatCannotBeDecodedIsAnErrorAndTheStreamGoesOn(t *testing.T) {
	t.Parallel()
	dir, files := temp(t)
	h := newHouse(t, nil, dir)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	for _, kind := range []string{"wav", "mp3", "ogg"} {
		if err := far(0).ear().Clip(target.Clip{Kind: kind, Data: []byte("no audio at all"), Body: "{}"}); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(h.seen("rms:stream_error")); n != 3 {
		t.Errorf("%d errors", n)
	}
	if n := len(h.seen("rms:stream_disconnect")); n != 0 {
		t.Error("the stream is over")
	}
	h.bye(c)
	eventually(t, "files removed", func() bool { return len(files()) == 0 })
}
