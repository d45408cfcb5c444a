//go:build linux

package interop_test

import (
	"fmt"
	"math"
	"strconv"
	"syscall"
	"testing"
	"time"
)

// A stream of 192 kB a second fills every buffer on the way within a second or two.
const wide = `mix = "stereo", rate = 48000`

func TestAServerThatStopsReadingDelaysNobodyAndIsLiveAgainAtOnce(t *testing.T) {
	p := startPeer(t, "ws-server.js")
	s := startServer(t, firstServer, streams(playPrompt,
		fmt.Sprintf(`url = %q, name = "stuck", %s, ring = "500ms"`, p.url("/stuck"), wide),
		fmt.Sprintf(`url = %q, name = "fine"`, p.url("/fine"))), promptRoot(t))
	c := ring(t, s, "-1s")
	stuck := p.see(1, "open", func(o sighting) bool { return o.Path == "/stuck" })
	fine := p.see(1, "open", func(o sighting) bool { return o.Path == "/fine" })
	time.Sleep(time.Second)
	p.do(map[string]any{"do": "pause", "id": stuck.ID, "time": 7000})
	p.see(1, "done", func(o sighting) bool { return o.Do == "pause" })
	time.Sleep(1500 * time.Millisecond) // what was queued arrives in a burst
	p.do(map[string]any{"do": "report", "id": stuck.ID})
	before := p.see(1, "report", nil)
	time.Sleep(time.Second)
	p.do(map[string]any{"do": "report", "id": stuck.ID})
	after := p.see(2, "report", nil)
	if n, want := float64(after.Frames-before.Frames), (after.At-before.At)/20; math.Abs(n-want) > 5+want/5 {
		t.Errorf("%.0f frames in the second after the burst, want %.0f", n, want)
	}
	p.do(map[string]any{"do": "text", "id": fine.ID, "text": "do hangup"})
	o := c.over(t)
	o.undisturbed(t, 10*time.Second)
	end := p.end(stuck.ID)
	s.moment(t, 2, "disconnect")
	lost := map[string]int{} // ms, by stream
	for _, m := range s.moments("drop") {
		ms, _ := strconv.Atoi(m.text)
		lost[m.name] += ms
	}
	dropped := lost["stuck"]
	if lost["fine"] > 1000 { // less is what the clock of a busy machine gave up
		t.Errorf("%d ms of the other stream were dropped", lost["fine"])
	}
	if dropped < 1000 || dropped > 9000 {
		t.Errorf("%d ms of audio were reported as dropped in a pause of 7 s", dropped)
	}
	seen := end.Frames*20 + dropped
	if d := seen - int(end.lasted().Milliseconds()); d < -1000 || d > 1000 {
		t.Errorf("%d frames came and %d ms were dropped in %v: what is missing is delay", end.Frames, dropped, end.lasted())
	}
	wantFrames(t, "the stream beside", p.end(fine.ID), 320, 20*time.Millisecond)
}

func TestServersThatFreezeBreakOrVanishLeaveTheCallAlone(t *testing.T) {
	frozen, broken := startPeer(t, "ws-server.js"), startPeer(t, "ws-server.js")
	voice := startPeer(t, "audiosocket-asterisk.js")
	s := startServer(t, firstServer, streams(playPrompt,
		fmt.Sprintf(`url = %q, name = "frozen", %s`, frozen.url("/"), wide),
		fmt.Sprintf(`url = %q, name = "broken"`, broken.url("/")),
		fmt.Sprintf(`url = %q, name = "killed"`, voice.audiosocket())), promptRoot(t))
	c := ring(t, s, "6s", "--codec", "PCMU")
	for _, p := range []*peer{frozen, broken, voice} {
		p.see(1, "open", nil)
	}
	frozen.signal(t, syscall.SIGSTOP)
	t.Cleanup(func() { frozen.signal(t, syscall.SIGCONT) })
	broken.do(map[string]any{"do": "terminate"})
	voice.signal(t, syscall.SIGKILL)
	o := c.over(t)
	frozen.signal(t, syscall.SIGCONT)
	if o.undisturbed(t, 5*time.Second); o.HeardS < 4.5 {
		t.Errorf("the caller heard %.1f s of 6", o.HeardS)
	}
	ends := map[string]string{}
	for n := 1; n <= 3; n++ {
		m := s.moment(t, n, "disconnect")
		ends[m.name] = m.code
	}
	if ends["broken"] != "1006" || len(ends) != 3 {
		t.Errorf("disconnects %v, want one of each stream, 1006 for the one that broke", ends)
	}
}
