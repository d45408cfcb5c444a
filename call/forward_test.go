package call_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/pion/rtcp"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/target"
)

// recorder is what a forward goes to: a socket for RTP and the next one for RTCP.
type recorder struct {
	*ear
	rtcp *net.UDPConn
}

func newRecorder(t *testing.T) *recorder {
	t.Helper()
	for range 100 {
		e := newEar(t)
		if e.port()%2 != 0 {
			continue
		}
		c, err := net.ListenUDP("udp4", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1), Port: e.port() + 1})
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = c.Close() })
		return &recorder{ear: e, rtcp: c}
	}
	t.Fatal("no pair of ports")
	return nil
}

func (r *recorder) url() string { return fmt.Sprintf("rtp://127.0.0.1:%d", r.port()) }

// reports reads the RTCP that has come.
func (r *recorder) reports() []rtcp.Packet {
	var all []rtcp.Packet
	drain(r.t, r.rtcp, func(b []byte) {
		list, err := rtcp.Unmarshal(b)
		if err != nil {
			r.t.Errorf("RTCP: %v", err)
		}
		all = append(all, list...)
	})
	return all
}

func TestForwardSendsASideOfTheCallAsRTP(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		side, codec, name string
		rate              int
		pt                uint8
		has, hasNot       float64
	}{
		{"caller", "", "PCMU", 8000, 0, 1000, 400},
		{"callee", "PCMA", "PCMA", 8000, 8, 400, 1000},
		{"mixed", "L16/16000", "L16", 16000, 96, 1000, 0},
		{"mixed", "G722", "G722", 16000, 9, 400, 0},
		{"", "PCMU/8000", "PCMU", 8000, 0, 1000, 400},
	} {
		t.Run(test.side+test.codec, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			far := newRecorder(t)
			h.runs(script{"rms:start": func(x *call.Exec) error {
				args := map[string]any{"to": far.url()}
				if test.side != "" {
					args["side"] = test.side
				}
				if test.codec != "" {
					args["codec"] = test.codec
				}
				if _, err := named(x, "forward", args); err != nil {
					return err
				}
				return tone400(x)
			}})
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:play_start")
			used := h.ports.InUse()
			h.talk(e, 1000, time.Second)
			far.listen()
			far.gapless(map[int]uint32{8000: 160, 16000: map[string]uint32{"G722": 160, "L16": 320}[test.name]}[test.rate])
			clock := test.rate
			if test.name == "G722" {
				clock = 8000
			}
			pcm := far.heard(test.name, clock, test.pt)
			if len(pcm) < test.rate*9/10 {
				t.Fatalf("%d samples of a second arrived", len(pcm))
			}
			pcm = pcm[len(pcm)/4:]
			if l := audiotest.LevelAt(pcm, test.rate, test.has); l < -20 {
				t.Errorf("%.0f Hz at %.1f dB", test.has, l)
			}
			if l := audiotest.LevelAt(pcm, test.rate, test.hasNot); test.hasNot > 0 && l > -50 {
				t.Errorf("%.0f Hz at %.1f dB, which is the other side", test.hasNot, l)
			}
			if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "forward_stop"); return err }); err != nil {
				t.Fatal(err)
			}
			h.run(20*time.Millisecond, e)
			far.listen()
			n := len(far.packets)
			h.run(200*time.Millisecond, e)
			far.listen()
			if len(far.packets) != n {
				t.Errorf("%d packets after the stop", len(far.packets)-n)
			}
			if now := h.ports.InUse(); now >= used {
				t.Errorf("%d ports in use after the stop, %d before", now, used)
			}
			h.bye(c)
		})
	}
}

func TestForwardSendsSenderReportsAndAGoodbye(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	far := newRecorder(t)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		_, err := do(x, "forward", far.url())
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	h.talk(e, 1000, 10*time.Second)
	h.bye(c)
	far.listen()
	var packets uint32
	goodbye := false
	for _, p := range far.reports() {
		switch r := p.(type) {
		case *rtcp.SenderReport:
			if r.SSRC != far.packets[0].SSRC || r.PacketCount < packets {
				t.Errorf("report %+v of %x", r, far.packets[0].SSRC)
			}
			packets = r.PacketCount
		case *rtcp.Goodbye:
			goodbye = true
		}
	}
	if packets < 100 || !goodbye {
		t.Errorf("the last report counts %d packets, goodbye %v", packets, goodbye)
	}
}

