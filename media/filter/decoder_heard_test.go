package filter_test

import (
	"testing"

	"rms/media"
	"rms/media/codec"
	"rms/media/filter"
)

// counter is a mu-law decoder that counts what it decodes.
type counter struct {
	media.Decoder
	media.Skimmer
	decoded int
}

func (d *counter) Decode(dst []int16, payload []byte) []int16 {
	d.decoded++
	return d.Decoder.Decode(dst, payload)
}

func newCounter(t *testing.T) *counter {
	t.Helper()
	cd, _ := codec.Lookup("PCMU", 8000, 1)
	d := cd.NewDecoder()
	s, ok := d.(media.Skimmer)
	if !ok {
		t.Fatal("mu-law needs no packet but the one at hand")
	}
	return &counter{Decoder: d, Skimmer: s}
}

func TestADecoderThatNobodyHearsDecodesNothingAndKeepsPace(t *testing.T) {
	t.Parallel()
	d := newCounter(t)
	r := &script{encoding: "PCMU/8000"}
	for range 6 { // packets of 30 ms in ticks of 20
		r.answers = append(r.answers, packet(240, a))
	}
	f := filter.NewDecoder(r, d, media.Format{Rate: 8000, Channels: 1})
	f.Heard(false)
	out := make([]*media.Frame, 1)
	for range 4 {
		f.Process(nil, out)
	}
	if left := len(r.answers); left != 3 || d.decoded != 0 {
		t.Errorf("%d packets are left, %d were decoded", left, d.decoded)
	}
	f.Heard(true)
	f.Process(nil, out)
	// What a packet that was passed over would have held is silence.
	if got := runs(out[0].PCM); len(got) != 2 || got[0] != [2]int{0, 80} || got[1] != [2]int{a, 80} {
		t.Errorf("heard %v", got)
	}
	f.Process(nil, out)
	if got := runs(out[0].PCM); len(got) != 1 || got[0] != [2]int{a, 160} {
		t.Errorf("then %v", got)
	}
}

func TestAGraphTellsAFilterWhetherItIsHeard(t *testing.T) {
	t.Parallel()
	d := newCounter(t)
	r := &script{encoding: "PCMU/8000"}
	for range 10 {
		r.answers = append(r.answers, packet(160, a))
	}
	g := media.NewGraph(media.GraphOptions{})
	hears, err := g.Add(filter.NewDecoder(r, d, media.Format{Rate: 8000, Channels: 1}), 1)
	if err != nil {
		t.Fatal(err)
	}
	g.Tick()
	reader, err := g.Add(filter.NewGain(0), 1, hears)
	if err != nil {
		t.Fatal(err)
	}
	g.Tick()
	g.Tick()
	g.Remove(reader)
	g.Tick()
	if left := len(r.answers); left != 6 || d.decoded != 2 {
		t.Errorf("%d packets are left, %d were decoded", left, d.decoded)
	}
}
