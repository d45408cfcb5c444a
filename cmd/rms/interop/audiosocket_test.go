//go:build linux

package interop_test

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	"rms/media/audiotest"
)

// Bytes on the wire: the identity, and 20 ms at 8000 Hz.
const identityBytes, slinBytes = 19, 323

func (p *peer) audiosocket() string { return "audiosocket://127.0.0.1:" + p.port }

var audiosocketPeers = []string{"audiosocket-fonoster.js", "audiosocket-asterisk.js"}

func TestAudioSocketServersGetTheCallWhole(t *testing.T) {
	for _, script := range audiosocketPeers {
		t.Run(script, func(t *testing.T) {
			p := startPeer(t, script)
			s := startServer(t, firstServer, streams(
				"  xinfo(\"STREAM id||\" .. call.id .. \"|\")\n"+playPrompt,
				fmt.Sprintf(`url = %q, name = "call"`, p.audiosocket()),
				fmt.Sprintf(`url = %q, name = "given", mix = "mixed"`, p.audiosocket()+"/40325ec2-5efd-4bd3-805f-53576e581d13"),
			), promptRoot(t))
			c := ring(t, s, "4s")
			id := s.moment(t, 1, "id").code
			own := p.see(1, "open", func(o sighting) bool { return o.UUID == id })
			given := p.see(1, "open", func(o sighting) bool { return o.UUID == "40325ec2-5efd-4bd3-805f-53576e581d13" })
			for _, test := range []struct {
				name  string
				end   sighting
				tones []float64
			}{
				{"the call's own UUID", p.end(own.ID), []float64{callerHz}},
				{"a given UUID, both sides", p.end(given.ID), []float64{callerHz, promptHz}},
			} {
				// One server takes a message from each chunk of TCP, and drops the rest of
				// the chunk: what it had no time to read before the next came.
				lost := (test.end.Wire - identityBytes - slinBytes*test.end.Frames) / slinBytes
				if lost > 0 && script == "audiosocket-asterisk.js" || lost > 5 && test.end.Late < 5 {
					t.Errorf("%s: %d bytes of TCP, but only %d messages: %d were not read", test.name, test.end.Wire, test.end.Frames, lost)
				}
				if lost > 5 {
					t.Logf("%s: %d of %d messages were not read: a busy machine", test.name, lost, lost+test.end.Frames)
					continue
				}
				wantFrames(t, test.name, test.end, 320, 20*time.Millisecond)
				wantTones(t, test.name, middle(test.end.audio(t), 8000), 8000, test.tones...)
			}
			c.over(t)
		})
	}
}

// eachPeer runs both packages and a server whose callers choose one of them by the
// number that they dial.
func eachPeer(t *testing.T, parameters string, flags ...string) (*server, []*peer) {
	t.Helper()
	var peers []*peer
	var urls []string
	for _, script := range audiosocketPeers {
		p := startPeer(t, script, flags...)
		peers = append(peers, p)
		urls = append(urls, strconv.Quote(p.audiosocket()))
	}
	choose := "  local urls = { " + strings.Join(urls, ", ") + " }"
	return startServer(t, firstServer, streams(choose, `url = urls[tonumber(call.user)], name = "bot"`+parameters), t.TempDir()), peers
}

func TestCallersHearWhatAudioSocketServersSend(t *testing.T) {
	for mode, hz := range map[string]float64{"echo": callerHz, "tone": 440} {
		s, peers := eachPeer(t, "", "--mode", mode, "--seconds", "3")
		var calls []*talk
		for i := range peers {
			calls = append(calls, ringUser(t, s, strconv.Itoa(i+1), "5s", "--codec", "PCMU"))
		}
		for i, c := range calls {
			t.Run(audiosocketPeers[i]+" "+mode, func(t *testing.T) {
				c.over(t)
				pcm := c.heard(t, 8000)
				if got := float64(len(loud(pcm, 8000))) / 8000; got < 2 || got > 5.5 {
					t.Errorf("heard %.2f s, want about the 3 s that the server played at least", got)
				}
				wantMostly(t, pcm, 8000, hz, time.Second)
			})
		}
		s.stop(t, 30*time.Second)
	}
}

