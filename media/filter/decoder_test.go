package filter_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/filter"
)

// answer is one return of a reader.
type answer struct {
	read    media.Read
	samples int
	pt      uint8
	value   int16
}

// script is a PacketReader that gives its answers and then nothing.
type script struct {
	answers  []answer
	encoding string

	payload []byte
	asked   []int
}

func (s *script) ReadPacket(f *media.Frame) media.Read {
	if len(s.asked) < 100 {
		s.asked = append(s.asked, f.Samples)
	}
	if len(s.answers) == 0 {
		return media.ReadNone
	}
	a := s.answers[0]
	s.answers = s.answers[1:]
	f.Encoding, f.PayloadType = s.encoding, a.pt
	if a.samples > 0 {
		f.Samples = a.samples
	}
	if a.read == media.ReadPacket {
		s.payload = s.payload[:0]
		for range a.samples {
			s.payload = append(s.payload, media.LinearToMulaw(a.value))
		}
		f.Payload = s.payload
	}
	return a.read
}

func packet(samples int, value int16) answer {
	return answer{read: media.ReadPacket, samples: samples, value: value}
}

// runs writes PCM as pairs of value and length.
func runs(pcm []int16) (list [][2]int) {
	for _, v := range pcm {
		if n := len(list); n > 0 && list[n-1][0] == int(v) {
			list[n-1][1]++
		} else {
			list = append(list, [2]int{int(v), 1})
		}
	}
	return list
}

// Values that mu-law keeps.
const a, b, c = 132, 1052, 3900

