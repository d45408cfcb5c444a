package rtp_test

import (
	"testing"
	"time"

	"github.com/pion/rtcp"

	"rms/media"
	"rms/rtp"
)

func bye(ssrc uint32) []byte {
	b, err := rtcp.Marshal([]rtcp.Packet{
		&rtcp.ReceiverReport{SSRC: ssrc}, &rtcp.Goodbye{Sources: []uint32{ssrc}},
	})
	if err != nil {
		panic(err)
	}
	return b
}

func (r *rig) reports() (out [][]rtcp.Packet) {
	for _, p := range r.wire.sent {
		if len(p.data) < 2 || p.data[1] < 192 || p.data[1] > 223 {
			continue
		}
		ps, err := rtcp.Unmarshal(p.data)
		if err != nil {
			r.t.Fatalf("sent RTCP: %v", err)
		}
		out = append(out, ps)
	}
	return out
}

func TestReportsSayWhatWasSentAndHeard(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	for i := range 500 { // 10 s, every tenth packet lost
		if i%10 != 3 {
			r.arrive(far, audio(i))
		}
		r.talk()
		r.read(f, 160)
	}
	reports := r.reports()
	if len(reports) < 1 || len(reports) > 6 {
		t.Fatalf("%d reports in 10 s", len(reports))
	}
	last := reports[len(reports)-1]
	sr, ok := last[0].(*rtcp.SenderReport)
	if !ok || len(sr.Reports) != 1 {
		t.Fatalf("first packet: %v", last[0])
	}
	sdes, ok := last[1].(*rtcp.SourceDescription)
	if !ok || sdes.Chunks[0].Items[0].Text != "test" || sdes.Chunks[0].Source != r.s.SSRC() {
		t.Errorf("description: %v", last[1])
	}
	block := sr.Reports[0]
	if block.SSRC != 0x1234 || block.FractionLost < 22 || block.FractionLost > 30 {
		t.Errorf("fraction lost %d/256 of %x, want about 26", block.FractionLost, block.SSRC)
	}
	if sr.OctetCount != sr.PacketCount*160 || sr.SSRC != r.s.SSRC() {
		t.Errorf("sender info: %v", sr)
	}
	heard := block.LastSequenceNumber + 1
	if want := heard / 10; block.TotalLost < want-1 || block.TotalLost > want+1 {
		t.Errorf("%d lost of %d", block.TotalLost, heard)
	}
	if r.wire.sent[0].c != rtp.Media {
		t.Error("RTP went by the wrong channel")
	}
}

func TestReceiverReportWhenNothingIsSent(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for i := range 500 {
		r.arrive(far, audio(i))
		r.turn(nil)
	}
	for _, p := range r.reports() {
		if _, ok := p[0].(*rtcp.ReceiverReport); !ok {
			t.Errorf("%v, want a receiver report", p[0])
		}
	}
	if len(r.reports()) == 0 {
		t.Error("no report")
	}
}

func TestReportsComeEveryFiveSecondsAndNotInStep(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	var at []time.Time
	for r.now.Before(time.Unix(1_800_000_000, 0).Add(2000 * time.Second)) {
		n := len(r.reports())
		r.wire.sent = nil
		if n > 0 {
			at = append(at, r.now)
		}
		r.turn(nil)
	}
	if len(at) < 360 || len(at) > 440 { // every 5 s on average
		t.Errorf("%d reports in 2000 s", len(at))
	}
	seen := map[time.Duration]bool{}
	for i := 1; i < len(at); i++ {
		d := at[i].Sub(at[i-1])
		if d < 2000*time.Millisecond || d > 6200*time.Millisecond {
			t.Errorf("%v between reports", d)
		}
		seen[d] = true
	}
	if len(seen) < 20 {
		t.Errorf("only %d different intervals", len(seen))
	}
}

func TestRoundTripFromTheFarEndsReport(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	for len(r.reports()) == 0 {
		r.talk()
	}
	sr := r.reports()[0][0].(*rtcp.SenderReport)
	sentAt := r.now.Add(-r.tick)
	r.now = sentAt.Add(700 * time.Millisecond) // 200 ms on the way, 500 ms held there
	b, _ := (&rtcp.ReceiverReport{SSRC: 0x1234, Reports: []rtcp.ReceptionReport{{
		SSRC: r.s.SSRC(), LastSenderReport: uint32(sr.NTPTime >> 16), Delay: 32768, Jitter: 80, TotalLost: 7,
	}}}).Marshal()
	r.arriveRTCP(farRTCP, b)
	r.turn(nil)
	st := r.s.Stats()
	if st.RTT < 199*time.Millisecond || st.RTT > 201*time.Millisecond {
		t.Errorf("RTT = %v, want 200 ms", st.RTT)
	}
	if st.FarLost != 7 || st.FarJitter != 10*time.Millisecond || st.RTCPIn != 1 {
		t.Errorf("stats %+v", st)
	}
}

