package rtp_test

import (
	"testing"

	"rms/rtp"
)

func TestAnSSRCCollisionIsHandledOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	r.talk()
	was := r.s.SSRC()
	seq := int(r.media()[0].SequenceNumber) + 20000
	for i := range 100 {
		p := audio(seq + i)
		p.ssrc = was
		r.arrive(far, p)
		r.talk()
	}
	if r.s.SSRC() == was {
		t.Fatal("kept the SSRC of the far end")
	}
	seen := map[uint32]bool{}
	for _, p := range r.media() {
		seen[p.SSRC] = true
	}
	if len(seen) != 2 {
		t.Errorf("%d SSRCs of ours", len(seen))
	}
}

func TestAReflectedStreamIsHeardWithoutChangingOurs(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	was := r.s.SSRC()
	for range 100 {
		r.talk()
		for _, p := range r.wire.sent {
			if p.c == rtp.Media {
				r.wire.in[0] = append(r.wire.in[0], datagram{far, r.now.UnixNano(), p.data})
			}
		}
		r.wire.sent = nil
	}
	if r.s.SSRC() != was {
		t.Error("the SSRC changed")
	}
	if st := r.s.Stats(); st.PacketsIn < 95 || st.Lost != 0 {
		t.Errorf("stats %+v", st)
	}
}
