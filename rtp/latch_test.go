package rtp_test

import (
	"fmt"
	"net/netip"
	"testing"

	"rms/media"
	"rms/rtp"
)

func addr(s string) netip.AddrPort {
	a, _ := netip.ParseAddrPort(s)
	return a
}

// tapped counts the packets that pass the latch, by payload's first byte.
func tapped(r *rig) map[byte]int {
	got := map[byte]int{}
	r.s.Tap(func(p *rtp.Packet) { got[p.Payload[0]]++ })
	return got
}

func marked(i int, who byte) packet {
	p := audio(i)
	p.body[0] = who
	return p
}

func (r *rig) talk() { r.turn(frame("PCMU/8000", 160)) }

// sentTo counts where our packets went.
func (r *rig) sentTo() map[netip.AddrPort]int {
	n := map[netip.AddrPort]int{}
	for _, p := range r.wire.sent {
		if p.c == rtp.Media {
			n[p.to]++
		}
	}
	return n
}

func TestLatchLearnsASourceBehindNATFromFivePacketsOf20ms(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	got := tapped(r)
	for i := range 10 {
		r.arrive(nat, marked(i, 'n'))
		r.talk()
	}
	if got['n'] != 6 {
		t.Errorf("%d packets accepted, want 6: the fifth and later", got['n'])
	}
	if to := r.sentTo(); to[nat] != 6 || to[far] != 4 {
		t.Errorf("sent %v", to)
	}
	if len(r.latched) != 1 || r.latched[0] != nat {
		t.Errorf("latched %v", r.latched)
	}
	if n := r.s.Stats().Foreign; n != 4 {
		t.Errorf("foreign = %d, want 4", n)
	}
}

func TestLatchIgnoresStrayPackets(t *testing.T) {
	t.Parallel()
	for name, stray := range map[string]func(i int) packet{
		"gaps":  func(i int) packet { return marked(2*i, 'x') },
		"SSRCs": func(i int) packet { p := marked(i, 'x'); p.ssrc = uint32(i); return p },
		"same":  func(int) packet { return marked(7, 'x') },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, config())
			got := tapped(r)
			for i := range 100 {
				r.arrive(foe, stray(i))
				r.talk()
			}
			if len(got) != 0 || r.sentTo()[foe] != 0 {
				t.Errorf("accepted %v, sent %v", got, r.sentTo())
			}
		})
	}
}

func TestLatchIgnoresTwoSourcesThatTakeTurns(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	got := tapped(r)
	for i := range 20 {
		r.arrive(foe, marked(i, 'x'))
		r.arrive(nat, marked(i, 'n'))
		r.talk()
	}
	if len(got) != 0 {
		t.Errorf("accepted %v", got)
	}
}

func TestLatchReturnsToTheSourceOfTheSDPForGood(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	got := tapped(r)
	for i := range 10 {
		r.arrive(foe, marked(i, 'x'))
		r.talk()
	}
	if got['x'] == 0 {
		t.Fatal("the other source was not learned")
	}
	was := got['x']
	r.arrive(far, marked(100, 'f'))
	for i := range 200 {
		r.arrive(foe, marked(10+i, 'x'))
		r.talk()
	}
	if got['x'] != was || got['f'] != 1 {
		t.Errorf("accepted %v, %d of the foe before", got, was)
	}
	if r.s.Remote() != far {
		t.Errorf("sends to %v", r.s.Remote())
	}
}

// RTP bleed and injection: a second source sprays before, during and after the
// real one, in its own window of sequence numbers and with its SSRC.
func TestRTPBleedGetsNothingInAndNothingOut(t *testing.T) {
	t.Parallel()
	for _, mode := range []rtp.LatchMode{rtp.LatchNAT, rtp.LatchSDP} {
		for _, spray := range []int{0, 1, 4, 100} {
			for _, real := range []netip.AddrPort{far, nat} {
				if mode == rtp.LatchSDP && real == nat {
					continue
				}
				t.Run(fmt.Sprint(mode, spray, real), func(t *testing.T) {
					t.Parallel()
					c := config()
					c.Latch = mode
					r := newRig(t, c)
					got := tapped(r)
					f := &media.Frame{}
					for i := range spray {
						r.arrive(foe, marked(i, 'x'))
					}
					r.talk()
					for i := range 100 {
						r.arrive(real, marked(i, 'r'))
						for k := range spray {
							if real == far || i >= 5 { // once the real source was learned
								r.arrive(foe, marked(i+k, 'x'))
								r.arriveRTCP(foe, bye(0x1234))
							}
						}
						r.talk()
						r.read(f, 160)
						if len(f.Payload) > 0 && f.Payload[0] != 'r' {
							t.Fatal("foreign audio played")
						}
					}
					for i := range spray {
						r.arrive(foe, marked(100+i, 'x'))
					}
					r.talk()
					if got['x'] != 0 || r.sentTo()[foe] != 0 || r.byes != 0 {
						t.Errorf("foreign: %d packets in, %d out, %d goodbyes", got['x'], r.sentTo()[foe], r.byes)
					}
					if want := uint64(96 * spray); r.s.Stats().Foreign < want {
						t.Errorf("foreign counted %d, want at least %d", r.s.Stats().Foreign, want)
					}
				})
			}
		}
	}
}

