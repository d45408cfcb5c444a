//go:build linux

package interop_test

import (
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// menu rings for "ring", plays the file that any other user names, and answers keys by
// a tone whose file is named for the key.
const menu = `
function route(call)
  if KSR.is_method("INVITE") and KSR.siputils.has_totag() < 0 then
    if KSR.pv.get("$rU") == "ring" then
      rms_ring()
    else
      rms_answer("rms:start")
    end
  end
end

event_route["rms:start"] = function(call)
  rms_play(KSR.pv.get("$rU") .. ".wav", "rms:after_play")
end

event_route["rms:after_play"] = function(call)
  if call.reason ~= "replaced" then rms_hangup() end
end

event_route["rms:dtmf"] = function(call)
  rms.play{file = call.digit .. ".wav", route = "rms:after_play", mode = "replace"}
end
`

// menuServer runs the menu on the first address, alone.
func menuServer(t *testing.T) *server {
	t.Helper()
	need(t, "sipp", "sox", "ffmpeg")
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "long.wav"), "10", "300", "-r", "16000", "-c", "1")
	sound(t, filepath.Join(dir, "brief.wav"), "1.2", "300", "-r", "16000", "-c", "1")
	sound(t, filepath.Join(dir, "5.wav"), "0.8", "1000", "-r", "16000", "-c", "1")
	return startServer(t, firstServer, menu, dir)
}

func TestSignalling(t *testing.T) {
	need(t, "kamailio", "sipp", "sox", "ffmpeg")
	s := menuServer(t)
	k := startKamailio(t, "", firstServer)
	var silent *placed
	if !testing.Short() { // lasts 64*T1 = 32 s, beside the others
		silent = caller{scenario: "noack", user: "long", via: firstServer, limit: 90 * time.Second}.place(t)
	}
	t.Run("through Kamailio", func(t *testing.T) { throughKamailio(t, k) })
	t.Run("without a proxy", withoutProxy)
	t.Run("200 is repeated without ACK, then BYE", func(t *testing.T) {
		if silent == nil {
			t.Skip("takes 32 s")
		}
		wantRepeatedAnswer(t, silent.end(t))
	})
	if s.says("panic") {
		t.Error("rms reports a panic")
	}
}

func throughKamailio(t *testing.T, k *kamailio) {
	t.Helper()
	t.Run("CANCEL gives 487", func(t *testing.T) {
		list := caller{scenario: "cancel", user: "ring"}.call(t)
		find(t, list, "SIP/2.0 180")
		if !k.soonSays("reply 487") {
			t.Error("the 487 did not come from rms")
		}
	})
	t.Run("the caller hangs up", func(t *testing.T) {
		caller{scenario: "hangup", user: "long", listen: 500 * time.Millisecond}.call(t)
	})
	t.Run("a codec that nobody has is 488", func(t *testing.T) {
		caller{scenario: "refused", user: "long", formats: "18"}.call(t)
	})
	t.Run("an INVITE without SDP gets our offer", func(t *testing.T) {
		e := listen(t)
		list := caller{scenario: "offerless", user: "brief", ear: e}.call(t)
		if ok := find(t, list, "SIP/2.0 200"); !strings.Contains(ok.text, "m=audio") {
			t.Errorf("the 200 has no offer:\n%s", ok)
		}
		wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 300, promptLength)
	})
	t.Run("a key by INFO", func(t *testing.T) {
		e := listen(t)
		caller{scenario: "info", user: "long", ear: e, formats: "8"}.call(t)
		wantLastTone(t, decode(t, "alaw", "8000", e.stream(t, 8)))
	})
}

func withoutProxy(t *testing.T) {
	t.Run("OPTIONS", func(t *testing.T) {
		list := caller{scenario: "options", user: "x", via: firstServer}.call(t)
		if allow := find(t, list, "SIP/2.0 200").header("Allow"); !strings.Contains(allow, "INVITE") {
			t.Errorf("Allow is %q", allow)
		}
	})
	t.Run("requests for unknown calls are 481", func(t *testing.T) {
		caller{scenario: "unknown", user: "x", via: firstServer}.call(t)
	})
	t.Run("CANCEL gives 200 and 487", func(t *testing.T) {
		list := caller{scenario: "cancel", user: "ring", via: firstServer}.call(t)
		if ok := find(t, list, "SIP/2.0 200"); !strings.Contains(ok.header("CSeq"), "CANCEL") {
			t.Errorf("the 200 is for %q", ok.header("CSeq"))
		}
		find(t, list, "SIP/2.0 487")
	})
	t.Run("a key as RTP event", rtpKey)
	t.Run("hold and resume", holdAndResume)
	t.Run("a call over TCP", func(t *testing.T) {
		e := listen(t)
		caller{scenario: "info", user: "long", via: firstServer, tcp: true, ear: e, formats: "8"}.call(t)
		wantLastTone(t, decode(t, "alaw", "8000", e.stream(t, 8)))
	})
}

