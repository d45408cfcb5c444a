package sink_test

import (
	"encoding/json"
	"fmt"
	"io"
	"math"
	"net"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"rms/cmd/rms/sink"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
)

// asterisk is a raw AudioSocket client.
type asterisk struct {
	net.Conn
	t  *testing.T
	in *audiosocket.Reader
	id string
}

func call(t *testing.T, p *probe, n byte) *asterisk {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	_ = conn.SetDeadline(time.Now().Add(6 * patience)) // of all that a test does on it
	id := [16]byte{15: n}
	a := &asterisk{Conn: conn, t: t, in: audiosocket.NewReader(conn, 0), id: audiosocket.FormatID(id)}
	a.write(audiosocket.AppendMessage(nil, audiosocket.ID, id[:]))
	return a
}

func (a *asterisk) write(b []byte) {
	a.t.Helper()
	if _, err := a.Write(b); err != nil {
		a.t.Errorf("write: %v", err)
	}
}

// leave ends the call as Asterisk does, with a FIN, and reads what comes until the sink
// closes too: closing with something unread would reset the connection.
func (a *asterisk) leave() {
	_ = a.Conn.(*net.TCPConn).CloseWrite()
	_, _ = io.Copy(io.Discard, a.Conn)
	_ = a.Close()
}

// next returns the next message that is no silence, and io.EOF at the end.
func (a *asterisk) next() (audiosocket.Kind, []byte, error) {
	for {
		m, err := a.in.Next()
		if err != nil {
			return 0, nil, err
		}
		if m.Kind.Rate() > 0 && audiotest.Peak(samplesOf(m.Payload)) == 0 {
			continue
		}
		return m.Kind, slices.Clone(m.Payload), nil
	}
}

func TestAudioSocketAudioIsWrittenAndMeasuredAtEveryRate(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket})
	for kind := audiosocket.Slin8; kind <= audiosocket.Slin192; kind++ {
		a := call(t, p, byte(kind))
		tone := audiotest.Tone(kind.Rate(), 440, -10, time.Second)
		for part := range slices.Chunk(tone, kind.Rate()/50) {
			a.write(audiosocket.AppendAudio(nil, kind, part))
		}
		a.write(audiosocket.AppendMessage(nil, audiosocket.Terminate, nil))
		e := p.await(sink.EventStop, int(kind-audiosocket.Slin8)+1)
		if e.ID != a.id || e.Rate != kind.Rate() || e.Frames != 50 || math.Abs(e.AudioSeconds-1) > 0.001 || math.Abs(e.Sides[0].Level+10) > 0.2 || e.Why != "hang-up" {
			t.Errorf("%v: %+v %+v", kind, e, e.Totals)
		}
		if f, pcm := p.read(a.id + ".wav"); f.Rate != kind.Rate() || !slices.Equal(pcm, tone) {
			t.Errorf("%v: %v, %d samples", kind, f, len(pcm))
		}
	}
}

func TestAudioSocketDigitsOfBothDialectsAreReported(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket})
	a := call(t, p, 1)
	a.write([]byte{3, 0, 1, '5', 3, 0, 1, 0xee, 2, 0, 6, 1, '#', 0, 0, 0, 0, 2, 0, 6, 0, '#', 160, 0, 0, 0})
	a.leave()
	e := p.await(sink.EventStop, 1)
	d := p.all(sink.EventDigit)
	if len(d) != 2 || d[0].Digit != "5" || d[1].Digit != "#" || d[1].DurationMS != 160 || e.Digits != "5#" || e.Dropped != 1 {
		t.Errorf("%+v, %+v", d, e.Totals)
	}
}

func TestAudioSocketEchoReturnsWhatItHears(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket, Echo: true})
	a := call(t, p, 1)
	for _, kind := range []audiosocket.Kind{audiosocket.Slin8, audiosocket.Slin16} {
		for part := range slices.Chunk(audiotest.Tone(kind.Rate(), 600, -12, 200*time.Millisecond), kind.Rate()/50) {
			a.write(audiosocket.AppendAudio(nil, kind, part))
			got, b, err := a.next()
			if err != nil || got != kind || !slices.Equal(samplesOf(b), part) {
				t.Fatalf("%v: %v, %d bytes, %v", kind, got, len(b), err)
			}
		}
	}
	// Asterisk drops a call in which neither side says anything for 2 s.
	for range 3 {
		if m, err := a.in.Next(); err != nil || m.Kind != audiosocket.Slin16 || audiotest.Peak(samplesOf(m.Payload)) != 0 || len(m.Payload) != 640 {
			t.Errorf("no silence after the echo: %v %d, %v", m.Kind, len(m.Payload), err)
		}
	}
}

