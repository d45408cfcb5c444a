package target_test

import (
	"context"
	"encoding/binary"
	"math"
	"net/netip"
	"slices"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/target"
	"rms/media/wire/rst"
)

func rstNoLookup(context.Context, string, string) ([]netip.Addr, error) { return nil, errRSTNoHost }

// rstDecode is what a server makes of a payload.
func rstDecode(pt uint8, payload []byte) []int16 {
	var pcm []int16
	switch pt {
	case rst.PCMU:
		for _, b := range payload {
			pcm = append(pcm, media.MulawToLinear[b])
		}
	case rst.PCMA:
		for _, b := range payload {
			pcm = append(pcm, media.AlawToLinear[b])
		}
	case rst.L16:
		for i := 0; i+1 < len(payload); i += 2 {
			pcm = append(pcm, int16(binary.LittleEndian.Uint16(payload[i:])))
		}
	}
	return pcm
}

func TestRSTPayloadTypeIsTheCallsCodecOr10(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		codec string
		pt    uint8
		size  int
	}{{"PCMU", 0, 160}, {"PCMA", 8, 160}, {"pcma", 8, 160}, {"G722", 10, 320}, {"L16", 10, 320}, {"opus", 10, 320}, {"", 10, 320}} {
		far := newRSTFar(t, "127.0.0.1:0")
		o := far.options()
		o.Codec = media.Codec{Name: c.codec}
		s := openRST(t, o)
		far.next()
		s.write(rstRamp(160, 2), 2)
		for _, side := range []byte{rst.Read, rst.Write} {
			if p := far.data(); p.PT != c.pt || len(p.Payload) != c.size || p.Side != side || p.Excess != 0 || p.Half {
				t.Errorf("%s: type %d, %d bytes, side %c, excess %d", c.codec, p.PT, len(p.Payload), p.Side, p.Excess)
			}
		}
	}
}

func TestRSTL16IsLittleEndianAndWhole(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.Codec, o.Format.Channels = media.Codec{}, 1
	s := openRST(t, o)
	far.next()
	pcm := rstRamp(160, 1)
	pcm[0], pcm[1] = 0x0102, -32768
	s.write(pcm, 1)
	p := far.data()
	if !slices.Equal(p.Payload[:4], []byte{0x02, 0x01, 0x00, 0x80}) || !slices.Equal(rstDecode(rst.L16, p.Payload), pcm) {
		t.Errorf("% x", p.Payload)
	}
}

// Each side's tone has its frequency and level, and none of the other's.
func TestRSTTonesOfBothSidesSurviveEachCodec(t *testing.T) {
	t.Parallel()
	for _, codec := range []string{"PCMU", "PCMA", "L16"} {
		far := newRSTFar(t, "127.0.0.1:0")
		o := far.options()
		o.Codec = media.Codec{Name: codec}
		s := openRST(t, o)
		far.next()
		left, right := audiotest.Tone(8000, 440, -10, time.Second), audiotest.Tone(8000, 1000, -20, time.Second)
		var heard [2][]int16
		pcm := make([]int16, 320)
		for at := 0; at < 8000; at += 160 {
			for i := range 160 {
				pcm[2*i], pcm[2*i+1] = left[at+i], right[at+i]
			}
			s.write(pcm, 2)
			for i := range heard {
				p := far.data()
				heard[i] = append(heard[i], rstDecode(p.PT, p.Payload)...)
			}
		}
		for i, want := range []struct{ freq, level, other float64 }{{440, -10, 1000}, {1000, -20, 440}} {
			freq, level := audiotest.Find(heard[i], 8000)
			if math.Abs(freq-want.freq) > 0.1 || math.Abs(level-want.level) > 0.1 {
				t.Errorf("%s side %d: %.2f Hz at %.2f dBFS, want %v", codec, i, freq, level, want)
			}
			if l := audiotest.LevelAt(heard[i], 8000, want.other); l > -55 {
				t.Errorf("%s side %d: the other side is there with %.1f dBFS", codec, i, l)
			}
			if snr := audiotest.SNR(heard[i], 8000, want.freq); snr < 35 {
				t.Errorf("%s side %d: SNR %.1f dB", codec, i, snr)
			}
		}
		s.finish()
	}
}