func TestForwardGoesOnWhenTheCallChangesItsCodec(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	far := newRecorder(t)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "forward", map[string]any{"to": far.url(), "side": "mixed"}); err != nil {
			return err
		}
		return tone400(x)
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.run(500*time.Millisecond, e)
	c.Request("INVITE", e.offer("9"))
	e.aim(c.Expect(200).Body)
	c.Ack()
	h.run(200*time.Millisecond, e)
	far.listen()
	far.packets = nil
	h.run(time.Second, e)
	far.listen()
	pitch(t, far.heard("PCMU", 8000, 0), 8000, 400)
	h.bye(c)
}

func TestForwardIgnoresWhatIsSentToIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	far := newRecorder(t)
	h.runs(script{"rms:start": func(x *call.Exec) error { _, err := do(x, "forward", far.url()); return err }})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.talk(e, 1000, 100*time.Millisecond)
	buf := make([]byte, 2048)
	_ = far.conn.SetReadDeadline(time.Now().Add(patience))
	_, from, err := far.conn.ReadFromUDPAddrPort(buf)
	if err != nil {
		t.Fatal(err)
	}
	far.to = from
	bye, _ := (&rtcp.Goodbye{Sources: []uint32{1}}).Marshal()
	for i := range 300 {
		far.say(uint8(i%128), []byte("garbage"), 160, true)
		_, _ = far.conn.WriteToUDPAddrPort([]byte{0x80}, from)
		_, _ = far.rtcp.WriteToUDPAddrPort(bye, netip.AddrPortFrom(from.Addr(), from.Port()+1))
	}
	h.run(200*time.Millisecond, e)
	if n := len(h.seen("rms:media_error")) + len(h.seen("rms:end")) + len(h.seen("rms:dtmf")); n != 0 {
		t.Errorf("events: %s", h.names())
	}
	h.bye(c)
}

func TestForwardRefusesWhatItCannotDoAndLeavesNoPort(t *testing.T) {
	t.Parallel()
	scripts, err := target.NewDialer(target.DialOptions{Scripts: true})
	if err != nil {
		t.Fatal(err)
	}
	h := newHouse(t, nil, func(o *call.Options) { o.Streams.Scripts = scripts })
	h.runs(script{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:ack")
	far := newRecorder(t)
	used := h.ports.InUse()
	for _, args := range []map[string]any{
		{"to": ""}, {"to": "127.0.0.1:4000"}, {"to": "rtp://name:4000"}, {"to": "rtp://127.0.0.1"}, {"to": "rtp://127.0.0.1:0"},
		{"to": "rtp://127.0.0.1:4000/x"}, {"to": "rtp://u@127.0.0.1:4000"}, {"to": "udp://127.0.0.1:4000"}, {"to": "rtp://127.0.0.1:65535"}, {"to": "rtp://127.0.0.1:70000"},
		{"to": "rtp://169.254.169.254:4000"}, {"to": "rtp://0.0.0.0:4000"}, {"to": "rtp://[::ffff:169.254.169.254]:4000"},
		{"to": far.url(), "codec": "opus"}, {"to": far.url(), "codec": "pcmu "}, {"to": far.url(), "side": "both"},
	} {
		if err := h.inScript(c, func(x *call.Exec) error { _, err := named(x, "forward", args); return err }); err == nil {
			t.Errorf("%v was done", args)
		}
	}
	if n := h.ports.InUse(); n != used {
		t.Errorf("%d ports in use, %d before", n, used)
	}
	err = h.inScript(c, func(x *call.Exec) error {
		for i := range 8 {
			if _, err := named(x, "forward", map[string]any{"to": far.url(), "name": fmt.Sprint(i)}); err != nil {
				return err
			}
		}
		if _, err := named(x, "forward", map[string]any{"to": far.url(), "name": "0"}); err == nil || !strings.Contains(err.Error(), "already") {
			t.Errorf("a name twice: %v", err)
		}
		if _, err := named(x, "forward", map[string]any{"to": far.url(), "name": "9"}); err == nil || !strings.Contains(err.Error(), "8 forwards") {
			t.Errorf("the ninth: %v", err)
		}
		_, err := do(x, "forward_stop", "nobody")
		if err == nil {
			t.Error("a forward that is not there was stopped")
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	h.bye(c)
	if n := h.ports.InUse(); n != 0 {
		t.Errorf("%d ports in use after the call", n)
	}
}

func TestForwardNeedsMedia(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	done := make(chan error, 1)
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		_, err := do(x, "forward", "rtp://127.0.0.1:4000")
		done <- err
		_, err = do(x, "reject", int64(486))
		return err
	}})
	e := newEar(t)
	c := h.invite(e, e.offer("0"))
	c.Expect(486)
	c.AckRefusal()
	if err := <-done; err == nil || !strings.Contains(err.Error(), "media") {
		t.Errorf("%v", err)
	}
	h.wait("rms:end")
}