func TestAudioSocketPlayIsPacedAtTheRateOfTheCall(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000} {
		p := start(t, sink.Options{Kind: sink.AudioSocket, Play: clipFile(t, 44100, 800, -14, time.Second)})
		began := time.Now()
		a := call(t, p, 1)
		kind, _ := audiosocket.KindOf(rate)
		a.write(audiosocket.AppendAudio(nil, kind, make([]int16, rate/50)))
		var pcm []int16
		for len(pcm) < rate {
			m, err := a.in.Next()
			if err != nil {
				t.Fatal(err)
			}
			if len(pcm) == 0 && (audiotest.Peak(samplesOf(m.Payload)) == 0 || m.Kind != kind) {
				continue
			}
			pcm = audiosocket.PCM(pcm, m.Payload)
		}
		wantTone(t, fmt.Sprint("the clip at ", rate), pcm[rate/20:rate-rate/20], rate, 800, -14)
		if took := time.Since(began); took < 980*time.Millisecond {
			t.Errorf("a second took %v", took)
		}
		if m, err := a.in.Next(); err != nil || m.Kind != kind {
			t.Errorf("after the clip: %v, %v, want silence", m.Kind, err)
		}
	}
}

func TestAudioSocketHangsUpAfterItsTimeAndAtTheEnd(t *testing.T) {
	t.Parallel()
	for _, after := range []time.Duration{50 * time.Millisecond, 0} {
		p := start(t, sink.Options{Kind: sink.AudioSocket, CloseAfter: after})
		a := call(t, p, 1)
		p.await(sink.EventStart, 1)
		if after == 0 {
			go p.close()
		}
		kind, b, err := a.next()
		if kind != audiosocket.Terminate || len(b) != 0 || err != nil {
			t.Errorf("after %v: %v %v, %v", after, kind, b, err)
		}
		_ = a.Close()
		if e := p.await(sink.EventStop, 1); e.Cause != "local" {
			t.Errorf("%+v", e.Totals)
		}
	}
}

func TestAudioSocketStallStopsTheReading(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket, StallAfter: 400 * time.Millisecond, StallFor: time.Second})
	a := call(t, p, 1)
	tone := audiotest.Tone(8000, 500, -10, 2*time.Second)
	for part := range slices.Chunk(tone, 160) {
		a.write(audiosocket.AppendAudio(nil, audiosocket.Slin8, part))
		time.Sleep(6 * time.Millisecond) // goes on for longer than it takes to the stall
	}
	a.leave()
	e := p.await(sink.EventStop, 1)
	if _, pcm := p.read(a.id + ".wav"); !slices.Equal(pcm, tone) || e.MaxGapMS < 900 {
		t.Errorf("%d samples of %d, greatest gap %v ms", len(pcm), len(tone), e.MaxGapMS)
	}
}

func TestAudioSocketG711InType0x10IsWarnedOfAndDecodedWhenToldSo(t *testing.T) {
	t.Parallel()
	tone := audiotest.Tone(8000, 500, -10, 2*time.Second)
	for _, slin8 := range []string{"slin", "pcmu", "pcma"} {
		p := start(t, sink.Options{Kind: sink.AudioSocket, AS: sink.ASOptions{Slin8: slin8}})
		a := call(t, p, 1)
		for part := range slices.Chunk(tone, 160) {
			var b []byte
			for _, s := range part {
				if slin8 == "pcma" {
					b = append(b, media.LinearToAlaw(s))
				} else {
					b = append(b, media.LinearToMulaw(s))
				}
			}
			a.write(audiosocket.AppendMessage(nil, audiosocket.Slin8, b))
		}
		a.leave()
		p.await(sink.EventStop, 1)
		if n := len(p.all(sink.EventProblem)); (n == 1) != (slin8 == "slin") {
			t.Errorf("%s: %d warnings", slin8, n)
		}
		if _, pcm := p.read(a.id + ".wav"); slin8 != "slin" {
			wantTone(t, slin8, pcm, 8000, 500, -10)
		}
	}
}

func TestAudioSocketChangesOfRateBeginFilesUpToALimit(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket})
	a := call(t, p, 1)
	for i := range 100 {
		kind := audiosocket.Slin8 + audiosocket.Kind(2*(i%2))
		a.write(audiosocket.AppendAudio(nil, kind, make([]int16, kind.Rate()/50)))
	}
	a.leave()
	e := p.await(sink.EventStop, 1)
	if len(p.files()) != 8 || len(e.Files) != 8 || e.Frames != 100 || len(p.all(sink.EventProblem)) != 1 {
		t.Errorf("%d files, %+v", len(p.files()), e.Totals)
	}
}

