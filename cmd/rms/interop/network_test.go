//go:build linux

package interop_test

import (
	"context"
	"math"
	"math/rand/v2"
	"time"

	"github.com/pion/rtp"

	"rms/media"
)

// network is what happens to a talker's packets, and the clock that makes them.
type network struct {
	seed   uint64
	skew   float64       // ppm: positive is a clock that runs slow
	loss   float64       // share of the packets
	jitter time.Duration // up to that, evenly; more than a packet's length disorders them
	late   time.Duration // what a hundredth of the packets takes
}

const packetTime = 20 * time.Millisecond

// sent is a packet that a talker made.
type sent struct {
	clock float64       // s of its clock: of the first sample
	at    time.Duration // of the wall clock, since the call began
	line  int
	codec string
	lost  bool
	late  bool
}

// wall is how long after the beginning the talker's clock shows a time, in s.
func (n network) wall(clock float64) float64 { return clock * (1 + n.skew*1e-6) }

// speak sends a packet of the voice each 20 ms of its own clock, until ctx ends.
func (k *talker) speak(ctx context.Context) {
	random := rand.New(rand.NewPCG(k.net.seed, 1))
	sequence, last := uint16(7000), 0
	fresh := 0 // packets since the line is another one
	for i := 0; ctx.Err() == nil; i++ {
		clock := float64(i) * packetTime.Seconds()
		at := time.Duration(k.net.wall(clock) * float64(time.Second))
		time.Sleep(time.Until(k.begin.Add(at)))
		k.mu.Lock()
		l, keys := k.line, k.keys
		k.keys = nil
		k.mu.Unlock()
		if l.mute || l.to == nil {
			fresh = 0
			continue
		}
		if l.number != last {
			fresh, last = 0, l.number
		}
		h := rtp.Header{
			Version: 2, Marker: fresh == 0, PayloadType: l.pt, SequenceNumber: sequence, SSRC: 0xcafe + l.source,
			Timestamp: 90000 + uint32(math.Round(clock*float64(l.codec.ClockRate))),
		}
		if len(keys) > 0 {
			sequence, i = k.key(l, h, keys[0], i)
			k.mu.Lock()
			k.keys = append(keys[1:], k.keys...)
			k.mu.Unlock()
			continue
		}
		s := sent{clock: clock, at: at, line: l.number, codec: l.codec.Name}
		payload := l.encoder.Encode(nil, sampled(k.voice, l.codec, clock))
		delay := time.Duration(random.Float64() * float64(k.net.jitter))
		switch dice := random.Float64(); {
		case fresh < 10: // where a line begins is to be known
		case dice < k.net.loss:
			s.lost = true
		case k.net.late > 0 && dice > 0.99:
			s.late, delay = true, k.net.late
		}
		fresh++
		sequence++
		k.mu.Lock()
		k.sent = append(k.sent, s)
		k.mu.Unlock()
		if !s.lost {
			k.send(l, rtp.Packet{Header: h, Payload: payload}, delay)
		}
	}
}

// send puts a packet on the wire when the network has had it for a while.
func (k *talker) send(l line, p rtp.Packet, delay time.Duration) {
	data, err := p.Marshal()
	if err != nil {
		k.t.Error(err)
		return
	}
	write := func() { _, _ = k.rtp.WriteToUDP(data, l.to) }
	if delay == 0 {
		write()
		return
	}
	time.AfterFunc(delay, write) // writing to a closed socket is an error that nobody sees
}

// key sends the packets of a key that is pressed for 100 ms instead of the voice, and
// returns which number the next packet has, and where the voice goes on.
func (k *talker) key(l line, h rtp.Header, key byte, i int) (sequence uint16, last int) {
	event := map[byte]byte{'*': 10, '#': 11}[key]
	if key >= '0' && key <= '9' {
		event = key - '0'
	}
	h.PayloadType = l.keyType
	for n := range 7 {
		duration, end := uint16(160*min(n+1, 5)), byte(0)
		if n >= 4 {
			end = 0x80
		}
		h.Marker = n == 0
		k.send(l, rtp.Packet{Header: h, Payload: []byte{event, end | 10, byte(duration >> 8), byte(duration)}}, 0)
		h.SequenceNumber++
		time.Sleep(packetTime)
	}
	return h.SequenceNumber, i + 6
}

// sampled is a packet of a voice.
func sampled(voice func(float64) float64, c media.Codec, from float64) []int16 {
	pcm := make([]int16, int(packetTime.Seconds()*float64(c.Rate)))
	for i := range pcm {
		pcm[i] = int16(math.Round(32767 * voice(from+float64(i)/float64(c.Rate))))
	}
	return pcm
}