// wantMostly checks that a tone was heard for so long, with holes as often as the far
// end was late: both packages pace by a timer that takes more than 20 ms each time.
func wantMostly(t *testing.T, pcm []int16, rate int, hz float64, length time.Duration) {
	t.Helper()
	window, good, holes := rate/50, 0, 0
	for at := 0; at+window <= len(pcm); at += window {
		got, level := audiotest.Find(pcm[at:at+window], rate)
		switch {
		case level > -9 && level < -3 && math.Abs(got-hz) < hz/20:
			good++
		case level > -60:
			holes++
		}
	}
	if d := time.Duration(good) * 20 * time.Millisecond; d < length {
		t.Errorf("heard %.0f Hz for %v, want %v at least; %d other pieces of 20 ms", hz, d, length, holes)
	}
	t.Logf("%d pieces of 20 ms with the tone, %d with a part of it", good, holes)
}

func TestABurstOfAnAudioSocketServerIsPlayedAtTheRightSpeed(t *testing.T) {
	s, peers := eachPeer(t, "")
	var calls []*talk
	for i, p := range peers {
		c := ringUser(t, s, strconv.Itoa(i+1), "7s", "--codec", "PCMU")
		p.see(1, "open", nil)
		for i, command := range []map[string]any{
			{"do": "audio", "hz": 500, "seconds": 1, "burst": true},
			{"do": "audio", "hz": 600, "seconds": 1, "burst": true, "size": 16000},
			{"do": "audio", "hz": 800, "seconds": 1, "burst": true, "size": 78},
		} {
			p.do(command)
			p.see(i+1, "done", nil)
		}
		calls = append(calls, c)
	}
	for i, c := range calls {
		t.Run(audiosocketPeers[i], func(t *testing.T) {
			c.over(t)
			wantSequence(t, c.heard(t, 8000), 8000, time.Second, []float64{500, 600, 800})
		})
	}
}

func TestTheEndOfAnAudioSocketServerEndsTheCall(t *testing.T) {
	s, peers := eachPeer(t, ", hangup = true", "--mode", "hangup", "--seconds", "1")
	for i := range peers {
		if o := ringUser(t, s, strconv.Itoa(i+1), "-1s").over(t); o.Seconds > 20 {
			t.Errorf("%s: the call lasted %.1f s after a hang-up of the server at 1 s", audiosocketPeers[i], o.Seconds)
		}
		if m := s.moment(t, i+1, "disconnect"); !strings.HasPrefix(m.text, "remote ") {
			t.Errorf("%s: disconnect %v", audiosocketPeers[i], m)
		}
	}
}

func TestKeysReachAnAudioSocketServerAndLeaveTheAudioWhole(t *testing.T) {
	p := startPeer(t, "audiosocket-asterisk.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot"`, p.audiosocket())), t.TempDir())
	c := ring(t, s, "4s", "--digits", "5#")
	c.over(t)
	// The package calls 0x03 an error and shows the first byte of what it holds.
	for i, key := range "5#" {
		if got, want := p.see(i+1, "problem", nil).Error, fmt.Sprintf("AudioSocket ERROR frame, code=%d", key); got != want {
			t.Errorf("key %d: the server says %q, want %q", i, got, want)
		}
	}
	wantFrames(t, "with keys", p.end(1), 320, 20*time.Millisecond)
}

func TestOddMessagesOfAnAudioSocketServerAreSurvived(t *testing.T) {
	p := startPeer(t, "audiosocket-asterisk.js")
	s := startServer(t, firstServer, streams("", fmt.Sprintf(`url = %q, name = "bot"`, p.audiosocket())), t.TempDir())
	c := ring(t, s, "5s", "--codec", "PCMU")
	p.see(1, "open", nil)
	for _, hex := range []string{"100000", "02000101", "7f0003aabbcc", "1000031122", "33"} { // empty, heartbeat, unknown type, odd length in two pieces
		p.do(map[string]any{"do": "raw", "hex": hex})
		time.Sleep(50 * time.Millisecond)
	}
	p.do(map[string]any{"do": "audio", "hz": 500, "seconds": 1, "burst": true})
	c.over(t)
	wantSequence(t, c.heard(t, 8000), 8000, time.Second, []float64{500})
	wantFrames(t, "meanwhile", p.end(1), 320, 20*time.Millisecond)
}
