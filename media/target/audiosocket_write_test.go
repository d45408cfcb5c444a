package target_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media"
	"rms/media/target"
	"rms/media/wire/audiosocket"
)

// audioSocketRamp returns n samples, all different.
func audioSocketRamp(n int) []int16 {
	pcm := make([]int16, n)
	for i := range pcm {
		pcm[i] = int16(i*3 + 1)
	}
	return pcm
}

func TestAudioSocketCutsAudioIntoFramesAndKeepsTheRest(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	all := audioSocketRamp(1000)
	for rest, n := all, 1; len(rest) > 0; n += 37 {
		n = min(n, len(rest))
		s.write(rest[:n])
		rest = rest[n:]
	}
	finished := make(chan target.Ended, 1)
	go func() { finished <- s.finish() }()
	var got []int16
	var sizes []int
	for {
		m, err := s.far.next()
		if err != nil {
			break
		}
		if m.Kind == audiosocket.Slin8 {
			got = audiosocket.PCM(got, m.Payload)
		}
		sizes = append(sizes, len(m.Payload))
	}
	s.far.Close()
	if e := <-finished; e.By != target.ByLocal || e.Code != 1000 || e.Hangup {
		t.Errorf("%+v", e)
	}
	if want := []int{320, 320, 320, 320, 320, 320, 80, 0}; !cmp.Equal(sizes, want) || !cmp.Equal(got, all) {
		t.Errorf("payloads %v, want %v; %d samples", sizes, want, len(got))
	}
	if st := s.Stats(); st.FramesOut != 7 || st.BytesOut != 19+7*3+2000+3 {
		t.Errorf("%+v", st)
	}
}

func TestAudioSocketSendsEveryRateInItsOwnType(t *testing.T) {
	t.Parallel()
	for rate, want := range map[int]struct {
		kind audiosocket.Kind
		size int
	}{
		8000: {0x10, 320}, 12000: {0x11, 480}, 16000: {0x12, 640}, 24000: {0x13, 960}, 32000: {0x14, 1280},
		44100: {0x15, 1764}, 48000: {0x16, 1920},
	} {
		f := media.Format{Rate: rate, Channels: 1}
		s := openAudioSocketTo(t, target.Options{Format: f})
		if err := s.Write(audioSocketPCM(audioSocketRamp(rate/50), rate)); err != nil {
			t.Fatal(err)
		}
		if m, err := s.far.next(); err != nil || m.Kind != want.kind || len(m.Payload) != want.size {
			t.Errorf("%d Hz: %s of %d bytes, %v", rate, m.Kind, len(m.Payload), err)
		}
		if err := s.Write(audioSocketPCM([]int16{1}, rate+1)); !errors.Is(err, media.ErrFormat) {
			t.Errorf("%d Hz: audio of another rate: %v", rate, err)
		}
	}
}

// The call's clock writes every 20 ms; nothing is held back or left out, silence
// included, and a pause of keys makes no hole.
func TestAudioSocketSendsSilenceToo(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	for range 10 {
		s.write(make([]int16, 160))
		if err := s.Digit('5', 100*time.Millisecond); err != nil {
			t.Fatal(err)
		}
		m, err := s.far.next()
		if err != nil || m.Kind != audiosocket.Slin8 || len(m.Payload) != 320 {
			t.Fatalf("%s of %d bytes, %v", m.Kind, len(m.Payload), err)
		}
		s.far.expect("0x03 35")
	}
}

func TestAudioSocketLostAudioLeavesNoGap(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	if err := s.Write(&media.Frame{Lost: true, Samples: 8000}); err != nil {
		t.Fatal(err)
	}
	f := audioSocketPCM(audioSocketRamp(160), 8000)
	f.Lost, f.Samples = true, 8000
	if err := s.Write(f); err != nil {
		t.Fatal(err)
	}
	if m, err := s.far.next(); err != nil || !cmp.Equal(audiosocket.PCM(nil, m.Payload), f.PCM) {
		t.Errorf("%s, %v", m.Kind, err)
	}
}

