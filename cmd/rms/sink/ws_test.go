package sink_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coder/websocket"

	"rms/cmd/rms/sink"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
)

// client is a websocket client that notes what the sink sends.
type client struct {
	*websocket.Conn
	t *testing.T

	mu     sync.Mutex
	audio  []byte
	times  []time.Time // of binary frames
	texts  []string
	closed error
	gone   chan struct{}
}

func dial(t *testing.T, p *probe, path string, o *websocket.DialOptions) *client {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, resp, err := websocket.Dial(ctx, strings.TrimSuffix(p.URL(), "/")+path, o)
	if err != nil {
		t.Fatalf("dial: %v %v", err, resp)
	}
	conn.SetReadLimit(8 << 20)
	c := &client{Conn: conn, t: t, gone: make(chan struct{})}
	go c.listen()
	t.Cleanup(func() {
		_ = conn.CloseNow()
		<-c.gone
	})
	return c
}

func (c *client) listen() {
	defer close(c.gone)
	for {
		kind, b, err := c.Read(context.Background())
		at := time.Now()
		c.mu.Lock()
		switch {
		case err != nil:
			c.closed = err
			c.mu.Unlock()
			return
		case kind == websocket.MessageText:
			c.texts = append(c.texts, string(b))
		default:
			c.audio = append(c.audio, b...)
			c.times = append(c.times, at)
		}
		c.mu.Unlock()
	}
}

func (c *client) heard() (pcm []int16, times []time.Time, texts []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return samplesOf(c.audio), slices.Clone(c.times), slices.Clone(c.texts)
}

func (c *client) code() int {
	<-c.gone
	return int(websocket.CloseStatus(c.closed))
}

func (c *client) send(kind websocket.MessageType, b []byte) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	if err := c.Write(ctx, kind, b); err != nil {
		c.t.Errorf("write: %v", err)
	}
}

// speak sends pcm in frames of n samples, all at once.
func (c *client) speak(pcm []int16, n int) {
	c.t.Helper()
	for part := range slices.Chunk(pcm, n) {
		c.send(websocket.MessageBinary, bytesOf(part))
	}
}

func TestWebsocketAudioIsWrittenAndMeasured(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/calls/a?rate=16000", nil)
	c.send(websocket.MessageText, []byte("hello"))
	tone := audiotest.Tone(16000, 440, -10, 2*time.Second)
	c.speak(tone, 320)
	if err := c.Close(1000, "that was it"); err != nil {
		t.Error(err)
	}
	begin, e := p.await(sink.EventStart, 1), p.await(sink.EventStop, 1)
	if begin.ID != "calls/a" || begin.Path != "/calls/a?rate=16000" || begin.Rate != 16000 || begin.Remote == "" || begin.Time.IsZero() {
		t.Errorf("start: %+v", begin)
	}
	if e.Frames != 100 || e.Bytes != 64000 || e.AudioSeconds != 2 || e.Rate != 16000 || e.Texts != 1 || e.Cause != "remote" || e.Code != 1000 || e.Why != "that was it" {
		t.Errorf("stop: %+v %+v", e, e.Totals)
	}
	if len(e.Sides) != 1 || math.Abs(e.Sides[0].Level+10) > 0.15 || math.Abs(e.Sides[0].Peak+10) > 0.15 || e.Sides[0].Side != "mono" {
		t.Errorf("sides: %+v", e.Sides)
	}
	if !slices.Equal(e.Files, []string{"calls_a.wav", "calls_a.txt"}) || !slices.Equal(p.files(), []string{"calls_a.txt", "calls_a.wav"}) {
		t.Errorf("files: %v, %v", e.Files, p.files())
	}
	f, pcm := p.read("calls_a.wav")
	if f != (media.Format{Rate: 16000, Channels: 1}) || !slices.Equal(pcm, tone) {
		t.Errorf("%v, %d samples", f, len(pcm))
	}
}

