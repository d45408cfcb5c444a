package rtp_test

import (
	"testing"
	"time"

	"rms/media"
	"rms/rtp"
)

// traffic is one tick of a two-way call, without allocations of its own.
func traffic(tb testing.TB, c rtp.Config) (r *rig, tick func()) {
	tb.Helper()
	r = newRig(tb, c)
	r.wire.mute = true
	out := frame("PCMU/8000", 160)
	in := audio(0).bytes()
	queue := make([]datagram, 1)
	var f media.Frame
	i := 0
	return r, func() {
		in[2], in[3] = byte(i>>8), byte(i)
		ts := uint32(i * 160)
		in[4], in[5], in[6], in[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		queue[0] = datagram{far, r.now.UnixNano(), in}
		r.wire.in[rtp.Media] = queue
		i++
		r.turn(out)
		for have := 0; have < 160; have += f.Samples {
			if r.s.ReadPacket(&f) == media.ReadNone {
				break
			}
		}
	}
}

func TestATickDoesNotAllocate(t *testing.T) {
	r, tick := traffic(t, config())
	r.s.Tap(func(*rtp.Packet) {})
	r.s.TapSent(func(*rtp.Packet) {})
	for range 100 {
		tick()
	}
	if n := testing.AllocsPerRun(2000, tick); n != 0 { // 40 s: reports too
		t.Errorf("%v allocations a tick", n)
	}
	if st := r.s.Stats(); st.PacketsIn < 2000 || st.PacketsOut < 2000 || st.RTCPOut == 0 || st.Lost != 0 {
		t.Errorf("stats %+v", st)
	}
}

func TestGarbageDoesNotAllocate(t *testing.T) {
	r := newRig(t, config())
	r.wire.mute = true
	var junk []datagram
	for _, b := range [][]byte{
		{0x80},
		{0x90, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1},
		{0xa0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 1, 255},
		{0x80, 200, 0xff, 0xff, 0, 0, 0, 1},
		{0x16, 0xfe},
		{0x40, 0, 0, 1},
	} {
		junk = append(junk, datagram{far, 1, b}, datagram{foe, 1, b})
	}
	if n := testing.AllocsPerRun(1000, func() {
		r.wire.in[rtp.Media] = junk
		r.wire.in[rtp.Control] = junk
		r.turn(nil)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func TestDigitsBothWaysDoNotAllocate(t *testing.T) {
	r := newRig(t, config())
	r.wire.mute = true
	_ = r.s.SendDigits("1", 0, 0)
	in := make([]datagram, 1)
	seq := 0
	keys := press(5, 1000, 1600)
	ring := make([][]byte, len(keys))
	for i, k := range keys {
		ring[i] = k.packet(0).bytes()
	}
	out := frame("PCMU/8000", 160)
	r.digits = ""
	if n := testing.AllocsPerRun(200, func() {
		b := ring[seq%len(ring)]
		b[2], b[3] = byte(seq>>8), byte(seq)
		seq++
		in[0] = datagram{far, r.now.UnixNano(), b}
		r.wire.in[rtp.Media] = in
		r.turn(out)
	}); n != 0 {
		t.Errorf("%v allocations a tick", n)
	}
}

func BenchmarkTickTwoWay(b *testing.B) {
	_, tick := traffic(b, config())
	b.ReportAllocs()
	for b.Loop() {
		tick()
	}
}

func BenchmarkTickSendOnly(b *testing.B) {
	r := newRig(b, config())
	r.wire.mute = true
	out := frame("PCMU/8000", 160)
	b.ReportAllocs()
	for b.Loop() {
		r.turn(out)
	}
}

// BenchmarkSendRealSocket is a tick of playback to a socket that nobody reads.
func BenchmarkSendRealSocket(b *testing.B) {
	p := newPeer(b, 20550, loopback, nil)
	_ = p.conn.SetReadBuffer(4096)
	p.idle(200 * time.Millisecond)
	out := frame("PCMU/8000", 160)
	b.ReportAllocs()
	for b.Loop() {
		p.turn(out)
	}
}

// BenchmarkReceiveRealSocket is a tick with one packet in, sent by the benchmark
// itself, which is most of the time.
func BenchmarkReceiveRealSocket(b *testing.B) {
	p := newPeer(b, 20560, loopback, nil)
	var f media.Frame
	body := audio(0).bytes()
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		b.StopTimer()
		body[2], body[3] = byte(i>>8), byte(i)
		i++
		p.to(p.conn, 0, body)
		b.StartTimer()
		p.turn(nil)
		p.s.ReadPacket(&f)
	}
}

func BenchmarkEmptyPollRealSocket(b *testing.B) {
	p := newPeer(b, 20570, loopback, nil)
	p.idle(time.Second)
	b.ReportAllocs()
	for b.Loop() {
		p.turn(nil)
	}
}

func BenchmarkJitterBuffer(b *testing.B) {
	r := newRig(b, config())
	in := audio(0).bytes()
	queue := make([]datagram, 1)
	var f media.Frame
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		in[2], in[3] = byte(i>>8), byte(i)
		ts := uint32(i * 160)
		in[4], in[5], in[6], in[7] = byte(ts>>24), byte(ts>>16), byte(ts>>8), byte(ts)
		i++
		queue[0] = datagram{far, r.now.UnixNano(), in}
		r.wire.in[rtp.Media] = queue
		r.turn(nil)
		r.s.ReadPacket(&f)
	}
}

func TestASessionIsSmall(t *testing.T) {
	t.Parallel()
	if rtp.SessionSize > 2560 {
		t.Errorf("a session takes %d bytes", rtp.SessionSize)
	}
	t.Log(rtp.SessionSize)
}
