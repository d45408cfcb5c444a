package timeline_test

import (
	"encoding/binary"
	"runtime"
	"testing"
	"time"

	"rms/media"
	"rms/media/timeline"
)

// bounded checks what a line places.
type bounded struct {
	t    *testing.T
	line *timeline.Line
}

func (s bounded) Place(at int64, pcm []int16) {
	if at < s.line.Settled() || len(pcm) == 0 || len(pcm) > 1<<17 {
		s.t.Fatalf("%d samples placed at %d, settled was %d", len(pcm), at, s.line.Settled())
	}
}

// fuzzStep is how many bytes of the fuzzer make one step.
const fuzzStep = 12

// walk makes packets of bytes: near the ones before, or anywhere.
func walk(t *testing.T, data []byte) {
	o := timeline.Options{Rate: 8000}
	if len(data) > 0 {
		o.Ours, o.Rate = data[0]&1 == 1, 8000<<(data[0]>>1&1)
		data = data[1:]
	}
	line := timeline.New(o)
	line.SetCodec(0, lookup(t, "PCMU", 8000))
	line.SetCodec(9, lookup(t, "G722", 8000))
	line.SetCodec(97, lookup(t, "L16", 16000))
	line.SetCodec(98, media.Codec{Name: "?", ClockRate: 90000})
	line.SetCodec(101, media.Codec{Name: "telephone-event", ClockRate: 8000})
	payload := make([]byte, 10000)
	p := timeline.Packet{}
	at, settled := int64(0), int64(0)
	began := time.Now()
	for ; len(data) >= fuzzStep; data = data[fuzzStep:] {
		b := data[0]
		v := binary.BigEndian.Uint64(data[1:])
		p.PayloadType = []byte{0, 0, 0, 9, 97, 13, 98, 101}[data[9]&7]
		p.Payload = payload[:min(len(payload), int(data[10])*(1+int(data[11]>>4)*3))]
		p.Sequence++
		p.Timestamp += 160
		p.Arrival += 20 * time.Millisecond
		switch b & 15 {
		case 0:
			p.Sequence = uint16(v)
		case 1:
			p.Timestamp = uint32(v)
		case 2:
			p.Arrival = time.Duration(v)
		case 3:
			p.SSRC = uint32(v & 3)
		case 4:
			p.Arrival += time.Duration(int32(v))
		case 5:
			p.Sequence += uint16(v & 127)
			p.Timestamp += 160 * uint32(v&127)
		case 6:
			line.Anchor(p.Timestamp+uint32(v>>56), int64(v))
		case 7:
			line.Anchor(p.Timestamp, int64(p.Arrival)/125000)
		case 8:
			p.Sequence -= 2
			p.Timestamp -= 320
		case 9:
			p.Timestamp += uint32(v & 0xffff)
			p.Arrival += time.Duration(v&0xffff) * 125 * time.Microsecond
		}
		line.Write(&p)
		if b&0x70 == 0x70 {
			at = int64(p.Arrival) / 1000 * int64(o.Rate) / 1e6
			if b&0x80 != 0 && b&15 == 9 {
				at = int64(v)
			}
			line.Take(at, bounded{t, line})
			line.Gaps(func(g timeline.Gap) {
				if g.Length <= 0 || g.Reason == "" {
					t.Fatalf("%+v", g)
				}
			})
			if line.Settled() < settled {
				t.Fatalf("Settled went from %d to %d", settled, line.Settled())
			}
			settled = line.Settled()
		}
	}
	line.Finish(at, bounded{t, line})
	if took := time.Since(began); took > 30*time.Second {
		t.Fatalf("took %v", took)
	}
}

func FuzzLineTakesAnyPackets(f *testing.F) {
	long := make([]byte, 1+fuzzStep*300)
	for i := range long {
		long[i] = byte(i * i >> 3)
	}
	f.Add(long)
	f.Add([]byte{})
	for kind := range byte(16) {
		steps := []byte{kind}
		for i := range 60 {
			step := [fuzzStep]byte{9: kind, 10: 160}
			if i%20 == 19 {
				step = [fuzzStep]byte{kind | 0x70, 0, 0, 0, 1, byte(i), 200, 7, 40, kind, 160}
			}
			steps = append(steps, step[:]...)
		}
		f.Add(steps)
	}
	f.Fuzz(walk)
}

func TestLineHoldsLittleMemory(t *testing.T) {
	const lines = 200
	all := make([]*timeline.Line, lines)
	wires := stream(make([]int16, 8000*20), 0)
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range all {
		all[i] = timeline.New(timeline.Options{Rate: 8000})
		all[i].SetCodec(0, lookup(t, "PCMU", 8000))
		for j := range wires {
			all[i].Write(&wires[j])
			if j%10 == 9 {
				all[i].Take(int64(wires[j].Arrival/125000), bounded{t, all[i]})
			}
		}
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := int64(after.HeapAlloc-before.HeapAlloc) / lines
	t.Logf("%d bytes for each line", each)
	if each > 12<<10 {
		t.Errorf("%d bytes for each line", each)
	}
	runtime.KeepAlive(all)
}

func TestLineHoldsBoundedMemoryAgainstAFlood(t *testing.T) {
	line := timeline.New(timeline.Options{Rate: 8000})
	line.SetCodec(0, lookup(t, "PCMU", 8000))
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	p := timeline.Packet{Payload: make([]byte, 8000)}
	for i := range 300000 {
		p.Sequence, p.Timestamp = uint16(i*2), uint32(i)
		p.SSRC = uint32(i / 5000)
		p.Arrival = time.Duration(i) * 125 * time.Microsecond
		line.Write(&p)
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	if held := int64(after.HeapAlloc) - int64(before.HeapAlloc); held > 300<<10 {
		t.Errorf("%d bytes held", held)
	}
	if s := line.Stats(); s.Dropped == 0 {
		t.Errorf("%+v", s)
	}
}