func TestWebsocketSidesOfStereoAreToldApart(t *testing.T) {
	t.Parallel()
	for _, split := range []bool{false, true} {
		p := start(t, sink.Options{Kind: sink.Websocket, Split: split, WS: sink.WSOptions{Rate: 8000, Channels: 2}})
		c := dial(t, p, "/s", nil)
		left, right := audiotest.Tone(8000, 440, -10, time.Second), audiotest.Tone(8000, 1000, -20, time.Second)
		c.send(websocket.MessageText, []byte("x"))
		c.speak(interleave(left, right), 320)
		_ = c.Close(1000, "")
		e := p.await(sink.EventStop, 1)
		if len(e.Sides) != 2 || e.Sides[0].Side != "left" || math.Abs(e.Sides[0].Level+10) > 0.15 || math.Abs(e.Sides[1].Level+20) > 0.15 {
			t.Errorf("sides: %+v", e.Sides)
		}
		var heard [2][]int16
		if split {
			_, heard[0] = p.read("s-left.wav")
			_, heard[1] = p.read("s-right.wav")
		} else {
			_, both := p.read("s.wav")
			heard = [2][]int16{channel(both, 0), channel(both, 1)}
		}
		if !slices.Equal(heard[0], left) || !slices.Equal(heard[1], right) {
			t.Errorf("split %v: the sides are not those that were sent", split)
		}
	}
}

func TestWebsocketMetadataSaysTheFormatAlsoBehindOneFrame(t *testing.T) {
	t.Parallel()
	metadata := `{"callSid":"c-1","sampleRate":24000,"mixType":"stereo"}`
	for _, early := range []int{0, 1} {
		p := start(t, sink.Options{Kind: sink.Websocket})
		c := dial(t, p, "/", nil)
		pcm := interleave(audiotest.Tone(24000, 700, -10, time.Second), audiotest.Tone(24000, 300, -10, time.Second))
		c.speak(pcm[:early*960], 960)
		c.send(websocket.MessageText, []byte(metadata))
		c.speak(pcm[early*960:], 960)
		_ = c.Close(1000, "")
		e := p.await(sink.EventStop, 1)
		f, got := p.read("c-1.wav")
		if f != (media.Format{Rate: 24000, Channels: 2}) || !slices.Equal(got, pcm) || e.ID != "c-1" {
			t.Errorf("%d frames before the metadata: %v, %d samples of %d, %+v", early, f, len(got), len(pcm), e)
		}
		if n := p.await(sink.EventFormat, 1); n.Rate != 24000 || n.Channels != 2 || n.ID != "c-1" {
			t.Errorf("format: %+v", n)
		}
	}
}

func TestWebsocketTextBehindTheAudioIsNoMetadata(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/late", nil)
	pcm := audiotest.Tone(8000, 700, -10, time.Second)
	c.speak(pcm[:480], 160)
	c.send(websocket.MessageText, []byte(`{"uuid":"x","sampleRate":24000,"mixType":"stereo"}`))
	c.speak(pcm[480:], 160)
	_ = c.Close(1000, "")
	p.await(sink.EventStop, 1)
	if f, got := p.read("late.wav"); f.Rate != 8000 || f.Channels != 1 || !slices.Equal(got, pcm) {
		t.Errorf("%v, %d samples", f, len(got))
	}
}

func TestWebsocketFlagsSayTheFormatWhenNothingElseDoes(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{Rate: 48000, Channels: 2}})
	c := dial(t, p, "/f?sampleRate=9999999&mix=nothing", nil)
	c.speak(make([]int16, 1920*3), 1920)
	_ = c.Close(1000, "")
	p.await(sink.EventStop, 1)
	if f, pcm := p.read("f.wav"); f != (media.Format{Rate: 48000, Channels: 2}) || len(pcm) != 5760 {
		t.Errorf("%v, %d samples", f, len(pcm))
	}
}

func TestWebsocketFileIsValidWhileItIsWritten(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/live?rate=8000&mix=mono", nil)
	tone := audiotest.Tone(8000, 500, -10, 5*time.Second)
	for i := 0; i < len(tone); i += 4000 {
		c.speak(tone[i:i+4000], 160)
		await(t, "the audio", func() bool { s := p.Streams(); return len(s) == 1 && s[0].Rate == 8000 && len(p.files()) == 1 })
		want := i + 4000 - 8000
		await(t, "a file that is at most a second behind", func() bool {
			_, pcm := p.read("live.wav")
			return len(pcm) > want && slices.Equal(pcm, tone[:len(pcm)])
		})
	}
	_ = c.CloseNow() // killed in the middle
	e := p.await(sink.EventStop, 1)
	if _, pcm := p.read("live.wav"); !slices.Equal(pcm, tone) || e.Code != 1006 {
		t.Errorf("%d samples of %d, %+v", len(pcm), len(tone), e.Totals)
	}
}

