package audiosocket_test

import (
	"encoding/json"
	"errors"
	"net/netip"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
)

// corpus says for each file what EXPECT.json means here: what the handler hears, or
// why there is none.
var corpus = map[string]struct {
	refused error
	heard   []audiosocket.Meaning
	open    bool // the far end keeps its connection: the server has to end it
	dialect audiosocket.Dialect
}{
	"01_ok_uuid_audio_hangup.bin":   {heard: []audiosocket.Meaning{pcm(160, 8000), {What: audiosocket.Hangup}}, open: true},
	"03_uuid_short_15.bin":          {refused: audiosocket.ErrNotID, open: true},
	"05_uuid_zero_len.bin":          {refused: audiosocket.ErrNotID, open: true},
	"07_uuid_unknown.bin":           {},
	"09_header_1_byte.bin":          {open: true},
	"11_audio_odd_length.bin":       {heard: []audiosocket.Meaning{pcm(160, 8000)}},
	"13_audio_65534.bin":            {heard: []audiosocket.Meaning{pcm(32767, 8000)}},
	"15_error_0xff_empty.bin":       {heard: []audiosocket.Meaning{{What: audiosocket.Failure}}, open: true},
	"17_hangup_with_payload.bin":    {heard: []audiosocket.Meaning{{What: audiosocket.Hangup}}, open: true},
	"19_dtmf_fork_end.bin":          {heard: []audiosocket.Meaning{forkEnd}, dialect: audiosocket.Fork},
	"21_dtmf_fork_bad_digit.bin":    {heard: []audiosocket.Meaning{{}}},
	"23_control_fork.bin":           {heard: []audiosocket.Meaning{{}}},
	"25_slin192_0x18.bin":           {heard: []audiosocket.Meaning{pcm(3840, 192000)}},
	"27_tls_client_hello.bin":       {refused: audiosocket.ErrNotID, open: true},
	"29_all_ff_1k.bin":              {refused: audiosocket.ErrNotID, open: true},
	"31_1000_tiny_audio_frames.bin": {heard: tiny()},
}

var forkEnd = audiosocket.Meaning{What: audiosocket.Key, Digit: '5', Duration: 160 * time.Millisecond}

// pcm is what listenTo notes of audio.
func pcm(samples, rate int) audiosocket.Meaning {
	return audiosocket.Meaning{What: audiosocket.Audio, Code: samples, Control: rate}
}

func tiny() (all []audiosocket.Meaning) {
	for range 1000 {
		all = append(all, pcm(1, 8000))
	}
	return all
}

func TestServerDoesWithTheCorpusWhatItsListExpects(t *testing.T) {
	t.Parallel()
	var expect map[string]string
	b, err := os.ReadFile("testdata/corpus/EXPECT.json")
	if err == nil {
		err = json.Unmarshal(b, &expect)
	}
	if err != nil || len(expect) != len(corpus) {
		t.Fatalf("%d files expected, %d known, %v", len(expect), len(corpus), err)
	}
	for file, text := range expect {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			c, known := corpus[file]
			if !known {
				t.Fatalf("not known: %s", text)
			}
			b, err := os.ReadFile("testdata/corpus/" + file)
			if err != nil {
				t.Fatal(err)
			}
			for _, size := range []int{len(b), 1} {
				if size == 1 && len(b) > 8000 {
					size = 1447
				}
				replay(t, b, size, c.refused, c.heard, c.open, c.dialect)
			}
		})
	}
}

// replay sends b in segments and checks what the server makes of it.
func replay(t *testing.T, b []byte, size int, refused error, heard []audiosocket.Meaning, open bool, d audiosocket.Dialect) {
	t.Helper()
	type result struct {
		Heard   []audiosocket.Meaning
		Dialect audiosocket.Dialect
	}
	done := make(chan result, 1)
	s := listen(t, audiosocket.ServerOptions{Stall: 2 * time.Second}, func(p *audiosocket.Peer) {
		all, _ := listenTo(p)
		done <- result{all, p.Dialect()}
	})
	a := dial(t, s)
	for rest := b; len(rest) > 0; {
		n := min(size, len(rest))
		if _, err := a.Write(rest[:n]); err != nil {
			break // the server closed
		}
		rest = rest[n:]
	}
	if !open {
		a.finish()
	}
	if refused != nil {
		s.awaitRefusal(t, refused)
		a.ends(false)
		return
	}
	select {
	case got := <-done:
		if d == audiosocket.Auto {
			d = audiosocket.Upstream
		}
		if diff := cmp.Diff(result{heard, d}, got); diff != "" {
			t.Errorf("segments of %d: %s", size, diff)
		}
	case <-time.After(patience):
		t.Fatal("the server waits for ever")
	}
	a.ends(false)
}

func TestServerHangsUpOnTheUnknownUUIDOfTheCorpusWhenOnlyRegisteredOnesMayCome(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("testdata/corpus/07_uuid_unknown.bin")
	if err != nil {
		t.Fatal(err)
	}
	s := listen(t, audiosocket.ServerOptions{Accept: func(string, netip.AddrPort) error { return errors.New("unknown") }}, nil)
	a := dial(t, s)
	a.say(b)
	a.ends(true)
}

// TestServerTakesTheCapturesOfAsterisk23 replays them whole and in odd segments, and
// looks for the caller's tone.
func TestServerTakesTheCapturesOfAsterisk23(t *testing.T) {
	t.Parallel()
	for file, want := range map[string]struct {
		rate, samples int
		digits        string
		tone          float64
	}{
		"audiosocket-asterisk.bin":             {8000, 167 * 160, "15#*", 400},
		"audiosocket-asterisk-chan-slin16.bin": {16000, 92 * 320, "7", 0},
	} {
		for _, size := range []int{1 << 20, 1460, 7} {
			var (
				digits string
				audio  []int16
				rate   int
				id     string
			)
			done := make(chan struct{})
			s := listen(t, audiosocket.ServerOptions{}, func(p *audiosocket.Peer) {
				defer close(done)
				id = p.ID
				for m, err := p.Next(); err == nil; m, err = p.Next() {
					switch x := audiosocket.Interpret(m, true, p.Dialect()); x.What {
					case audiosocket.Audio:
						rate = m.Kind.Rate()
						audio = p.PCM(audio, m)
					case audiosocket.Key:
						digits += string(x.Digit)
					default:
						t.Errorf("%s: %s means %d", file, m.Kind, x.What)
					}
				}
			})
			a := dial(t, s)
			for rest := capture(t, file); len(rest) > 0; rest = rest[min(size, len(rest)):] {
				a.say(rest[:min(size, len(rest))])
			}
			a.finish()
			<-done
			if digits != want.digits || rate != want.rate || len(audio) != want.samples {
				t.Errorf("%s: %s, digits %q, %d Hz, %d samples", file, id, digits, rate, len(audio))
			}
			freq, level := audiotest.Find(audio[len(audio)/4:len(audio)/2], rate)
			if want.tone > 0 && (freq < want.tone-2 || freq > want.tone+2) {
				t.Errorf("%s: %.1f Hz at %.1f dBFS, want %.0f Hz", file, freq, level, want.tone)
			}
		}
	}
}