// wantRepeatedAnswer checks the schedule of RFC 3261 section 13.3.1.4: 0.5, 1, 2, 4, 4 ...
func wantRepeatedAnswer(t *testing.T, list []message) {
	t.Helper()
	answers := 0
	for _, m := range list {
		if m.received && strings.HasPrefix(m.text, "SIP/2.0 200") {
			answers++
		}
	}
	if answers < 9 || answers > 12 {
		t.Errorf("%d copies of the 200, want about 10", answers)
	}
	find(t, list, "BYE ")
}

// wantLastTone checks that the sound ended with 0.8 s of 1000 Hz.
func wantLastTone(t *testing.T, pcm []int16) {
	t.Helper()
	tone := loud(pcm, 8000)
	if len(tone) < 7000 {
		t.Fatalf("heard %d samples of sound, want the prompt and 0.8 s of the key's tone", len(tone))
	}
	wantTone(t, tone[len(tone)-6400:], 8000, 1000, 800*time.Millisecond)
}

func TestACallOverIPv6(t *testing.T) {
	need(t, "sipp", "sox", "ffmpeg")
	if conn, err := net.ListenPacket("udp6", "[::1]:0"); err != nil {
		t.Skipf("no IPv6 on this machine: %v", err)
	} else {
		conn.Close()
	}
	dir := t.TempDir()
	sound(t, filepath.Join(dir, "hello.wav"), "1.2", "440", "-r", "8000", "-c", "1")
	startServer(t, sixServer, playUser, dir)
	for _, tcp := range []bool{false, true} {
		e := listenOn(t, "::1")
		caller{scenario: "prompt", user: "hello", via: sixServer, local: "::1", tcp: tcp, ear: e}.call(t)
		wantTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)), 8000, 440, promptLength)
	}
}

// rtpKey presses 5 while the long prompt plays.
func rtpKey(t *testing.T) {
	t.Helper()
	e := listen(t)
	call := caller{
		scenario: "prompt", user: "long", via: firstServer, ear: e, formats: "0 101",
		rtpmap: "a=rtpmap:101 telephone-event/8000",
	}.place(t)
	eventually(t, 30*time.Second, "the prompt", func() bool { return len(e.packets()) > 20 })
	e.say(t, e.packets()[0].from, 101, 5)
	call.end(t)
	wantLastTone(t, decode(t, "mulaw", "8000", e.stream(t, 0)))
}

// holdAndResume follows the audio through hold.xml: 600 ms of each state.
func holdAndResume(t *testing.T) {
	t.Helper()
	first, second := listen(t), listen(t)
	caller{
		scenario: "hold", user: "long", via: firstServer, ear: first, formats: "0 8",
		keys: map[string]string{"other_port": strconv.Itoa(second.port), "other_formats": "8"},
	}.call(t)
	first.settle(t)
	second.settle(t)
	if gaps := silences(first.packets()); len(gaps) == 0 {
		t.Error("no pause at the first address, want one of 600 ms while the call is held")
	}
	before, after := first.packets(), second.packets()
	if len(after) < 20 || len(before) == 0 {
		t.Fatalf("heard %d packets at the first address, %d at the second", len(before), len(after))
	}
	last, next := before[len(before)-1].packet, after[0].packet
	if next.SSRC != last.SSRC || next.SequenceNumber != last.SequenceNumber+1 || !next.Marker || next.PayloadType != 8 {
		t.Errorf("stream goes on with %v after %v", next.Header, last.Header)
	}
	if after[0].from.Port != before[0].from.Port {
		t.Errorf("our port moved from %d to %d", before[0].from.Port, after[0].from.Port)
	}
}

// silences are the pauses of more than 200 ms between packets, by the timestamps of a
// codec with 8000 Hz: a machine that is late does not look like one.
func silences(list []heard) []time.Duration {
	var gaps []time.Duration
	for i := 1; i < len(list); i++ {
		step := list[i].packet.Timestamp - list[i-1].packet.Timestamp
		if gap := time.Duration(step) * time.Second / 8000; gap > 200*time.Millisecond {
			gaps = append(gaps, gap)
		}
	}
	return gaps
}