func TestWebsocketOddBytesAreCarriedOn(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/odd?rate=8000&mix=stereo", nil)
	pcm := audiotest.Noise(40000, -20, 1)
	raw := bytesOf(pcm)
	for n := 1; len(raw) > 0; n = n*3%1021 + 1 {
		c.send(websocket.MessageBinary, raw[:min(n, len(raw))])
		raw = raw[min(n, len(raw)):]
	}
	c.send(websocket.MessageBinary, nil)
	_ = c.Close(1000, "")
	p.await(sink.EventStop, 1)
	if _, got := p.read("odd.wav"); !slices.Equal(got, pcm) || p.counter("ws_empty") != 1 {
		t.Errorf("%d samples of %d, %v", len(got), len(pcm), p.Summary().Counters)
	}
}

func TestWebsocketEchoReturnsWhatItHears(t *testing.T) {
	t.Parallel()
	for _, mix := range []string{"mono", "stereo"} {
		p := start(t, sink.Options{Kind: sink.Websocket, Echo: true})
		c := dial(t, p, "/e?rate=16000&mix="+mix, nil)
		tone, sent := audiotest.Tone(16000, 600, -12, time.Second), []int16(nil)
		if sent = tone; mix == "stereo" {
			sent = interleave(tone, make([]int16, len(tone)))
		}
		frame := len(sent) / 50
		for i := range 50 { // no faster than it comes back: what waits is bounded
			c.speak(sent[i*frame:(i+1)*frame], frame)
			await(t, "the echo", func() bool { pcm, _, _ := c.heard(); return len(pcm) == (i+1)*320 })
		}
		if pcm, times, _ := c.heard(); !slices.Equal(pcm, tone) || len(times) != 50 {
			t.Errorf("%s: %d samples in %d frames came back", mix, len(pcm), len(times))
		}
		_ = c.Close(1000, "")
		if e := p.await(sink.EventStop, 1); e.SentFrames != 50 || e.SentSeconds != 1 || e.Dropped != 0 {
			t.Errorf("%+v", e.Totals)
		}
	}
}

func TestWebsocketPlayIsPacedAtTheRateOfTheStream(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, Play: clipFile(t, 44100, 800, -14, time.Second)})
	began := time.Now()
	c := dial(t, p, "/p?rate=16000&mix=mono", nil)
	await(t, "the clip", func() bool { pcm, _, _ := c.heard(); return len(pcm) == 16000 })
	pcm, times, _ := c.heard()
	wantTone(t, "the clip", pcm[800:15200], 16000, 800, -14)
	if took := times[len(times)-1].Sub(began); len(times) != 50 || took < 980*time.Millisecond {
		t.Errorf("%d frames in %v, want 50 in 980 ms", len(times), took)
	}
	if at := audiotest.Clicks(pcm[800:15200], 16000); len(at) > 0 {
		t.Errorf("clicks at %v", at)
	}
}

func TestWebsocketPlayWaitsForTheMetadata(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, Burst: true, Play: clipFile(t, 8000, 800, -14, 10*time.Second)})
	c := dial(t, p, "/p", nil)
	c.send(websocket.MessageText, []byte(`{"sampleRate":24000,"mixType":"mono"}`))
	await(t, "the clip", func() bool { pcm, _, _ := c.heard(); return len(pcm) == 240000 })
	pcm, times, _ := c.heard()
	wantTone(t, "the clip", pcm[1200:22800], 24000, 800, -14)
	if took := times[len(times)-1].Sub(times[0]); took > 8*time.Second {
		t.Errorf("a burst of ten seconds took %v", took)
	}
}

func TestWebsocketStreamAudioCarriesTheClip(t *testing.T) {
	t.Parallel()
	for kind, want := range map[string]struct {
		head string
		size int
	}{
		"raw":  {`{"type":"streamAudio","data":{"audioDataType":"raw","sampleRate":16000,"audioData":"`, 32000},
		"pcmu": {`{"type":"streamAudio","data":{"audioDataType":"pcmu","sampleRate":16000,"audioData":"`, 16000},
		"file": {`{"type":"streamAudio","data":{"audioDataType":"wav","audioData":"`, 16094},
	} {
		p := start(t, sink.Options{Kind: sink.Websocket, Play: clipFile(t, 8000, 800, -14, time.Second), WS: sink.WSOptions{StreamAudio: kind}})
		c := dial(t, p, "/p?rate=16000&mix=mono", nil)
		await(t, "the message", func() bool { _, _, texts := c.heard(); return len(texts) == 1 })
		_, _, texts := c.heard()
		if body, ok := strings.CutPrefix(texts[0], want.head); !ok || len(body) != (want.size+2)/3*4+len(`"}}`) {
			t.Errorf("%s: %d characters after the head, %.120s", kind, len(body), texts[0])
		}
	}
}

