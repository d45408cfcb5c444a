package target_test

import (
	"encoding/hex"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/target"
	"rms/media/wire/audiosocket"
)

func audioSocketHex(t testing.TB, text string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.ReplaceAll(text, " ", ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// awaitBytes waits until Serve has read n bytes.
func (s *audioSocketStream) awaitBytes(n int) {
	s.t.Helper()
	for end := time.Now().Add(audioSocketPatience); s.Stats().BytesIn < uint64(n); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			s.t.Fatalf("waited in vain: %+v", s.Stats())
		}
	}
}

// hears returns what the handler noted of n bytes.
func (s *audioSocketStream) hears(n int) []string {
	s.t.Helper()
	s.awaitBytes(n)
	s.far.say(audioSocketHex(s.t, "00 00 00")) // all before it has been handled when Serve ends
	s.end()
	return s.heard.all()
}

func TestAudioSocketPlaysEveryTypeOfAudioInAnyFragmentation(t *testing.T) {
	t.Parallel()
	want := map[int][]int16{}
	var all []byte
	for k := audiosocket.Slin8; k <= audiosocket.Slin192; k++ {
		for _, n := range []int{1, 160, k.Rate() / 50, 2000} {
			pcm := audioSocketRamp(n)
			all = audiosocket.AppendAudio(all, k, pcm)
			want[k.Rate()] = append(want[k.Rate()], pcm...)
		}
		all = audiosocket.AppendMessage(all, k, nil)                  // no audio
		all = audiosocket.AppendMessage(all, 0x42, []byte("unknown")) // skipped by its length
	}
	for _, size := range []int{len(all), 1, 2, 1447} {
		s := openAudioSocketTo(t, target.Options{})
		sent := all
		if size < 3 { // the slow ways need not go all the way
			sent = all[:3+2+3+320+3+320+3+4000+3+3+7]
		}
		for rest := sent; len(rest) > 0; rest = rest[min(size, len(rest)):] {
			s.far.say(rest[:min(size, len(rest))])
		}
		if lines := s.hears(len(sent)); len(lines) != 0 {
			t.Errorf("segments of %d: %q", size, lines)
		}
		for rate, pcm := range want {
			if got := s.heard.samples(rate); (size > 2 || rate == 8000) && !cmp.Equal(got, pcm) {
				t.Errorf("segments of %d: %d samples at %d Hz, want %d", size, len(got), rate, len(pcm))
			}
		}
		wantIgnored := uint64(18)
		if size < 3 {
			wantIgnored = 2
		}
		if st := s.Stats(); st.Ignored != wantIgnored || st.BytesIn != uint64(len(sent))+3 {
			t.Errorf("segments of %d: %+v", size, st)
		}
	}
}

func TestAudioSocketKeepsItsPlaceAfterAnOddByte(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	b := audioSocketHex(t, "10 00 03 01 00 99 10 00 01 99 10 00 02 02 00")
	s.far.say(b)
	s.hears(len(b))
	if got := s.heard.samples(8000); !cmp.Equal(got, []int16{1, 2}) {
		t.Errorf("%v", got)
	}
	if st := s.Stats(); st.Malformed != 2 || st.FramesIn != 3 {
		t.Errorf("%+v", st)
	}
}

func TestAudioSocketReadsDigitsAndSignalsByDialect(t *testing.T) {
	t.Parallel()
	const (
		digit    = "03 00 01 35"
		answer   = "03 00 01 04"
		ringing  = "03 00 01 03"
		unknown  = "03 00 01 0c"
		forkDown = "02 00 06 01 35 00 00 00 00"
		forkUp   = "02 00 06 00 35 a0 00 00 00"
		forkLong = "02 00 06 00 44 ff ff ff 7f"
		forkBad  = "02 00 06 00 45 a0 00 00 00"
	)
	b := audioSocketHex(t, digit+answer+ringing+unknown+forkDown+forkUp+forkLong+forkBad)
	played := []string{"digit 5 160ms", "digit D 0s"} // who says 24 days means nothing
	for dialect, c := range map[string]struct {
		want    []string
		ignored uint64
	}{
		"":         {[]string{"digit 5 0s", "control answer", "control ringing"}, 3},
		"upstream": {[]string{"digit 5 0s"}, 5},
		"fork":     {[]string{"control answer", "control ringing"}, 4},
	} {
		s := openAudioSocketTo(t, target.Options{Dialect: dialect})
		s.far.say(b)
		if got, want := s.hears(len(b)), append(c.want, played...); !cmp.Equal(got, want) {
			t.Errorf("dialect %q: %q, want %q", dialect, got, want)
		}
		if st := s.Stats(); st.Ignored != c.ignored {
			t.Errorf("dialect %q: %+v, want %d ignored", dialect, st, c.ignored)
		}
	}
}