func TestReportGivesTheTimeSinceTheFarEndsReport(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.arrive(far, audio(0))
	b, _ := (&rtcp.SenderReport{SSRC: 0x1234, NTPTime: 0x1122334455667788}).Marshal()
	r.arriveRTCP(farRTCP, b)
	r.turn(nil)
	at := r.now.Add(-r.tick)
	for len(r.reports()) == 0 {
		r.turn(nil)
	}
	block := r.reports()[0][0].(*rtcp.ReceiverReport).Reports[0]
	if block.LastSenderReport != 0x33445566 {
		t.Errorf("LSR = %x", block.LastSenderReport)
	}
	want := r.now.Add(-r.tick).Sub(at).Seconds()
	if got := float64(block.Delay) / 65536; got < want-0.001 || got > want+0.001 {
		t.Errorf("DLSR = %v s, want %v", got, want)
	}
}

func TestCloseSaysGoodbyeOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.talk()
	r.s.Close()
	r.s.Close()
	reports := r.reports()
	if len(reports) != 1 {
		t.Fatalf("%d reports, want 1", len(reports))
	}
	b, ok := reports[0][len(reports[0])-1].(*rtcp.Goodbye)
	if !ok || len(b.Sources) != 1 || b.Sources[0] != r.s.SSRC() {
		t.Errorf("last packet: %v", reports[0])
	}
	last := r.wire.sent[len(r.wire.sent)-1]
	if last.to != farRTCP || last.c != rtp.Control {
		t.Errorf("goodbye went to %v", last.to)
	}
}

func TestASessionThatNeverSentSaysNoGoodbye(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.s.Close()
	if len(r.wire.sent) != 0 {
		t.Errorf("sent %v", r.wire.sent)
	}
}

func TestGoodbyeIsHeardOnceAndOnlyForTheStream(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.arrive(far, audio(0))
	r.arriveRTCP(farRTCP, bye(0x9999))
	r.turn(nil)
	r.arriveRTCP(farRTCP, bye(0x1234))
	r.arriveRTCP(farRTCP, bye(0x1234))
	r.turn(nil)
	if r.byes != 1 {
		t.Errorf("%d goodbyes, want 1", r.byes)
	}
}

func TestMuxSendsAndHearsBothOnOnePort(t *testing.T) {
	t.Parallel()
	c := config()
	c.Mux = true
	r := newRig(t, c)
	for i := range 500 {
		r.arrive(far, audio(i))
		r.talk()
	}
	r.wire.in[rtp.Media] = append(r.wire.in[rtp.Media], datagram{far, 0, bye(0x1234)})
	r.talk()
	if r.byes != 1 || r.s.Stats().RTCPIn != 1 {
		t.Errorf("goodbyes %d, %+v", r.byes, r.s.Stats())
	}
	if len(r.reports()) == 0 {
		t.Error("no report")
	}
	for _, p := range r.wire.sent {
		if p.c != rtp.Media || p.to != far {
			t.Fatalf("sent to %v by channel %d", p.to, p.c)
		}
	}
}

func TestRTCPFollowsTheLatch(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	rr, _ := (&rtcp.ReceiverReport{SSRC: 0x1234}).Marshal()
	for i := range 10 {
		r.arrive(nat, audio(i))
		r.talk()
	}
	r.arriveRTCP(addr("198.51.100.7:31999"), rr) // the NAT gave it another port
	r.arriveRTCP(foe, rr)
	r.talk()
	if st := r.s.Stats(); st.RTCPIn != 1 {
		t.Errorf("RTCP in = %d, want 1", st.RTCPIn)
	}
	r.wire.sent = nil
	for range 400 {
		r.talk()
	}
	for _, p := range r.wire.sent {
		if p.c == rtp.Control && p.to != addr("198.51.100.7:31999") {
			t.Errorf("RTCP to %v", p.to)
		}
	}
	if len(r.reports()) == 0 {
		t.Error("no report")
	}
}