func TestWebsocketMarksAndClearsComeInTime(t *testing.T) {
	t.Parallel()
	const ms = time.Millisecond
	p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{
		Mark: []time.Duration{50 * ms, 20 * ms}, ClearMarks: []time.Duration{80 * ms}, Clear: []time.Duration{100 * ms},
	}})
	began := time.Now()
	c := dial(t, p, "/m", nil)
	await(t, "four texts", func() bool { _, _, texts := c.heard(); return len(texts) == 4 })
	_, _, texts := c.heard()
	want := []string{`{"type":"mark","data":{"name":"mark-2"}}`, `{"type":"mark","data":{"name":"mark-1"}}`, `{"type":"clearMarks"}`, `{"type":"killAudio"}`}
	if took := time.Since(began); !slices.Equal(texts, want) || took < 100*ms {
		t.Errorf("%q after %v", texts, took)
	}
}

func TestWebsocketAsksForCredentials(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{Basic: "joe:s3cret", Token: "t0ken"}})
	for auth, want := range map[string]int{
		"": 401, "Basic am9lOndyb25n": 401, "Bearer wrong": 401, "Bearer ": 401, "Bearer t0ken": 101, "Basic am9lOnMzY3JldA==": 101,
	} {
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		c, resp, err := websocket.Dial(ctx, p.URL(), &websocket.DialOptions{HTTPHeader: http.Header{"Authorization": {auth}}})
		cancel()
		if resp == nil || resp.StatusCode != want {
			t.Errorf("%q: %v, %v, want %d", auth, resp, err, want)
			continue
		}
		if err == nil {
			_ = c.CloseNow()
		} else if len(resp.Header.Values("WWW-Authenticate")) != 2 {
			t.Errorf("challenges: %v", resp.Header)
		}
	}
	await(t, "a count", func() bool { return p.counter("unauthorized") == 4 })
}

func TestWebsocketSubprotocolAndDeflateAreNegotiated(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ours, theirs []string
		want         string
	}{
		{nil, []string{"audio.drachtio.org", "x"}, "audio.drachtio.org"},
		{[]string{"x"}, []string{"audio.drachtio.org", "x"}, "x"},
		{[]string{"none"}, []string{"audio.drachtio.org"}, ""},
		{nil, nil, ""},
	} {
		for _, deflate := range []bool{false, true} {
			p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{Subprotocol: c.ours, Deflate: deflate}})
			peer := dial(t, p, "/d?rate=8000&mix=mono", &websocket.DialOptions{Subprotocols: c.theirs, CompressionMode: websocket.CompressionContextTakeover, CompressionThreshold: 1})
			e := p.await(sink.EventStart, 1)
			if peer.Subprotocol() != c.want || e.Subprotocol != c.want || e.Deflate != deflate {
				t.Errorf("%v of %v, deflate %v: %q, %+v", c.ours, c.theirs, deflate, peer.Subprotocol(), e)
			}
			tone := audiotest.Tone(8000, 440, -10, 200*time.Millisecond)
			peer.speak(tone, 160)
			_ = peer.Close(1000, "")
			p.await(sink.EventStop, 1)
			if _, pcm := p.read("d.wav"); !slices.Equal(pcm, tone) {
				t.Errorf("deflate %v: %d samples", deflate, len(pcm))
			}
		}
	}
}

func TestWebsocketSinkClosesWithTheCodeAskedFor(t *testing.T) {
	t.Parallel()
	for code, want := range map[int]int{0: 1000, 4001: 4001, 1006: -1} {
		p := start(t, sink.Options{Kind: sink.Websocket, CloseAfter: 50 * time.Millisecond, WS: sink.WSOptions{CloseCode: code, CloseReason: "enough"}})
		c := dial(t, p, "/", nil)
		if got := c.code(); got != want {
			t.Errorf("closed with %d (%v), want %d", got, c.closed, want)
		}
		var closed websocket.CloseError
		if errors.As(c.closed, &closed) && closed.Reason != "enough" {
			t.Errorf("reason %q", closed.Reason)
		}
		if e := p.await(sink.EventStop, 1); e.Cause != "local" {
			t.Errorf("%+v", e.Totals)
		}
	}
}

