package sink_test

import (
	"context"
	"encoding/base64"
	"math"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/cmd/rms/sink"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/codec"
	"rms/media/target"
)

// ear is what a call would do with what the sink sends.
type ear struct {
	mu    sync.Mutex
	pcm   []int16
	clips []target.Clip
	marks []string
}

func (e *ear) Audio(pcm []int16, _ int) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.pcm = append(e.pcm, pcm...)
	return nil
}

func (e *ear) Clip(c target.Clip) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.clips = append(e.clips, c)
	return nil
}

func (e *ear) Mark(name string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.marks = append(e.marks, name)
}
func (*ear) Text(string)               {}
func (*ear) Clear(bool)                {}
func (*ear) Digit(byte, time.Duration) {}
func (*ear) Control(string)            {}
func (*ear) Problem(int, string)       {}

func (e *ear) heard() int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return len(e.pcm)
}

// stream opens one of rms's own targets at a sink, and returns what ends it.
func stream(t *testing.T, p *probe, path string, o target.Options, e *ear) (target.Conn, func(text string) target.Ended) {
	t.Helper()
	var err error
	if o.URL, err = url.Parse(strings.TrimSuffix(p.URL(), "/") + path); err != nil {
		t.Fatal(err)
	}
	o.CallID, o.Caller, o.Callee = uuid, "alice", "bob"
	scheme, ok := target.Lookup(o.URL.Scheme)
	if !ok {
		t.Fatalf("no target %s", o.URL)
	}
	if err := scheme.Check(&o); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	conn, err := scheme.Open(ctx, &o)
	if err != nil {
		t.Fatalf("%s: %v", o.URL, err)
	}
	served := make(chan struct{})
	go func() {
		defer close(served)
		conn.Serve(e)
	}()
	return conn, func(text string) target.Ended {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		defer cancel()
		ended := conn.Finish(ctx, text)
		<-served
		return ended
	}
}

func TestOwnTargetsArriveWithBothSides(t *testing.T) {
	t.Parallel()
	pcmu, _ := codec.Static(0)
	for name, c := range map[string]struct {
		sink   sink.Options
		path   string
		target target.Options
		rate   int
		sides  int
	}{
		"ws mono":          {sink.Options{Kind: sink.Websocket}, "/?rate=16000&mix=mono", target.Options{}, 16000, 1},
		"ws stereo":        {sink.Options{Kind: sink.Websocket}, "/", target.Options{Metadata: `{"sampleRate":8000,"mixType":"stereo"}`}, 8000, 2},
		"ws deflate":       {sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{Deflate: true, Rate: 8000, Channels: 2}}, "/", target.Options{Deflate: true}, 8000, 2},
		"ws authenticated": {sink.Options{Kind: sink.Websocket, WS: sink.WSOptions{Token: "t"}}, "/?rate=8000&mix=mono", target.Options{Token: "t"}, 8000, 1},
		"audiosocket 8k":   {sink.Options{Kind: sink.AudioSocket}, "", target.Options{}, 8000, 1},
		"audiosocket 48k":  {sink.Options{Kind: sink.AudioSocket}, "", target.Options{}, 48000, 1},
		"rst L16":          {sink.Options{Kind: sink.RST}, "", target.Options{}, 8000, 2},
		"rst PCMU":         {sink.Options{Kind: sink.RST}, "", target.Options{Codec: pcmu}, 8000, 2},
		"rst 2 bare":       {sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Ports: [2]int{45000, 45099}}}, "", target.Options{Codec: pcmu, Generation: 2, LocalPorts: [2]int{45500, 45599}}, 8000, 2},
		"rst 2 data":       {sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Framing: "data", Ports: [2]int{45100, 45199}}}, "", target.Options{Generation: 2, Framing: "data", LocalPorts: [2]int{45600, 45699}}, 8000, 2},
		"rst 2 rtp":        {sink.Options{Kind: sink.RST, RST: sink.RSTOptions{Framing: "rtp", Ports: [2]int{45200, 45299}}}, "", target.Options{Generation: 2, Framing: "rtp", LocalPorts: [2]int{45700, 45799}}, 8000, 2},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := start(t, c.sink)
			c.target.Format = media.Format{Rate: c.rate, Channels: c.sides}
			conn, finish := stream(t, p, c.path, c.target, &ear{})
			pcm := audiotest.Tone(c.rate, 440, -10, time.Second)
			if c.sides == 2 {
				pcm = interleave(pcm, audiotest.Tone(c.rate, 1000, -20, time.Second))
			}
			for part := range slices.Chunk(pcm, len(pcm)/50) {
				if err := conn.Write(&media.Frame{PCM: part, Format: c.target.Format, Samples: len(part) / c.sides}); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond) // a datagram socket holds so much
			}
			if ended := finish(""); ended.By != target.ByLocal {
				t.Errorf("ended %+v", ended)
			}
			e := p.await(sink.EventStop, 1)
			if e.AudioSeconds != 1 || e.Dropped != 0 || len(e.Sides) < c.sides || math.Abs(e.Sides[0].Level+10) > 0.2 {
				t.Fatalf("%+v, %v", e.Totals, p.Summary().Counters)
			}
			if c.sides == 2 && math.Abs(e.Sides[1].Level+20) > 0.2 {
				t.Errorf("%+v", e.Sides)
			}
			_, got := p.read(e.Files[0])
			if strings.HasPrefix(name, "ws") && c.sides == 2 {
				got = channel(got, 0)
			}
			wantTone(t, name, got, c.rate, 440, -10)
		})
	}
}

