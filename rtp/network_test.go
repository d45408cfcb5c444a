package rtp_test

import (
	"container/heap"
	"encoding/binary"
	"testing"
	"time"

	"rms/media"
)

// network is a far end that talks, and the way from it to us.
type network struct {
	length time.Duration
	ptime  time.Duration
	tick   time.Duration
	drift  float64                        // of the far end's clock: 100e-6 sends too slowly
	delay  func(i int) time.Duration      // on the way
	lost   func(i int) bool               // on the way
	silent func(i int) bool               // nothing is sent, time goes on
	shift  func(i int) uint32             // added to the timestamp
	change func(i int) (ssrc, seq uint32) // of the stream
}

// heard is what came out of the jitter buffer.
type heard struct {
	packets, lost int
	silence       time.Duration // in ticks without a packet
	backward      int           // packets out of order
	last          time.Duration // delay from mouth to ear, of the last packets
	most          time.Duration
	mean          time.Duration // of the last half
}

type flight struct {
	at time.Time
	i  int
}
type flights []flight

func (f flights) Len() int { return len(f) }
func (f flights) Less(a, b int) bool {
	return f[a].at.Before(f[b].at) || f[a].at.Equal(f[b].at) && f[a].i < f[b].i
}
func (f flights) Swap(a, b int) { f[a], f[b] = f[b], f[a] }
func (f *flights) Push(x any)   { *f = append(*f, x.(flight)) }
func (f *flights) Pop() any {
	old := *f
	x := old[len(old)-1]
	*f = old[:len(old)-1]
	return x
}

// run lets the far end talk, and listens as a decoder does.
func (n network) run(t *testing.T, r *rig) (h heard) {
	t.Helper()
	units := int(n.ptime / time.Millisecond * 8)
	begin := r.now
	var air flights
	sendTime := func(i int) time.Time {
		return begin.Add(time.Duration(float64(i) * float64(n.ptime) * (1 + n.drift)))
	}
	next, waiting, previous := 0, 0, -1
	var sum time.Duration
	var counted int
	f := &media.Frame{}
	body := make([]byte, units)
	for r.now.Sub(begin) < n.length {
		for ; !sendTime(next).After(r.now); next++ {
			if (n.silent == nil || !n.silent(next)) && (n.lost == nil || !n.lost(next)) {
				d := 10 * time.Millisecond
				if n.delay != nil {
					d = n.delay(next)
				}
				heap.Push(&air, flight{sendTime(next).Add(d), next})
			}
		}
		for len(air) > 0 && !air[0].at.After(r.now) {
			x := heap.Pop(&air).(flight)
			p := packet{seq: n.sequence(x.i), ts: uint32(x.i * units), ssrc: 0x1234, body: body}
			if n.shift != nil {
				p.ts += n.shift(x.i)
			}
			if n.change != nil {
				ssrc, seq := n.change(x.i)
				p.ssrc, p.seq = ssrc, uint16(seq)
			}
			binary.BigEndian.PutUint32(body, uint32(x.i))
			r.wire.in[0] = append(r.wire.in[0], datagram{far, x.at.UnixNano(), p.bytes()})
		}
		r.turn(nil)
		at := r.now.Add(-r.tick)
		perTick := int(n.tick / time.Millisecond * 8)
		for waiting < perTick {
			f.Samples = perTick - waiting
			switch r.s.ReadPacket(f) {
			case media.ReadPacket:
				i := int(binary.BigEndian.Uint32(f.Payload))
				if i <= previous {
					h.backward++
				}
				previous = i
				d := at.Add(time.Duration(waiting) * time.Second / 8000).Sub(sendTime(i))
				h.packets++
				h.last = d
				h.most = max(h.most, d)
				if at.Sub(begin) > n.length/2 {
					sum += d
					counted++
				}
				waiting += f.Samples + f.Samples/2*int(f.Pace/max(f.Pace, -f.Pace, 1))
				continue
			case media.ReadLost:
				h.lost++
				waiting += f.Samples
				continue
			}
			h.silence += time.Duration(perTick-waiting) * time.Second / 8000
			waiting = perTick
		}
		waiting -= perTick
	}
	if counted > 0 {
		h.mean = sum / time.Duration(counted)
	}
	return h
}

// sequence numbers do not move while the far end is silent.
func (n network) sequence(i int) uint16 {
	if n.silent == nil {
		return uint16(i)
	}
	s := 0
	for k := range i {
		if !n.silent(k) {
			s++
		}
	}
	return uint16(s)
}

func listen(t *testing.T, n network) (heard, *rig) {
	t.Helper()
	if n.ptime == 0 {
		n.ptime = 20 * time.Millisecond
	}
	if n.tick == 0 {
		n.tick = 20 * time.Millisecond
	}
	r := newRig(t, config(), ticks(n.tick))
	return n.run(t, r), r
}