func TestWebsocketStreamsEndWithTheSink(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, Echo: true})
	var all []*client
	for i := range 20 {
		c := dial(t, p, fmt.Sprintf("/%d?rate=8000&mix=mono", i), nil)
		c.speak(audiotest.Tone(8000, 440, -10, time.Second), 160)
		all = append(all, c)
	}
	await(t, "the audio", func() bool {
		n := uint64(0)
		for _, e := range p.files() {
			if strings.HasSuffix(e, ".wav") {
				n++
			}
		}
		return n == 20
	})
	p.close()
	for i, c := range all {
		if code := c.code(); code != 1000 {
			t.Errorf("closed with %d: %v", code, c.closed)
		}
		if _, pcm := p.read(fmt.Sprintf("%d.wav", i)); len(pcm) == 0 {
			t.Error("an empty file")
		}
	}
	if n := len(p.all(sink.EventStop)); n != 20 || len(p.Streams()) != 0 {
		t.Errorf("%d of 20 streams have stopped, %d are live", n, len(p.Streams()))
	}
}

func TestWebsocketStallStopsTheReading(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, StallAfter: 400 * time.Millisecond, StallFor: time.Second})
	c := dial(t, p, "/st?rate=8000&mix=mono", nil)
	tone := audiotest.Tone(8000, 500, -10, 2*time.Second)
	for i := 0; i < len(tone); i += 160 {
		c.speak(tone[i:i+160], 160)
		time.Sleep(6 * time.Millisecond) // goes on for longer than it takes to the stall
	}
	_ = c.Close(1000, "")
	e := p.await(sink.EventStop, 1)
	if _, pcm := p.read("st.wav"); !slices.Equal(pcm, tone) || e.MaxGapMS < 900 {
		t.Errorf("%d samples of %d, greatest gap %v ms", len(pcm), len(tone), e.MaxGapMS)
	}
}

func TestWebsocketPingsAreCountedAndMayStayUnanswered(t *testing.T) {
	t.Parallel()
	for _, dumb := range []bool{false, true} {
		p := start(t, sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{NoPong: dumb}})
		c := dial(t, p, "/", nil)
		limit := patience
		if dumb {
			limit = 300 * time.Millisecond
		}
		ctx, cancel := context.WithTimeout(t.Context(), limit)
		err := c.Ping(ctx)
		cancel()
		if (err == nil) == dumb {
			t.Errorf("no pong %v: %v", dumb, err)
		}
		_ = c.CloseNow()
		if e := p.await(sink.EventStop, 1); e.Pings != 1 {
			t.Errorf("%d pings", e.Pings)
		}
	}
}

func TestWebsocketStreamsAreLimited(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, MaxStreams: 2})
	dial(t, p, "/1", nil)
	c := dial(t, p, "/2", nil)
	_, resp, err := websocket.Dial(t.Context(), p.URL(), nil)
	if err == nil || resp == nil || resp.StatusCode != http.StatusServiceUnavailable || p.counter("full") != 1 {
		t.Errorf("the third: %v %v, %v", resp, err, p.Summary().Counters)
	}
	_ = c.CloseNow()
	p.await(sink.EventStop, 1)
	dial(t, p, "/3", nil)
}