func TestAudioSocketDigitsAreSentByDialect(t *testing.T) {
	t.Parallel()
	for dialect, want := range map[string][]string{
		"":         {"0x03 35", "0x03 44"},
		"upstream": {"0x03 35", "0x03 44"},
		"fork":     {"0x02 013500000000", "0x02 0035a0000000", "0x02 014400000000", "0x02 004400000000"},
	} {
		s := openAudioSocketTo(t, target.Options{Dialect: dialect})
		if err := errors.Join(s.Digit('5', 160*time.Millisecond), s.Digit('x', time.Second), s.Digit('D', 0)); err != nil {
			t.Error(err)
		}
		s.far.expect(want...)
	}
}

func TestAudioSocketHasNoText(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	if err := s.Text(t.Context(), "hello"); !errors.Is(err, target.ErrNoText) {
		t.Errorf("%v", err)
	}
}

// fill writes until the far end, which does not read, blocks; the error is that of
// the write that blocked.
func (s *audioSocketStream) fill() <-chan error {
	failed := make(chan error, 1)
	frame := audioSocketPCM(make([]int16, 16000), 8000)
	go func() {
		for {
			if err := s.Write(frame); err != nil {
				failed <- err
				return
			}
		}
	}()
	// So many looks take longer on a machine that has no time for the writer either.
	sent := s.Stats().BytesOut
	for looks := 0; looks < 300; looks++ {
		if now := s.Stats().BytesOut; now != sent {
			sent, looks = now, 0
		}
		time.Sleep(time.Millisecond)
	}
	return failed
}

func TestAudioSocketWriteToAStalledFarEndBlocksUntilClose(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	failed := s.fill()
	select {
	case err := <-failed:
		t.Fatalf("write returned: %v", err)
	default:
	}
	if err := errors.Join(s.Close(), s.Close()); err != nil {
		t.Error(err)
	}
	if err := <-failed; !errors.Is(err, target.ErrClosed) {
		t.Errorf("%v", err)
	}
	if e := s.end(); e.By != target.ByLocal || e.Again {
		t.Errorf("%+v", e)
	}
	if err := s.Write(audioSocketPCM([]int16{1}, 8000)); !errors.Is(err, target.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
	if err := s.Digit('1', 0); !errors.Is(err, target.ErrClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestAudioSocketWriteToAStalledFarEndBlocksUntilTheStallTimeout(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{StallTimeout: 400 * time.Millisecond})
	started := time.Now()
	err := <-s.fill()
	if took := time.Since(started); err == nil || took < 400*time.Millisecond {
		t.Errorf("%v after %v", err, took)
	}
	if e := s.end(); e.By != target.ByTimeout || e.Error != target.CodeTimeout || !e.Again ||
		!strings.Contains(e.Text, "does not read") {
		t.Errorf("%+v", e)
	}
}

// Neither may the limit of a write count while nothing is written.
func TestAudioSocketStallTimeoutDoesNotEndAPause(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{StallTimeout: time.Second}) // a write has it whole
	s.write(make([]int16, 160))
	time.Sleep(1300 * time.Millisecond) // longer than the limit and its quarter
	s.write(make([]int16, 160))
	time.Sleep(1300 * time.Millisecond)
	if err := s.Digit('1', 0); err != nil {
		t.Error(err)
	}
}

func TestAudioSocketWriteAllocatesNothing(t *testing.T) {
	s := openAudioSocketTo(t, target.Options{StallTimeout: time.Minute})
	done := make(chan struct{})
	go func() {
		defer close(done)
		_, _ = io.Copy(io.Discard, audioSocketReads{s.far.Conn})
	}()
	f := audioSocketPCM(make([]int16, 160), 8000)
	if n := testing.AllocsPerRun(500, func() {
		if err := s.Write(f); err != nil {
			t.Fatal(err)
		}
	}); n >= 1 {
		t.Errorf("%v allocations", n)
	}
	_ = s.Close()
	<-done
}

// BenchmarkAudioSocketWrite sends 20 ms at 8000 Hz over loopback.
func BenchmarkAudioSocketWrite(b *testing.B) {
	s := openAudioSocketTo(b, target.Options{StallTimeout: 5 * time.Second})
	go io.Copy(io.Discard, audioSocketReads{s.far.Conn})
	f := audioSocketPCM(make([]int16, 160), 8000)
	b.ReportAllocs()
	b.ResetTimer()
	for range b.N {
		if err := s.Write(f); err != nil {
			b.Fatal(err)
		}
	}
}
