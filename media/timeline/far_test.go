package timeline_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/codec"
	"rms/media/timeline"
)

// far is a far end with a clock of its own, and the network to it. It sounds a click
// at every full second of true time.
type far struct {
	codec   media.Codec
	pt      uint8
	skew    float64 // ppm; positive: its clock runs slow
	base    time.Duration
	jitter  time.Duration
	loss    float64
	twice   float64
	dtx     bool // talks for 4 s of 7
	noise   bool // with packets of comfort noise
	random  *rand.Rand
	encoder media.Encoder

	ssrc   uint32
	seq    uint16
	ts     uint32
	sent   time.Duration // true time at the beginning of the next packet
	wire   []timeline.Packet
	quiet  bool
	keep   bool         // timestamps stand still in silence
	second int          // whose click the last packet had
	failed map[int]bool // seconds whose click was lost on the way
}

const ptime = 20 * time.Millisecond

func lookup(t testing.TB, name string, clock int) media.Codec {
	t.Helper()
	c, ok := codec.Lookup(name, clock, 1)
	if !ok {
		t.Fatalf("no codec %s/%d", name, clock)
	}
	return c
}

func newFar(t testing.TB, seed uint64) *far {
	f := &far{random: rand.New(rand.NewPCG(seed, 2)), base: 30 * time.Millisecond, ssrc: 0x1234, seq: 65000, ts: math.MaxUint32 - 80000}
	f.failed = map[int]bool{}
	f.use(lookup(t, "PCMU", 8000), 0)
	return f
}

func (f *far) use(c media.Codec, pt uint8) {
	f.codec, f.pt, f.encoder = c, pt, c.NewEncoder()
}

// packet sends the next 20 ms; sent tells whether it went to the network.
func (f *far) packet(mute bool) {
	start := f.sent
	length := time.Duration(float64(ptime) * (1 + f.skew*1e-6))
	f.sent += length
	n := f.codec.Rate / 50
	units := uint32(f.codec.ClockRate / 50)
	talks := !mute && (!f.dtx || int((start+time.Second/2)/time.Second)%7 < 4)
	defer func() {
		if talks || !f.keep {
			f.ts += units
		}
	}()
	if !talks {
		if f.noise && !f.quiet && !mute {
			f.send(start+length, 13, []byte{60}, false)
		}
		f.quiet = true
		return
	}
	pcm := make([]int16, n)
	second := -1
	each := float64(length) / float64(n)
	for i := range pcm { // a click has a millisecond
		if at := start + time.Duration(float64(i)*each); at%time.Second < time.Millisecond {
			pcm[i], second = 24000, int(at/time.Second)
		}
	}
	if !f.send(start+length, f.pt, f.encoder.Encode(nil, pcm), f.quiet) {
		f.failed[second], f.failed[f.second] = true, true // G.722 may sound it a packet later
	}
	f.second = second
	f.quiet = false
}

func (f *far) send(at time.Duration, pt uint8, payload []byte, marker bool) bool {
	p := timeline.Packet{Payload: payload, Timestamp: f.ts, Sequence: f.seq, SSRC: f.ssrc, PayloadType: pt, Marker: marker}
	f.seq++
	if f.random.Float64() < f.loss {
		return false
	}
	p.Arrival = at + f.base
	if f.jitter > 0 {
		p.Arrival += time.Duration(f.random.Int64N(int64(f.jitter)))
	}
	f.wire = append(f.wire, p)
	if f.random.Float64() < f.twice {
		p.Arrival += 3 * time.Millisecond
		f.wire = append(f.wire, p)
	}
	return true
}

// tape is a sink that keeps everything.
type tape struct {
	t    testing.TB
	line *timeline.Line
	pcm  []int16
}

func (s *tape) Place(at int64, pcm []int16) {
	if at < s.line.Settled() {
		s.t.Fatalf("placed at %d, settled was %d", at, s.line.Settled())
	}
	end := at + int64(len(pcm))
	if end > 1<<28 {
		s.t.Fatalf("placed at %d", at)
	}
	if n := int(end) - len(s.pcm); n > 0 {
		s.pcm = append(s.pcm, make([]int16, n)...)
	}
	copy(s.pcm[at:end], pcm)
}

// rig runs a far end into a line, which is taken from five times a second.
type rig struct {
	*far
	line *timeline.Line
	tape *tape
	rate int
	now  time.Duration
	gaps []timeline.Gap
}

func newRig(t testing.TB, seed uint64, o timeline.Options) *rig {
	r := &rig{far: newFar(t, seed), line: timeline.New(o), rate: o.Rate}
	r.tape = &tape{t: t, line: r.line}
	r.line.SetCodec(0, lookup(t, "PCMU", 8000))
	r.line.SetCodec(8, lookup(t, "PCMA", 8000))
	r.line.SetCodec(9, lookup(t, "G722", 8000))
	r.line.SetCodec(97, lookup(t, "L16", 16000))
	return r
}

// run lets true time go on; mute sends nothing.
func (r *rig) run(d time.Duration, mute bool) {
	for end := r.sent + d; r.sent < end; {
		r.packet(mute)
		for r.now+200*time.Millisecond < r.sent {
			r.turn(r.now + 200*time.Millisecond)
		}
	}
}

// turn gives the line what came until now.
func (r *rig) turn(now time.Duration) {
	r.now = now
	slices.SortStableFunc(r.wire, func(a, b timeline.Packet) int { return int(a.Arrival - b.Arrival) })
	n := 0
	for ; n < len(r.wire) && r.wire[n].Arrival <= now; n++ {
		r.line.Write(&r.wire[n])
	}
	r.wire = slices.Delete(r.wire, 0, n)
	before := r.line.Settled()
	r.line.Take(r.at(now), r.tape)
	if r.line.Settled() < before {
		r.tape.t.Fatal("Settled went back")
	}
	r.line.Gaps(func(g timeline.Gap) { r.gaps = append(r.gaps, g) })
}

func (r *rig) at(d time.Duration) int64 {
	return int64(math.Round(d.Seconds() * float64(r.rate)))
}

func (r *rig) finish() {
	for end := r.sent + 2*time.Second; r.now < end; {
		r.turn(r.now + 200*time.Millisecond)
	}
	r.line.Finish(r.at(r.now), r.tape)
	r.line.Gaps(func(g timeline.Gap) { r.gaps = append(r.gaps, g) })
}

// clicksAt finds clicks: where the audio rises over a third of a click's height.
func clicksAt(pcm []int16, rate int) (at []float64) {
	last := -rate
	for i, s := range pcm {
		if s > 8000 && i-last > rate/10 {
			at = append(at, float64(i)/float64(rate))
			last = i
		}
	}
	return at
}

// worst compares clicks with full seconds plus late: the largest difference in ms, and
// how many there were. What a decoder makes of a lost click does not count.
func (r *rig) worst(late time.Duration) (ms, at float64, n int) {
	for _, c := range clicksAt(r.tape.pcm, r.rate) {
		off := c - late.Seconds()
		second := math.Round(off)
		if off -= second; r.failed[int(second)] {
			continue
		}
		if math.Abs(off)*1000 > math.Abs(ms) {
			ms, at = off*1000, c
		}
		n++
	}
	return ms, at, n
}
