package filter_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/filter"
)

// leg is the part of a call's graph that streams hang on.
type leg struct {
	t              *testing.T
	g              *media.Graph
	clock          *media.ManualClock
	pool           *media.BlockPool
	decoder, mixer media.Pin
}

// speech are packets of a tone in a codec, without end.
type speech struct {
	cd      media.Codec
	encoder media.Encoder
	pcm     []int16
	packet  []byte
}

func newSpeech(cd media.Codec, freq float64) *speech {
	return &speech{cd: cd, encoder: cd.NewEncoder(), pcm: audiotest.Tone(cd.Rate, freq, -20, 20*ms)}
}

func (s *speech) ReadPacket(f *media.Frame) media.Read {
	s.packet = s.encoder.Encode(s.packet[:0], s.pcm)
	f.Encoding, f.Payload, f.Samples = s.cd.Encoding(), s.packet, s.cd.ClockRate/50
	return media.ReadPacket
}

func codecOf(t *testing.T, name string, rate int) media.Codec {
	t.Helper()
	cd, ok := codec.Lookup(name, rate, 1)
	if !ok {
		t.Fatal(name)
	}
	return cd
}

func (l *leg) pin(p media.Pin, err error) media.Pin {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
	return p
}

func decoderOf(cd media.Codec) *filter.Decoder {
	return filter.NewDecoder(newSpeech(cd, 500), cd.NewDecoder(), cd.Format())
}

func newLegOf(t *testing.T, cd media.Codec) *leg {
	t.Helper()
	l := &leg{t: t, clock: media.NewManualClock(), pool: media.NewBlockPool(0)}
	l.g = media.NewGraph(media.GraphOptions{
		Convert: filter.Convert, Pool: l.pool, Ops: 1000,
		OnError: func(where string, err error) { t.Errorf("%s: %v", where, err) },
	})
	l.decoder = l.pin(l.g.Add(decoderOf(cd), 1))
	prompt := l.pin(l.g.Add(filter.NewTone(1000, -20, mono8), 1))
	l.mixer = l.pin(l.g.Add(filter.NewMixer(cd.Format()), 1, prompt))
	l.pin(l.g.Add(filter.NewEncoder(cd, cd.NewEncoder()), 1, l.mixer))
	l.clock.Attach(l.g)
	return l
}

// recode does what a change of the codec does, between two ticks.
func (l *leg) recode(cd media.Codec) {
	if err := errors.Join(
		l.g.Replace(l.decoder, decoderOf(cd)),
		l.g.Replace(l.mixer, filter.NewMixer(cd.Format())),
	); err != nil {
		l.t.Error(err)
	}
}

func TestTapsOfEveryKindSurviveAChangeOfTheCodec(t *testing.T) {
	t.Parallel()
	l := newLegOf(t, codecOf(t, "PCMU", 8000))
	type tap struct {
		mix  filter.Mix
		rate int
		deck *deck
	}
	var taps []tap
	for _, mix := range []filter.Mix{filter.Mono, filter.Mixed, filter.Stereo} {
		for _, rate := range []int{8000, 16000, 24000, 48000} {
			f := filter.NewSides(mix, rate)
			d := &deck{}
			p := l.pin(l.g.Add(f, 1, l.decoder, l.mixer))
			if _, err := l.g.Spawn(p, d, media.LinkOptions{Format: f.Out(), Size: time.Minute}); err != nil {
				t.Fatal(err)
			}
			taps = append(taps, tap{mix, rate, d})
		}
	}
	l.clock.Advance(600 * ms)
	for _, cd := range []media.Codec{codecOf(t, "L16", 16000), codecOf(t, "PCMA", 8000), codecOf(t, "G722", 8000)} {
		if err := l.g.Do(func() { l.recode(cd) }); err != nil {
			t.Fatal(err)
		}
		l.clock.Advance(600 * ms)
	}
	if err := l.g.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	for _, x := range taps {
		name, n := fmt.Sprint(x.mix, " ", x.rate), x.mix.Channels()
		if len(x.deck.pcm) != 4*x.rate*n*6/10 {
			t.Errorf("%s: %d samples, want %d", name, len(x.deck.pcm), 4*x.rate*n*6/10)
			continue
		}
		for i := range 4 {
			part := x.rate * n * 6 / 10
			pcm := x.deck.pcm[i*part+part/6 : (i+1)*part]
			if x.mix == filter.Stereo {
				wantTones(t, name+" left", channel(pcm, 0), x.rate, -20, -70)
				wantTones(t, name+" right", channel(pcm, 1), x.rate, -70, -20)
				continue
			}
			right := -20.0
			if x.mix == filter.Mono {
				right = -70
			}
			wantTones(t, name, pcm, x.rate, -20, right)
		}
	}
	if used := l.pool.Used(); used != 0 {
		t.Errorf("%d bytes are still lent", used)
	}
}