func TestOwnTargetsHearTheEcho(t *testing.T) {
	t.Parallel()
	for _, kind := range []string{sink.Websocket, sink.AudioSocket} {
		p := start(t, sink.Options{Kind: kind, Echo: true})
		e, path := &ear{}, ""
		if kind == sink.Websocket {
			path = "/?rate=8000&mix=mono"
		}
		format := media.Format{Rate: 8000, Channels: 1}
		conn, finish := stream(t, p, path, target.Options{Format: format}, e)
		tone := audiotest.Tone(8000, 440, -10, time.Second)
		for i, part := range slices.Collect(slices.Chunk(tone, 160)) {
			if err := conn.Write(&media.Frame{PCM: part, Format: format, Samples: 160}); err != nil {
				t.Fatal(err)
			}
			await(t, kind+" echo", func() bool { return e.heard() >= (i+1)*160 })
		}
		finish("")
		if e.mu.Lock(); audiotest.Peak(e.pcm) < 10000 {
			t.Errorf("%s: only silence of %d samples came back", kind, len(e.pcm))
		}
		e.mu.Unlock()
	}
}

func TestOwnWebsocketTargetTakesClipsAndMarks(t *testing.T) {
	t.Parallel()
	p := start(t, sink.Options{Kind: sink.Websocket, Play: clipFile(t, 16000, 440, -10, time.Second), WS: sink.WSOptions{StreamAudio: "raw", Mark: []time.Duration{30 * time.Millisecond}}})
	e := &ear{}
	_, finish := stream(t, p, "/?rate=8000&mix=mono", target.Options{Format: media.Format{Rate: 8000, Channels: 1}}, e)
	await(t, "clip and mark", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return len(e.clips) == 1 && len(e.marks) == 1
	})
	finish("enough")
	if text := p.await(sink.EventText, 1); text.Text != "enough" {
		t.Errorf("%q", text.Text)
	}
	if c := e.clips[0]; c.Kind != "raw" || c.Rate != 8000 || len(c.Data) != 16000 || e.marks[0] != "mark-1" || strings.Contains(c.Body, base64.StdEncoding.EncodeToString(c.Data[:30])) {
		t.Errorf("%s %d Hz %d bytes, %v", c.Kind, c.Rate, len(c.Data), e.marks)
	}
	pcm := samplesOf(e.clips[0].Data)
	wantTone(t, "the clip", pcm[400:7600], 8000, 440, -10)
}
