package call_test

import (
	"context"
	"encoding/json"
	"errors"
	"math"
	"testing"
	"time"

	"rms/call"
	"rms/media/wire/audiosocket"
)

func info(t *testing.T, h *house, id string) *call.CallInfo {
	t.Helper()
	ctx, cancel := contextWithTimeout(5 * time.Second)
	defer cancel()
	i, err := h.calls.Info(ctx, id, true)
	if err != nil {
		t.Fatal(err)
	}
	return i
}

func TestInfoTellsWhatACallDoes(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	id := d.calls.List()[0].ID
	d.do("set", map[string]any{"name": "queue", "value": "sales"})
	d.do("play", map[string]any{"file": "menu.wav"})
	d.do("play", map[string]any{"file": "tone:300", "mode": "mix", "loop": true})
	d.do("sleep", map[string]any{"seconds": int64(5)})
	d.do("collect", map[string]any{"prompt": "menu.wav"})
	d.run(500*time.Millisecond, d.ear)
	i := info(t, d.house, id)
	if i.ID != id || i.Kind != "sip" || i.State != "answered" || i.Codec != "PCMU/8000" || i.Direction != "sendrecv" || i.Hold ||
		i.SIPCallID == "" || i.Transport != "udp" || i.Answered == nil || i.Seconds <= 0 || !i.Collecting || i.Sleeps != 1 {
		t.Errorf("%+v", i)
	}
	if i.Variables["queue"] != "sales" || len(i.Plays) != 3 {
		t.Fatalf("%+v", i)
	}
	if p := i.Plays[0]; p.File != "menu.wav" || p.Mode != "queue" || p.State != "playing" || math.Abs(float64(p.PlayedMS)-500) > 60 {
		t.Errorf("%+v", p)
	}
	if p := i.Plays[1]; p.State != "waiting" || p.PlayedMS != 0 {
		t.Errorf("%+v", p)
	}
	if p := i.Plays[2]; p.File != "tone:300" || p.Mode != "mix" {
		t.Errorf("%+v", p)
	}
	if i.RTP == nil || i.RTP.PacketsOut < 20 || i.RTP.Lost != 0 {
		t.Errorf("%+v", i.RTP)
	}
	b, err := json.Marshal(i)
	if err != nil || !json.Valid(b) {
		t.Error(err)
	}
}

func TestInfoOfACallThatIsNotThere(t *testing.T) {
	t.Parallel()
	m := bare(t)
	if _, err := m.Info(t.Context(), "none", false); !errors.Is(err, call.ErrNoSuchCall) || !errors.Is(err, call.ErrGone) {
		t.Error(err)
	}
}

func TestInfoWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	d := newDesk(t, script{})
	release := d.calls.Hold()
	defer release()
	ctx, cancel := contextWithTimeout(20 * time.Millisecond)
	defer cancel()
	id := d.calls.List()[0].ID // List waits for nobody
	if _, err := d.calls.Info(ctx, id, false); !errors.Is(err, context.DeadlineExceeded) || call.ClassOf(err) != call.ClassBusy {
		t.Error(err)
	}
}

func TestListShowsHowCallsStand(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{"route": func(x *call.Exec) error {
		if x.Method() == "INVITE" {
			_, err := do(x, "ring")
			return err
		}
		return nil
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("8"))
	c.Expect(180)
	h.settle()
	i := h.calls.List()[0]
	if i.State != "early" || i.Answered != nil || i.RTP != nil || i.From == "" || i.Source == "" {
		t.Errorf("%+v", i)
	}
	if st := h.calls.Stats(); st.States["early"] != 1 || st.Live != 1 || st.Setup.Count != 0 {
		t.Errorf("%+v", st)
	}
	x, err := h.calls.Door(i.ID, call.FromAPI)
	if err == nil {
		_, err = do(x, "answer")
	}
	if err != nil {
		t.Fatal(err)
	}
	c.Expect(200)
	c.Ack()
	h.wait("rms:ack")
	h.settle()
	if i := h.calls.List()[0]; i.State != "answered" || i.Codec != "PCMA/8000" || i.Answered == nil || i.RTP == nil {
		t.Errorf("%+v", i)
	}
	if st := h.calls.Stats(); st.States["answered"] != 1 || st.Setup.Count != 1 || st.Setup.Sum <= 0 || st.Media.Sessions != 1 || st.Verbs["answer"].Uses != 1 {
		t.Errorf("%+v", st)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestCountsOfCallsThatAreOverStay(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	h.tone("menu.wav", 8000, 440, time.Second)
	var last uint64
	for range 3 {
		e := newEar(t)
		c := h.dial(e, e.offer("0"))
		h.wait("rms:start")
		h.settle()
		x, err := h.calls.Door(h.calls.List()[0].ID, call.FromAPI)
		if err == nil {
			_, err = do(x, "play", "menu.wav")
		}
		if err == nil {
			_, err = do(x, "play", "menu.wav", "rms:none")
		}
		if err == nil {
			t.Error("a route that is not there was taken")
		}
		h.run(200*time.Millisecond, e)
		live := h.calls.Stats().Media.PacketsOut
		c.Bye()
		c.Expect(200)
		for h.calls.Len() > 0 {
			if now := h.calls.Stats().Media.PacketsOut; now < live {
				t.Fatalf("%d packets, %d before", now, live)
			}
			h.tick(e)
		}
		st := h.calls.Stats()
		if st.Media.PacketsOut < max(last+8, live) || st.Media.Sessions != 0 {
			t.Errorf("%+v after %d", st.Media, last)
		}
		last = st.Media.PacketsOut
	}
	st := h.calls.Stats()
	if v := st.Verbs["play"]; v.Uses != 6 || v.Failed != 3 {
		t.Errorf("%+v", v)
	}
	if st.Events == 0 || st.Total != 3 {
		t.Errorf("%+v", st)
	}
}

func TestInfoOfACallByAudioSocket(t *testing.T) {
	t.Parallel()
	h := newHouse(t, script{})
	h.ring(h.switchboard(audiosocket.ServerOptions{}), socketID)
	h.wait("rms:start")
	h.run(100 * time.Millisecond)
	i := info(t, h, socketID)
	if i.Kind != "audiosocket" || i.ID != socketID || i.Codec != "L16/8000" || i.State != "answered" || i.RTP == nil {
		t.Errorf("%+v", i)
	}
}

func TestHistogramCountsEachInOneBucket(t *testing.T) {
	t.Parallel()
	h := call.Observed(0, 100*time.Microsecond, 101*time.Microsecond, time.Second, time.Hour)
	if h.Count != 5 || h.Counts[0] != 2 || h.Counts[1] != 1 || h.Counts[len(h.Counts)-1] != 1 || len(h.Counts) != len(call.Buckets)+1 {
		t.Errorf("%+v", h)
	}
}
