package target_test

import (
	"context"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/target"
)

func TestAudioSocketFinishSendsTheTailTheHangUpAndFIN(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	s.write([]int16{1, 2})
	s.far.say(audioSocketHex(t, "10 00 02 06 00"))
	s.awaitBytes(5) // Serve runs
	finished := make(chan target.Ended, 1)
	go func() { finished <- s.finish() }()
	s.far.expect("0x10 01000200", "0x00 ")
	if _, err := s.far.next(); !errors.Is(err, io.EOF) {
		t.Errorf("after the hang-up: %v", err)
	}
	// The far end has not closed, so what it still says is heard.
	select {
	case e := <-finished:
		t.Fatalf("did not await the far end: %+v", e)
	default:
	}
	s.far.say(audioSocketHex(t, "10 00 02 07 00"))
	s.far.Close()
	want := target.Ended{By: target.ByLocal, Code: 1000, Reason: "Normal closure"}
	if e := <-finished; e != want {
		t.Errorf("Finish: %+v", e)
	}
	if e := s.end(); e != want {
		t.Errorf("Serve: %+v", e)
	}
	if got := s.heard.samples(8000); !cmp.Equal(got, []int16{6, 7}) {
		t.Errorf("%v", got)
	}
	if err := s.Write(audioSocketPCM([]int16{1}, 8000)); !errors.Is(err, target.ErrClosed) {
		t.Errorf("write after the end: %v", err)
	}
	if e := s.finish(); e != want {
		t.Errorf("second Finish: %+v", e)
	}
}

func TestAudioSocketFinishAwaitsTheFarEndUntilItsContextEnds(t *testing.T) {
	t.Parallel()
	for name, stalled := range map[string]bool{"silent far end": false, "stalled far end": true} {
		s := openAudioSocketTo(t, target.Options{})
		var failed <-chan error
		if stalled {
			failed = s.fill()
		}
		started := time.Now()
		ctx, cancel := context.WithTimeout(context.Background(), 100*time.Millisecond)
		e := s.Finish(ctx, "")
		cancel()
		if took := time.Since(started); e.By != target.ByLocal || took < 100*time.Millisecond || took > audioSocketPatience/2 {
			t.Errorf("%s: %+v after %v", name, e, took)
		}
		if stalled {
			if err := <-failed; !errors.Is(err, target.ErrClosed) {
				t.Errorf("%s: %v", name, err)
			}
		}
		s.end()
	}
}

func TestAudioSocketFinishSaysNothingToAFarEndThatHungUp(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	s.far.say(audioSocketHex(t, "00 00 00"))
	s.end()
	if e := s.finish(); e.By != target.ByRemote || !e.Hangup {
		t.Errorf("%+v", e)
	}
	if m, err := s.far.next(); err == nil {
		t.Errorf("the far end got %s", m.Kind)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if e := s.end(); e.By != target.ByRemote {
		t.Errorf("%+v", e)
	}
}

// A stream that is stopped before anybody read from it ends as well.
func TestAudioSocketFinishWithoutServe(t *testing.T) {
	t.Parallel()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	o := target.Options{URL: audioSocketURL(t, ln.Addr().String()), CallID: audioSocketUUID}
	c := mustOpenAudioSocket(t, &o)
	got := make(chan []byte, 1)
	go func() {
		far, err := ln.Accept()
		if err != nil {
			got <- nil
			return
		}
		b, _ := io.ReadAll(far)
		got <- b
		far.Close()
	}()
	ctx, cancel := context.WithTimeout(context.Background(), audioSocketPatience)
	defer cancel()
	if e := c.Finish(ctx, ""); e.By != target.ByLocal || ctx.Err() != nil {
		t.Errorf("%+v, %v", e, ctx.Err())
	}
	if b := <-got; len(b) != 22 || string(b[19:]) != "\x00\x00\x00" {
		t.Errorf("the far end got %x", b)
	}
	if e := c.Serve(&audioSocketHandler{}); e.By != target.ByLocal {
		t.Errorf("%+v", e)
	}
}
