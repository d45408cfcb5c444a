package rtp_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"
)

func TestMediaTimeoutIsReportedOnce(t *testing.T) {
	t.Parallel()
	c := config()
	c.Timeout = 5 * time.Second
	r := newRig(t, c)
	for i := range 100 {
		r.arrive(far, audio(i))
		r.talk()
	}
	r.idle(4900 * time.Millisecond)
	if r.timeouts != 0 {
		t.Fatal("too early")
	}
	r.idle(time.Minute)
	if r.timeouts != 1 {
		t.Errorf("%d reports", r.timeouts)
	}
}

func TestRTCPAloneKeepsTheMediaAlive(t *testing.T) {
	t.Parallel()
	c := config()
	c.Timeout = 5 * time.Second
	r := newRig(t, c)
	rr, _ := (&rtcp.ReceiverReport{SSRC: 0x1234}).Marshal()
	for range 20 {
		r.arriveRTCP(farRTCP, rr)
		r.idle(4 * time.Second)
	}
	if r.timeouts != 0 {
		t.Error("timed out")
	}
}

func TestForeignAndBrokenPacketsDoNotKeepTheMediaAlive(t *testing.T) {
	t.Parallel()
	c := config()
	c.Timeout = 5 * time.Second
	r := newRig(t, c)
	for i := range 20 {
		r.arrive(foe, audio(2*i))
		r.arriveRTCP(farRTCP, []byte{0x80, 200, 0xff, 0xff, 0, 0, 0, 1})
		r.idle(time.Second)
	}
	if r.timeouts != 1 {
		t.Errorf("%d reports", r.timeouts)
	}
}

func TestHoldDoesNotTimeOutAndResumeStartsAnew(t *testing.T) {
	t.Parallel()
	c := config()
	c.Timeout = 5 * time.Second
	r := newRig(t, c)
	hold := c
	hold.Receive = false
	r.s.Update(hold)
	r.idle(time.Hour / 60)
	if r.timeouts != 0 {
		t.Fatal("timed out on hold")
	}
	r.s.Update(c)
	r.idle(4 * time.Second)
	if r.timeouts != 0 {
		t.Fatal("timed out too soon after hold")
	}
	r.idle(2 * time.Second)
	if r.timeouts != 1 {
		t.Errorf("%d reports", r.timeouts)
	}
}

func TestAudioOnHoldIsNotPlayed(t *testing.T) {
	t.Parallel()
	c := config()
	c.Receive = false
	r := newRig(t, c)
	for i := range 10 {
		r.arrive(far, audio(i))
		r.turn(nil)
		if got := r.read(frame("", 0), 160); len(got) != 0 {
			t.Fatalf("played %v", got)
		}
	}
}