func TestRSTFramesAreCutFromTicksOfAnyLength(t *testing.T) {
	t.Parallel()
	for _, tick := range []int{1, 7, 40, 80, 160, 240, 1000} {
		far := newRSTFar(t, "127.0.0.1:0")
		o := far.options()
		o.Codec = media.Codec{}
		s := openRST(t, o)
		far.next()
		sent := rstRamp(1000, 2)
		var heard [2][]int16
		take := func(n int) {
			for i, side := range []byte{rst.Read, rst.Write} {
				p := far.data()
				if len(p.Payload) != n*2 || p.Side != side {
					t.Fatalf("tick of %d: %d bytes on %c, want %d on %c", tick, len(p.Payload), p.Side, n*2, side)
				}
				heard[i] = append(heard[i], rstDecode(p.PT, p.Payload)...)
			}
		}
		for rest := sent; len(rest) > 0; {
			n := min(tick*2, len(rest))
			s.write(rest[:n], 2)
			rest = rest[n:]
		}
		for range 6 {
			take(160)
		}
		far.empty()
		s.finish()
		take(40) // what was kept comes with its true length
		for i := range 1000 {
			if heard[0][i] != sent[2*i] || heard[1][i] != sent[2*i+1] {
				t.Fatalf("tick of %d: sample %d is %d and %d", tick, i, heard[0][i], heard[1][i])
			}
		}
	}
}

func TestRSTDatagramsFitTheOriginalsBuffer(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	o := far.options()
	o.Codec, o.Frame = media.Codec{}, 60*time.Millisecond
	s := openRST(t, o)
	far.next()
	s.write(rstRamp(480, 2), 2)
	if got := far.next(); len(got.text) > rst.MaxDatagram || len(got.text) < 960 {
		t.Errorf("%d bytes", len(got.text))
	}
}

func TestRSTRefusesAnotherFormat(t *testing.T) {
	t.Parallel()
	far := newRSTFar(t, "127.0.0.1:0")
	s := openRST(t, far.options())
	for _, f := range []media.Format{{Rate: 16000, Channels: 2}, {Rate: 8000, Channels: 1}, {}} {
		if err := s.Write(&media.Frame{PCM: make([]int16, 320), Format: f}); err == nil {
			t.Errorf("%v is taken", f)
		}
	}
	if err := s.Write(&media.Frame{Lost: true, Samples: 160}); err != nil {
		t.Errorf("lost frame: %v", err)
	}
}

func TestRSTWriteAllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		name    string
		codec   string
		framing string
		hex     bool
	}{
		{name: "generation 1", codec: "PCMU"},
		{name: "L16", codec: ""},
		{name: "bare", codec: "PCMA", framing: "bare"},
		{name: "data", codec: "PCMU", framing: "data"},
		{name: "rtp", codec: "", framing: "rtp"},
		{name: "write-hex", codec: "PCMU", hex: true},
	} {
		far := newRSTFar(t, "127.0.0.1:0")
		o := far.options()
		o.Codec, o.Framing = media.Codec{Name: c.codec}, c.framing
		if c.framing != "" {
			o.Generation = 2
		}
		if c.hex {
			o.HexDir = t.TempDir()
		}
		s := answered(t, far, o)
		f := &media.Frame{PCM: rstRamp(40, 2), Format: media.Format{Rate: 8000, Channels: 2}}
		for range 100 {
			s.Write(f) // the dump grows its buffer once
		}
		if n := testing.AllocsPerRun(400, func() { s.Write(f) }); n != 0 {
			t.Errorf("%s: %v allocations a tick", c.name, n)
		}
		s.finish()
	}
}

func BenchmarkRSTWrite(b *testing.B) {
	for _, codec := range []string{"PCMU", "L16"} {
		b.Run(codec, func(b *testing.B) {
			far := newRSTFar(b, "127.0.0.1:0")
			o := far.options()
			o.Codec = media.Codec{Name: codec}
			c, err := tryRST(b, o)
			if err != nil {
				b.Fatal(err)
			}
			b.Cleanup(func() { c.Close() })
			f := &media.Frame{PCM: rstRamp(160, 2), Format: media.Format{Rate: 8000, Channels: 2}}
			b.ReportAllocs()
			for b.Loop() {
				if err := c.Write(f); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// answered opens a stream; of generation 2, an ACK names two ports of the far end.
func answered(t *testing.T, far *rstFar, o *target.Options) *rstStream {
	t.Helper()
	if o.Generation != 2 {
		return openRST(t, o)
	}
	r, w := newRSTFar(t, "127.0.0.1:0"), newRSTFar(t, "127.0.0.1:0")
	go func() {
		inv := far.next()
		far.say(inv.from, string(rst.AppendAck(nil, rstID, int(r.addr.Port()), int(w.addr.Port()))))
	}()
	return openRST(t, o)
}