func TestDecoderMakesTicksOfAnyPtime(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		answers []answer
		tick    time.Duration
		ticks   int
		want    [][2]int
	}{
		"same length":  {[]answer{packet(160, a), packet(160, b)}, 20, 2, [][2]int{{a, 160}, {b, 160}}},
		"short":        {[]answer{packet(80, a), packet(80, b), packet(80, c)}, 20, 2, [][2]int{{a, 80}, {b, 80}, {c, 80}, {0, 80}}},
		"long":         {[]answer{packet(480, a)}, 20, 4, [][2]int{{a, 480}, {0, 160}}},
		"30 in 20":     {[]answer{packet(240, a), packet(240, b)}, 20, 3, [][2]int{{a, 240}, {b, 240}}},
		"20 in 10":     {[]answer{packet(160, a), packet(160, b)}, 10, 4, [][2]int{{a, 160}, {b, 160}}},
		"odd":          {[]answer{packet(7, a), packet(1000, b), packet(1, c)}, 20, 7, [][2]int{{a, 7}, {b, 1000}, {c, 1}, {0, 112}}},
		"empty packet": {[]answer{packet(0, a), packet(160, b)}, 20, 1, [][2]int{{b, 160}}},
		"late start":   {[]answer{{}, {}, packet(160, a)}, 20, 3, [][2]int{{0, 320}, {a, 160}}},
		"lost": {
			[]answer{packet(160, a), {read: media.ReadLost, samples: 160}, packet(160, b)},
			20, 3,
			[][2]int{{a, 160}, {7777, 160}, {b, 160}},
		},
		"lost half a tick": {
			[]answer{packet(80, a), {read: media.ReadLost, samples: 80}, packet(160, b)},
			20, 2,
			[][2]int{{a, 80}, {7777, 80}, {b, 160}},
		},
		"lost without a length": {[]answer{packet(80, a), {read: media.ReadLost}}, 20, 1, [][2]int{{a, 80}, {7777, 80}}},
		"silence within a tick": {[]answer{packet(80, a), {samples: 40}, packet(40, b)}, 20, 1, [][2]int{{a, 80}, {0, 40}, {b, 40}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := filter.NewDecoder(&script{answers: test.answers, encoding: "PCMU/8000"}, &mulawCodec{}, mono8)
			f.Prepare(test.tick * time.Millisecond)
			pcm := hear(f, test.ticks, mono8, test.tick*time.Millisecond)
			if diff := cmp.Diff(test.want, runs(pcm)); diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestDecoderWithoutPacketsHasNoAudio(t *testing.T) {
	t.Parallel()
	s := &script{}
	f := filter.NewDecoder(s, &mulawCodec{}, mono8)
	for range 3 {
		if fr := turn(f); fr != nil {
			t.Errorf("a frame of %d", len(fr.PCM))
		}
	}
	s.answers = []answer{packet(200, a)}
	if first, second, third := turn(f), turn(f), turn(f); first == nil || second == nil || third != nil {
		t.Error("200 samples must give a tick, a tick with silence, then nothing")
	}
	if diff := cmp.Diff([]int{160, 160, 160, 160, 120, 160}, s.asked); diff != "" {
		t.Errorf("what the reader was asked for: %s", diff)
	}
}

func TestDecoderCountsLossInTheClockOfItsEncoding(t *testing.T) {
	t.Parallel()
	wide := media.Format{Rate: 16000, Channels: 1}
	s := &script{encoding: "G722/8000", answers: []answer{{read: media.ReadLost, samples: 160}}}
	f := filter.NewDecoder(s, &mulawCodec{}, wide)
	if diff := cmp.Diff([][2]int{{7777, 320}, {0, 320}}, runs(hear(f, 2, wide, 20*time.Millisecond))); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]int{320, 160}, s.asked); diff != "" { // the first answer names the clock
		t.Error(diff)
	}
}

// hiss makes noise of 55 plus the payload's length.
type hiss struct{ level int16 }

func (h *hiss) Update(p []byte) { h.level = 55 + int16(len(p)) }
func (h *hiss) Reset()          {}
func (h *hiss) Generate(dst []int16, n int) []int16 {
	for range n {
		dst = append(dst, h.level)
	}
	return dst
}

func TestDecoderFillsSilenceWithTheNoiseOfTheFarEnd(t *testing.T) {
	t.Parallel()
	noise := answer{read: media.ReadPacket, samples: 1, pt: 13}
	f := filter.NewDecoder(&script{answers: []answer{packet(160, a), noise, {}, {}, packet(160, b), {}}}, &mulawCodec{}, mono8)
	f.SetNoise(13, &hiss{})
	if diff := cmp.Diff([][2]int{{a, 160}, {56, 320}, {b, 160}, {0, 160}}, runs(hear(f, 5, mono8, 20*time.Millisecond))); diff != "" {
		t.Error(diff)
	}
}

func TestDecoderSurvivesAReaderThatNeverEnds(t *testing.T) {
	t.Parallel()
	f := filter.NewDecoder(endless{}, &mulawCodec{}, mono8)
	if fr := turn(f); fr != nil {
		t.Errorf("a frame of %d", len(fr.PCM))
	}
}

// endless gives empty packets for ever.
type endless struct{}

func (endless) ReadPacket(*media.Frame) media.Read { return media.ReadPacket }

// stream gives the same packet for ever.
type stream struct{ payload []byte }

func (s stream) ReadPacket(f *media.Frame) media.Read {
	f.Payload, f.Samples, f.Encoding = s.payload, len(s.payload), "PCMU/8000"
	return media.ReadPacket
}

func TestDecoderDoesNotAllocate(t *testing.T) {
	for _, n := range []int{80, 160, 240, 1400} {
		noAllocations(t, filter.NewDecoder(stream{make([]byte, n)}, &mulawCodec{}, mono8))
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add([]byte{1, 160, 2, 80, 0, 40, 1, 7, 1, 255})
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &script{encoding: "PCMU/8000"}
		for ; len(data) > 1; data = data[2:] {
			s.answers = append(s.answers, answer{read: media.Read(data[0] % 4), samples: int(data[1]), pt: data[0] / 4, value: a})
		}
		d := filter.NewDecoder(s, &mulawCodec{}, mono8)
		d.SetNoise(13, &hiss{})
		for range 50 {
			if fr := turn(d); fr != nil && len(fr.PCM) != 160 {
				t.Fatalf("a tick of %d samples", len(fr.PCM))
			}
		}
	})
}