func TestAudioOfASourceThatLostTheLatchIsNotPlayed(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	f := &media.Frame{}
	for i := range 12 { // nobody reads: eight packets are in the jitter buffer
		r.arrive(foe, marked(i, 'x'))
		r.turn(nil)
	}
	if r.s.Remote() != foe {
		t.Fatal("the other source was not learned")
	}
	r.arrive(far, marked(12, 'f'))
	heard := 0
	for range 10 {
		r.talk()
		r.read(f, 160)
		if len(f.Payload) > 0 {
			heard++
			if f.Payload[0] != 'f' {
				t.Fatal("foreign audio played")
			}
		}
	}
	if heard != 1 {
		t.Errorf("heard %d packets, want 1", heard)
	}
}

func TestLatchLearnsAgainOnlyAfterANewRemote(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	got := tapped(r)
	r.arrive(far, marked(0, 'f'))
	r.talk()
	r.s.Update(config()) // the same remote: nothing to learn
	for i := range 10 {
		r.arrive(nat, marked(i, 'n'))
		r.talk()
	}
	if got['n'] != 0 {
		t.Fatalf("accepted %v", got)
	}
	c := config()
	c.Remote = addr("192.0.2.2:5000")
	r.s.Update(c)
	for i := range 10 {
		r.arrive(nat, marked(i, 'n'))
		r.talk()
	}
	if got['n'] != 6 || r.s.Remote() != nat {
		t.Errorf("accepted %v, sends to %v", got, r.s.Remote())
	}
}

func TestABurstNeverLatches(t *testing.T) {
	t.Parallel()
	for _, every := range []int{1, 3, 20} { // packets in a tick
		r := newRig(t, config())
		got := tapped(r)
		for i := range 100 {
			r.arrive(foe, marked(i, 'x'))
			if i%every == every-1 {
				r.talk()
			}
		}
		if learned := r.s.Remote() == foe; learned != (every == 1) || learned != (got['x'] > 0) {
			t.Errorf("%d packets in 20 ms: sends to %v, accepted %v", every, r.s.Remote(), got)
		}
	}
}

func TestTheSourceThatANewSDPGaveUpIsNotLearnedFromItsLastPackets(t *testing.T) {
	t.Parallel()
	r := newRig(t, config())
	got := tapped(r)
	for i := range 10 {
		r.arrive(far, marked(i, 'f'))
		r.talk()
	}
	c, moved := config(), addr("192.0.2.2:5000")
	c.Remote = moved
	r.s.Update(c)
	for i := range 90 {
		r.arrive(far, marked(10+i, 'f'))
		r.talk()
	}
	if got['f'] != 10 || r.s.Remote() != moved {
		t.Fatalf("accepted %v, sends to %v", got, r.s.Remote())
	}
	for i := range 20 { // it is all there is: behind a NAT whose SDP changed its mind
		r.arrive(far, marked(100+i, 'f'))
		r.talk()
	}
	if got['f'] == 10 || r.s.Remote() != far {
		t.Errorf("accepted %v, sends to %v", got, r.s.Remote())
	}
}

func TestLatchOffAcceptsAllAndNeverMoves(t *testing.T) {
	t.Parallel()
	c := config()
	c.Latch = rtp.LatchOff
	r := newRig(t, c)
	got := tapped(r)
	for i := range 10 {
		r.arrive(nat, marked(i, 'n'))
		r.talk()
	}
	if got['n'] != 10 || r.sentTo()[far] != 10 {
		t.Errorf("accepted %v, sent %v", got, r.sentTo())
	}
}

func TestLatchModeNames(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"sdp", "nat", "off"} {
		m, err := rtp.ParseLatch(name)
		if err != nil || m.String() != name {
			t.Errorf("%s: %v, %v", name, m, err)
		}
	}
	if _, err := rtp.ParseLatch("yes"); err == nil {
		t.Error("yes is no latch mode")
	}
}