// wantTones wants the caller at 500 Hz and the prompt at 1000 Hz, at these levels;
// -70 is none.
func wantTones(t *testing.T, name string, pcm []int16, rate int, caller, prompt float64) {
	t.Helper()
	for freq, want := range map[float64]float64{500: caller, 1000: prompt} {
		got := audiotest.LevelAt(pcm, rate, freq)
		if (want > -70 && (got < want-0.7 || got > want+0.7)) || (want <= -70 && got > -55) {
			t.Errorf("%s: %.1f dBFS at %v Hz, want %.1f", name, got, freq, want)
		}
	}
}

// shredder is a sink that counts how often it is closed; some are slow, some fail.
type shredder struct {
	deck
	kind   int
	closed atomic.Int32
	end    chan struct{}
}

func (s *shredder) Write(f *media.Frame) error {
	switch {
	case s.kind == 1:
		<-s.end // for ever, until Close
		return io.ErrClosedPipe
	case s.kind == 2 && len(s.pcm) > 4000:
		return io.ErrUnexpectedEOF
	}
	return s.deck.Write(f)
}

func (s *shredder) Close() error {
	if s.closed.Add(1) == 1 {
		close(s.end)
	}
	return nil
}

// TestTapsComeAndGoAtAnyTime does what streams do to a graph, at random.
func TestTapsComeAndGoAtAnyTime(t *testing.T) {
	t.Parallel()
	codecs := []media.Codec{codecOf(t, "PCMU", 8000), codecOf(t, "L16", 16000), codecOf(t, "G722", 8000)}
	l := newLegOf(t, codecs[0])
	l.g = media.NewGraph(media.GraphOptions{Convert: filter.Convert, Pool: l.pool, Ops: 10000})
	l.decoder = l.pin(l.g.Add(decoderOf(codecs[0]), 1))
	l.mixer = l.pin(l.g.Add(filter.NewMixer(mono8), 1, l.pin(l.g.Add(filter.NewTone(1000, -20, mono8), 1))))
	l.clock.Attach(l.g)
	dice := rand.New(rand.NewPCG(3, 4))
	var closing sync.WaitGroup
	var sinks []*shredder
	type tap struct {
		sides media.Pin
		link  *media.Link
	}
	var taps []tap
	start := func() {
		s := &shredder{kind: dice.IntN(4), end: make(chan struct{})}
		f := filter.NewSides(filter.Mix(dice.IntN(3)), []int{8000, 16000, 24000, 48000}[dice.IntN(4)])
		p := l.pin(l.g.Add(f, 1, l.decoder, l.mixer))
		link, err := l.g.Spawn(p, s, media.LinkOptions{Format: f.Out()})
		if err != nil {
			t.Error(err)
			return
		}
		sinks, taps = append(sinks, s), append(taps, tap{p, link})
	}
	stop := func(x tap) {
		l.g.Remove(x.link.Pin())
		l.g.Remove(x.sides)
		closing.Go(func() {
			ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
			defer cancel()
			_ = x.link.Close(ctx)
		})
	}
	for range 400 {
		l.clock.Advance(20 * ms)
		if len(taps) < 5 {
			start()
			continue
		}
		i := dice.IntN(len(taps))
		x := taps[i]
		switch dice.IntN(8) {
		case 0:
			taps = append(taps[:i], taps[i+1:]...)
			stop(x)
		case 1:
			start()
		case 2:
			l.recode(codecs[dice.IntN(len(codecs))])
		case 3:
			l.g.Disconnect(x.sides, x.link.Pin())
		case 4:
			l.g.Disconnect(l.decoder, x.sides)
		case 5:
			l.g.Disconnect(l.mixer, x.sides)
		case 6:
			_ = l.g.Connect(l.decoder, x.sides)
		case 7:
			l.g.SetTick([]time.Duration{10 * ms, 20 * ms}[dice.IntN(2)])
		}
	}
	closing.Wait()
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	_ = l.g.Close(ctx)
	eventually(t, "all sinks closed and all storage given back", func() bool {
		for _, s := range sinks {
			if s.closed.Load() != 1 {
				return false
			}
		}
		return l.pool.Used() == 0
	})
	if st := l.clock.Stats(); st.Panics != 0 {
		t.Errorf("%d panics", st.Panics)
	}
}