func TestAudioSocketManyCallsAtOnceAreAllWhole(t *testing.T) {
	t.Parallel()
	const calls = 150
	p := start(t, sink.Options{Kind: sink.AudioSocket})
	all := make([]*asterisk, 0, calls)
	for i := range calls {
		all = append(all, call(t, p, byte(i+1)))
	}
	await(t, "all of them at once", func() bool { return len(p.Streams()) == calls })
	var wg sync.WaitGroup
	for i, a := range all {
		wg.Go(func() {
			for part := range slices.Chunk(audiotest.Tone(8000, float64(400+10*i), -10, 500*time.Millisecond), 160) {
				a.write(audiosocket.AppendAudio(nil, audiosocket.Slin8, part))
			}
			a.leave()
		})
	}
	wg.Wait()
	p.await(sink.EventStop, calls)
	for i := range calls {
		_, pcm := p.read(audiosocket.FormatID([16]byte{15: byte(i + 1)}) + ".wav")
		if hz, _ := audiotest.Find(pcm, 8000); len(pcm) != 4000 || math.Abs(hz-float64(400+10*i)) > 1 {
			t.Errorf("call %d: %d samples, %.1f Hz", i, len(pcm), hz)
		}
	}
}

// TestAudioSocketCorpus sends every file of the corpus on a connection of its own.
func TestAudioSocketCorpus(t *testing.T) {
	t.Parallel()
	var expect map[string]string
	b, err := os.ReadFile("testdata/audiosocket/EXPECT.json")
	if err != nil || json.Unmarshal(b, &expect) != nil || len(expect) != 16 {
		t.Fatalf("%d files, %v", len(expect), err)
	}
	no, quiet := -1, 0 // samples: no stream at all, a stream without audio
	samples := map[string]int{
		"01_ok_uuid_audio_hangup.bin": 160, "03_uuid_short_15.bin": no, "05_uuid_zero_len.bin": no, "07_uuid_unknown.bin": quiet,
		"09_header_1_byte.bin": quiet, "11_audio_odd_length.bin": 160, "13_audio_65534.bin": 32767, "15_error_0xff_empty.bin": quiet,
		"17_hangup_with_payload.bin": quiet, "19_dtmf_fork_end.bin": quiet, "21_dtmf_fork_bad_digit.bin": quiet, "23_control_fork.bin": quiet,
		"25_slin192_0x18.bin": 3840, "27_tls_client_hello.bin": no, "29_all_ff_1k.bin": no, "31_1000_tiny_audio_frames.bin": 1000,
	}
	for name, want := range expect {
		p := start(t, sink.Options{Kind: sink.AudioSocket})
		raw, err := os.ReadFile(filepath.Join("testdata/audiosocket", name))
		if err != nil {
			t.Fatal(err)
		}
		conn, err := net.Dial("tcp", p.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		_, _ = conn.Write(raw)
		_ = conn.(*net.TCPConn).CloseWrite()
		_ = conn.SetDeadline(time.Now().Add(6 * patience)) // of all that a test does on it
		_, _ = io.Copy(io.Discard, conn)
		_ = conn.Close()
		n, ok := samples[name]
		if !ok {
			t.Errorf("%s: no expectation", name)
		}
		if n == no {
			await(t, name+": refusal ("+want+")", func() bool { return len(p.all(sink.EventRefused)) == 1 })
			if got := len(p.all(sink.EventStart)); got != 0 {
				t.Errorf("%s: %s, but %d streams began", name, want, got)
			}
			continue
		}
		e := p.await(sink.EventStop, 1)
		if got := int(math.Round(e.AudioSeconds * float64(max(e.Rate, 8000)))); got != n {
			t.Errorf("%s: %s, but %d samples came, want %d", name, want, got, n)
		}
		if digits := map[string]string{"19_dtmf_fork_end.bin": "5"}[name]; e.Digits != digits {
			t.Errorf("%s: %s, but the digits are %q", name, want, e.Digits)
		}
	}
}

func TestAudioSocketFirstMessageMustBeAUUIDThatIsNotLive(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket})
	call(t, p, 1)
	p.await(sink.EventStart, 1)
	again := call(t, p, 1)
	if kind, _, err := again.next(); kind != audiosocket.Terminate || err != nil {
		t.Errorf("a UUID that is live: %v, %v", kind, err)
	}
	_ = again.Close()
	await(t, "a count", func() bool { return p.counter("as_uuid_live") == 1 })
}