func TestWebsocketManyStreamsAtOnceAreAllWhole(t *testing.T) {
	t.Parallel()
	const streams = 150
	p := start(t, sink.Options{Kind: sink.Websocket})
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	all := make([]*websocket.Conn, 0, streams)
	for range streams {
		c, _, err := websocket.Dial(ctx, p.URL()+"same?rate=8000&mix=mono", nil)
		if err != nil {
			t.Fatal(err)
		}
		defer c.CloseNow() //nolint:errcheck // closed already
		all = append(all, c)
	}
	await(t, "all of them at once", func() bool { return len(p.Streams()) == streams })
	var wg sync.WaitGroup
	for i, c := range all {
		wg.Go(func() {
			for part := range slices.Chunk(audiotest.Tone(8000, float64(400+10*i), -10, 500*time.Millisecond), 160) {
				if err := c.Write(ctx, websocket.MessageBinary, bytesOf(part)); err != nil {
					t.Error(err)
				}
			}
			// The library waits 5 s for the answer, which a busy machine may take to send.
			if err := c.Close(1000, ""); err != nil && !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	p.await(sink.EventStop, streams)
	tones := map[int]bool{}
	for _, name := range p.files() {
		_, pcm := p.read(name)
		hz, _ := audiotest.Find(pcm, 8000)
		tones[int(math.Round(hz))] = true
		if len(pcm) != 4000 {
			t.Errorf("%s: %d samples", name, len(pcm))
		}
	}
	if len(tones) != streams {
		t.Errorf("%d different tones in %d files, want %d", len(tones), len(p.files()), streams)
	}
	if s := p.Summary(); s.Streams != streams || s.AudioSeconds != streams*0.5 {
		t.Errorf("%+v", s.Totals)
	}
}

func TestWebsocketTextsAreKeptWhole(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/t?rate=8000&mix=mono", nil)
	long := strings.Repeat("0123456789", 30000)
	for _, text := range []string{"one", "two\nlines\x1b", "", long, `{"uuid":"late","sampleRate":16000}`, "\n"} {
		c.send(websocket.MessageText, []byte(text))
	}
	c.send(websocket.MessageBinary, make([]byte, 320))
	_ = c.Close(1000, "")
	if e := p.await(sink.EventStop, 1); e.Texts != 6 || e.Rate != 8000 || e.ID != "t" {
		t.Errorf("%+v", e.Totals)
	}
	b, err := os.ReadFile(filepath.Join(p.dir, "t.txt"))
	if want := "one\ntwo\\nlines\\x1b\n\n" + long + "\n{\"uuid\":\"late\",\"sampleRate\":16000}\n\\n\n"; err != nil || string(b) != want {
		t.Errorf("%.80q... of %d bytes, %v", b, len(b), err)
	}
	if e := p.all(sink.EventText)[3]; len(e.Text) > 5000 || !strings.HasSuffix(e.Text, "(300000 bytes)") {
		t.Errorf("%d characters reported", len(e.Text))
	}
}

func TestWebsocketMessageOfAnySizeIsAudio(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	c := dial(t, p, "/l", nil) // nothing says the format
	pcm := audiotest.Noise(500000, -20, 1)
	c.speak(pcm, 250000)
	_ = c.Close(1000, "")
	p.await(sink.EventStop, 1)
	if _, got := p.read("l.wav"); !slices.Equal(got, pcm) {
		t.Errorf("%d samples of %d", len(got), len(pcm))
	}
}

func TestEchoOfAPeerThatDoesNotReadIsBounded(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.AudioSocket, Echo: true})
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	id := [16]byte{1}
	_, _ = conn.Write(audiosocket.AppendMessage(nil, audiosocket.ID, id[:]))
	message := audiosocket.AppendMessage(nil, audiosocket.Slin8, make([]byte, 65534))
	for range 200 {
		if _, err := conn.Write(message); err != nil {
			t.Fatal(err)
		}
	}
	await(t, "drops", func() bool { s := p.Streams(); return len(s) == 1 && s[0].Dropped > 100 })
}

func TestWebsocketHostileClientsNeitherGrowNorSteer(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket})
	evil := "\x1b[2J\u202egnp.\u009b31m\r\nnext\x00"
	c := dial(t, p, "/../../%1b%5bH%0a/..%2f..%2fetc?rate=8000", nil)
	c.send(websocket.MessageText, []byte(evil))
	c.send(websocket.MessageText, []byte(`{"uuid":"../../etc/passwd\u001b[2J","sampleRate":8000}`))
	c.send(websocket.MessageText, []byte{0xff, 0xfe, 'x'})
	c.send(websocket.MessageBinary, make([]byte, 320))
	_ = c.Close(1000, "\u202ebye")
	p.await(sink.EventStop, 1)

	big := dial(t, p, "/big?rate=8000&mix=mono", nil)
	big.send(websocket.MessageBinary, make([]byte, 1<<20+1))
	if code := big.code(); code != int(websocket.StatusMessageTooBig) {
		t.Errorf("a message of 1 MiB and a byte: closed with %d", code)
	}
	p.await(sink.EventStop, 2)
	for _, kind := range []string{sink.EventStart, sink.EventText, sink.EventFormat, sink.EventStop} {
		for _, e := range p.all(kind) {
			harmless(t, sink.Line(&e))
		}
	}
	for _, name := range p.files() {
		if strings.Trim(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._+-") != "" || name[0] == '.' {
			t.Errorf("file %q", name)
		}
	}
	if n := len(p.files()); n != 3 {
		t.Errorf("files: %v", p.files())
	}
}