func TestAudioSocketIgnoresAUUIDAndOddLengthsFromTheServer(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	b := audioSocketHex(t, "01 00 10 40325ec25efd4bd3805f53576e581d13 02 00 00 02 00 01 35 03 00 00 03 00 02 35 35 10 00 00")
	s.far.say(b)
	if got := s.hears(len(b)); len(got) != 0 || s.Stats().Ignored != 6 {
		t.Errorf("%q, %+v", got, s.Stats())
	}
}

func TestAudioSocketEndsByWhatTheFarEndSays(t *testing.T) {
	t.Parallel()
	hangup := target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure", Hangup: true}
	failed := func(text string) target.Ended {
		e := hangup
		e.Error, e.Text = target.CodeIO, text
		return e
	}
	for name, c := range map[string]struct {
		dialect, say string
		want         target.Ended
	}{
		"0x00":                 {"", "00 00 00", hangup},
		"0x00 with a payload":  {"", "00 00 02 01 02", hangup},
		"0xff":                 {"", "ff 00 00", failed("the far end reports error 0x00")},
		"0xff code 0x01":       {"", "ff 00 01 01", failed("the far end reports error 0x01: hang-up of the caller")},
		"0xff code 0x06":       {"", "ff 00 01 06", failed("the far end reports error 0x06: frame forwarding, memory")},
		"0xff code 0x40":       {"", "ff 00 03 40 00 00", failed("the far end reports error 0x40")},
		"signal HANGUP":        {"fork", "03 00 01 01", hangup},
		"signal HANGUP untold": {"", "03 00 01 01", hangup},
	} {
		s := openAudioSocketTo(t, target.Options{Dialect: c.dialect})
		s.far.say(audioSocketHex(t, c.say))
		if diff := cmp.Diff(c.want, s.end()); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		if err := s.Write(audioSocketPCM(make([]int16, 320), 8000)); err == nil || errors.Is(err, target.ErrClosed) {
			t.Errorf("%s: write afterwards: %v", name, err)
		}
	}
}

func TestAudioSocketEndsWhenTheFarEndCloses(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	s.far.say(audioSocketHex(t, "10 00 02 01 00"))
	s.far.Close()
	if e := s.end(); e.By != target.ByRemote || e.Code != 1000 || e.Hangup || !e.Again || e.Error != 0 {
		t.Errorf("%+v", e)
	}
	s = openAudioSocketTo(t, target.Options{})
	s.far.say(audioSocketHex(t, "10 00 02 01"))
	s.far.Close()
	if e := s.end(); e.By != target.ByError || e.Code != 1006 || e.Hangup || !e.Again || e.Error != target.CodeProtocol {
		t.Errorf("inside a message: %+v", e)
	}
}

// We go on sending meanwhile: a thread that polls for the rest is Asterisk's fault.
func TestAudioSocketEndsWhenAMessageIsNotCompletedInTwoSeconds(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	started := time.Now()
	s.far.say(audioSocketHex(t, "10 01"))
	for range 50 {
		s.write(make([]int16, 160))
		if m, err := s.far.next(); err != nil || len(m.Payload) != 320 {
			t.Fatal(m.Kind, err)
		}
	}
	e := s.end()
	if took := time.Since(started); took < time.Second || took > 10*time.Second {
		t.Errorf("after %v", took)
	}
	if e.By != target.ByTimeout || e.Error != target.CodeTimeout || e.Hangup || !e.Again {
		t.Errorf("%+v", e)
	}
}

func TestAudioSocketEndsWhenTheHandlerWantsNoMore(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	s.heard.mu.Lock()
	s.heard.fail = errors.New("the call is over")
	s.heard.mu.Unlock()
	s.far.say(audioSocketHex(t, "10 00 02 01 00 10 00 02 02 00"))
	if e := s.end(); e.By != target.ByLocal {
		t.Errorf("%+v", e)
	}
	if got := s.heard.samples(8000); len(got) != 1 {
		t.Errorf("%v", got)
	}
}

// A handler that does not take the audio stops the far end, not our own sending.
func TestAudioSocketFeelsTheHandlersBackPressure(t *testing.T) {
	t.Parallel()
	s := openAudioSocketTo(t, target.Options{})
	hold := make(chan struct{})
	s.heard.mu.Lock()
	s.heard.hold = hold
	s.heard.mu.Unlock()
	said := make(chan int, 1)
	message := audiosocket.AppendAudio(nil, audiosocket.Slin8, make([]int16, 16000))
	go func() {
		n := 0
		for n < 1000 && s.far.SetWriteDeadline(time.Now().Add(300*time.Millisecond)) == nil {
			if _, err := s.far.Write(message); err != nil {
				break
			}
			n++
		}
		said <- n
	}()
	if n := <-said; n == 1000 {
		t.Error("32 MB were taken from the far end")
	}
	s.write(audioSocketRamp(160))
	if m, err := s.far.next(); err != nil || len(m.Payload) != 320 {
		t.Errorf("%s, %v", m.Kind, err)
	}
	close(hold)
}
