package call

import (
	"slices"

	"rms/rtp"
)

// taps shares the packets of a leg's RTP session among those who want copies of them:
// recordings, and the sessions of other recorders. It belongs to the clock's thread.
type taps struct{ in, out []*tap }

// tap sees packets, on the clock's thread. It must neither wait nor keep the payload.
type tap struct{ packet func(p *rtp.Packet) }

// tapIn has t see the packets of the far end, after the latch and before the jitter
// buffer, on the thread of the clock.
func (r *rtpLine) tapIn(t *tap) { r.taps.in = append(r.taps.in, t); r.retap() }

// tapOut has t see the packets that we send, keys too, on the thread of the clock.
func (r *rtpLine) tapOut(t *tap) { r.taps.out = append(r.taps.out, t); r.retap() }

// untap takes t away from wherever it is, on the thread of the clock. It may be nil.
func (r *rtpLine) untap(t *tap) {
	same := func(o *tap) bool { return o == t }
	r.taps.in, r.taps.out = slices.DeleteFunc(r.taps.in, same), slices.DeleteFunc(r.taps.out, same)
	r.retap()
}

// retap tells the session. Without a tap a packet costs nothing more.
func (r *rtpLine) retap() {
	r.session.Tap(share(r.taps.in))
	r.session.TapSent(share(r.taps.out))
}

func share(list []*tap) func(*rtp.Packet) {
	switch len(list) {
	case 0:
		return nil
	case 1:
		return list[0].packet
	}
	return func(p *rtp.Packet) {
		for _, t := range list {
			t.packet(p)
		}
	}
}
