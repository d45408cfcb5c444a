package call_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/media"
	"rms/media/audiotest"
	"rms/media/target"
	"rms/sip"
	"rms/sip/siptest"
)

// booth is a far end in memory: what a stream sends is in pcm, and tests send back
// through its handler.
type booth struct {
	o target.Options

	mu       sync.Mutex
	pcm      []int16
	lost     int
	frames   int
	texts    []string
	goodbye  *string
	handler  target.Handler
	over     chan target.Ended
	once     sync.Once
	hold     chan struct{} // while it is not nil and open, Write blocks
	finished bool
	hooks    boothHooks
}

// boothHooks make a far end behave as a test wants.
type boothHooks struct {
	open   func(ctx context.Context) // before it is connected
	write  func()
	try    func() // before a frame that is written without waiting
	text   func(text string) error
	finish func()
	close  func()
	stats  func() target.Stats
}

func (b *booth) Write(f *media.Frame) error {
	if b.hooks.write != nil {
		b.hooks.write()
	}
	b.mu.Lock()
	hold := b.hold
	b.mu.Unlock()
	if hold != nil {
		select {
		case <-hold:
		case e := <-b.over:
			b.over <- e
			return target.ErrClosed
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if f.Lost {
		b.lost += f.Samples
		return nil
	}
	b.frames++
	b.pcm = append(b.pcm, f.PCM...)
	return nil
}

// Prompt: a far end that nothing holds takes each frame at once, on the goroutine that
// advances the clock. What a tick brought is counted when it is over, however busy the
// machine is.
func (b *booth) Prompt() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.hooks.try != nil || b.hooks.write == nil && b.hold == nil
}

func (b *booth) TryWrite(f *media.Frame) bool {
	if b.hooks.try != nil {
		b.hooks.try()
	}
	return b.Prompt() && b.Write(f) == nil
}

func (b *booth) Text(_ context.Context, text string) error {
	if b.hooks.text != nil {
		if err := b.hooks.text(text); err != nil {
			return err
		}
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.texts = append(b.texts, text)
	return nil
}

func (b *booth) Digit(d byte, _ time.Duration) error {
	return b.Text(context.Background(), "key "+string(d))
}

func (b *booth) Serve(h target.Handler) target.Ended {
	b.mu.Lock()
	b.handler = h
	b.mu.Unlock()
	e := <-b.over
	b.over <- e
	return e
}

func (b *booth) end(e target.Ended) { b.once.Do(func() { b.over <- e }) }

func (b *booth) Finish(_ context.Context, text string) target.Ended {
	if b.hooks.finish != nil {
		b.hooks.finish()
	}
	e := target.Ended{By: target.ByLocal, Code: 1000, Reason: "Normal closure"}
	b.mu.Lock()
	b.goodbye, b.finished = &text, true
	b.mu.Unlock()
	b.end(e)
	return e
}

func (b *booth) Close() error {
	b.end(target.Ended{By: target.ByLocal, Code: 1006})
	if b.hooks.close != nil {
		b.hooks.close()
	}
	return nil
}

func (b *booth) Stats() target.Stats {
	if b.hooks.stats != nil {
		return b.hooks.stats()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	return target.Stats{FramesOut: uint64(b.frames)}
}

func (b *booth) heard() []int16 {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]int16(nil), b.pcm...)
}

func (b *booth) ear() target.Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.handler
}

// booths are the far ends of all tests by the host of their URL.
var booths = struct {
	mu    sync.Mutex
	all   map[string][]*booth
	fail  map[string][]error // what the next attempts to connect get
	hooks map[string]boothHooks
}{all: map[string][]*booth{}, fail: map[string][]error{}, hooks: map[string]boothHooks{}}

func init() {
	// To call, a scheme that begins with ws is a websocket.
	target.Register(&target.Scheme{Names: []string{"booth", "wsbooth"}, Open: func(ctx context.Context, o *target.Options) (target.Conn, error) {
		host := o.URL.Host
		booths.mu.Lock()
		hooks := booths.hooks[host]
		booths.mu.Unlock()
		if hooks.open != nil {
			hooks.open(ctx)
		}
		booths.mu.Lock()
		defer booths.mu.Unlock()
		if list := booths.fail[host]; len(list) > 0 {
			booths.fail[host] = list[1:]
			if list[0] != nil {
				if errors.Is(list[0], context.DeadlineExceeded) {
					<-ctx.Done()
				}
				return nil, list[0]
			}
		}
		b := &booth{o: *o, over: make(chan target.Ended, 1), hooks: hooks}
		booths.all[host] = append(booths.all[host], b)
		return b, nil
	}})
}

var boothNames struct {
	mu sync.Mutex
	n  int
}

// newBooth returns the URL of a far end of the test's own, and what finds its n-th
// connection.
func (h *house) newBooth(fail ...error) (string, func(n int) *booth) {
	h.t.Helper()
	boothNames.mu.Lock()
	boothNames.n++
	host := fmt.Sprintf("far%d", boothNames.n)
	boothNames.mu.Unlock()
	booths.mu.Lock()
	booths.fail[host] = fail
	booths.mu.Unlock()
	h.t.Cleanup(func() {
		booths.mu.Lock()
		delete(booths.all, host)
		delete(booths.hooks, host)
		booths.mu.Unlock()
	})
	return "booth://" + host + "/x", func(n int) *booth {
		h.t.Helper()
		for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
			booths.mu.Lock()
			list := booths.all[host]
			booths.mu.Unlock()
			if len(list) > n && list[n].ear() != nil {
				return list[n]
			}
		}
		h.t.Fatalf("no connection %d to %s; events: %s", n, host, h.names())
		return nil
	}
}

// behaves has the far end of a URL of newBooth behave in some way.
func behaves(u string, b boothHooks) {
	parsed, _ := url.Parse(u)
	booths.mu.Lock()
	booths.hooks[parsed.Host] = b
	booths.mu.Unlock()
}

// inScript runs f as a route of the call does, and returns what f does.
func (h *house) inScript(c *siptest.Call, f func(x *call.Exec) error) error {
	h.t.Helper()
	done := make(chan error, 1)
	h.on("rms:dtmf", func(x *call.Exec) error {
		done <- f(x)
		return nil
	})
	press(c, "1")
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		h.t.Fatal("the script does not answer")
		return nil
	}
}

// bye hangs up and waits for the end of the call.
func (h *house) bye(c *siptest.Call) call.Event {
	h.t.Helper()
	c.Bye()
	c.Expect(200)
	return h.wait("rms:end")
}

// said returns the texts that a booth got so far.
func (b *booth) said() []string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return append([]string(nil), b.texts...)
}

// eventually polls until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("%s: never", what)
		}
	}
}

// starts is a script that starts a stream.
func starts(args map[string]any) script {
	return script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "stream_start", args)
		return err
	}}
}

// talk sends a tone as the caller, as the clock goes on.
func (h *house) talk(e *ear, hz float64, d time.Duration) {
	h.t.Helper()
	h.speak(e, audiotest.Tone(8000, hz, -10, d))
}

// press sends a key in an INFO.
func press(c *siptest.Call, digit string) {
	was := c.Extra
	c.Extra = []string{"Content-Type: application/dtmf"}
	c.Request("INFO", digit)
	c.Extra = was
	c.Expect(200)
}

// speak sends audio at 8000 Hz as the caller, as the clock goes on.
func (h *house) speak(e *ear, pcm []int16) {
	h.t.Helper()
	for i := 0; i+160 <= len(pcm); i += 160 {
		e.say(0, encodeMulaw(pcm[i:i+160]), 160, i == 0)
		h.run(20*time.Millisecond, e)
	}
}

// drained waits until all that was sent to a booth has arrived. What a tick could not
// hand over, as it waits for nobody, goes with one of the next: so there has to be one.
func (h *house) drained(b *booth, samples int) []int16 {
	h.t.Helper()
	begin := time.Now()
	for time.Since(begin) < patience {
		if pcm := b.heard(); len(pcm) >= samples {
			return pcm
		}
		time.Sleep(time.Millisecond)
		if time.Since(begin) > 200*time.Millisecond {
			h.tick()
		}
	}
	h.t.Fatalf("%d samples arrived, want %d; events: %s", len(b.heard()), samples, h.names())
	return nil
}

func strongest(pcm []int16, rate int) float64 {
	hz, _ := audiotest.Find(pcm, rate)
	return hz
}

func side(pcm []int16, n int) []int16 {
	var out []int16
	for i := n; i < len(pcm); i += 2 {
		out = append(out, pcm[i])
	}
	return out
}

func TestStreamCarriesTheCallerAloneInMono(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "play", map[string]any{"file": "tone:400", "loop": true}); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	h.talk(e, 1000, time.Second)
	pcm := h.drained(far(0), 7000)
	if hz := strongest(pcm[2000:], 8000); hz < 995 || hz > 1005 {
		t.Errorf("strongest at %.0f Hz, want the caller's 1000", hz)
	}
	if l := audiotest.LevelAt(pcm[2000:], 8000, 400); l > -50 {
		t.Errorf("what we play is in it at %.1f dB", l)
	}
	pitch(t, e.heard("PCMU", 8000, 0), 8000, 400)
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestStreamHasTheSidesInStepInStereo(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, far := h.newBooth()
			h.runs(script{"rms:start": func(x *call.Exec) error {
				if _, err := do(x, "echo"); err != nil {
					return err
				}
				_, err := named(x, "stream_start", map[string]any{"url": u, "mix": "stereo", "rate": int64(rate)})
				return err
			}})
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:stream_connect")
			h.run(300*time.Millisecond, e)
			h.speak(e, audiotest.Voice(8000, -12, time.Second))
			pcm := h.drained(far(0), 2*rate*12/10)
			left, right := side(pcm, 0), side(pcm, 1)
			if d, alike := audiotest.Delay(left, right, 200); d != 0 || alike < 0.99 {
				t.Errorf("the echo is %d samples behind the caller, likeness %.3f, want 0 and 1: it is the same tick", d, alike)
			}
			c.Bye()
			c.Expect(200)
			h.wait("rms:end")
		})
	}
}

func TestStreamOfASilentCallIsSilenceOnTheClock(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "mix": "stereo"}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	before := len(far(0).heard())
	h.run(time.Second, e)
	pcm := h.drained(far(0), before+16000)
	for _, v := range pcm {
		if v != 0 {
			t.Fatal("silence is not zeros")
		}
	}
	if n := len(pcm) - before; n != 16000 {
		t.Errorf("%d samples in a second of stereo at 8000 Hz", n)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestStreamGoesOnThroughHoldAndCodecChange(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "mix": "stereo", "rate": int64(16000)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	h.talk(e, 1000, 500*time.Millisecond)
	c.Request("INVITE", e.offer("0", "inactive"))
	c.Expect(200)
	c.Ack()
	h.run(500*time.Millisecond, e)
	c.Request("INVITE", e.offer("9"))
	e.aim(c.Expect(200).Body)
	c.Ack()
	h.run(500*time.Millisecond, e)
	b := far(0)
	before := len(b.heard())
	h.run(time.Second, e)
	if n := len(h.drained(b, before+32000)) - before; n != 32000 {
		t.Errorf("%d samples in a second of stereo at 16000 Hz", n)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != target.ByLocal {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestStreamStopSendsWhatIsQueuedThenTheTextThenGoodbye(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	h.on("rms:dtmf", func(x *call.Exec) error {
		_, err := do(x, "stream_stop", "stream", "two words")
		return err
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	h.run(200*time.Millisecond, e)
	press(c, "5")
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	b := far(0)
	if b.goodbye == nil || *b.goodbye != "two words" {
		t.Errorf("goodbye %v", b.goodbye)
	}
	ev := h.wait("rms:stream_disconnect")
	if ev.Get("by") != target.ByLocal || ev.Get("code") != int64(1000) ||
		ev.Get("body") != `{"status":"disconnected","message":{"code":1000,"reason":"Normal closure"}}` {
		t.Errorf("fields %v", ev.Fields)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestStreamPauseDiscardsAudioAndSendsNoBurstAfter(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	var paused, resumed int
	h.runs(starts(map[string]any{"url": u}))
	h.on("rms:dtmf", func(x *call.Exec) error {
		verb := "stream_pause"
		if x.Event.Get("digit") == "2" {
			verb = "stream_resume"
		}
		_, err := do(x, verb)
		return err
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	h.run(200*time.Millisecond, e)
	press(c, "1")
	h.run(100*time.Millisecond, e)
	paused = len(far(0).heard())
	h.run(time.Second, e)
	if n := len(far(0).heard()) - paused; n != 0 {
		t.Errorf("%d samples during the pause", n)
	}
	press(c, "2")
	h.settle()
	h.run(time.Second, e)
	resumed = len(h.drained(far(0), paused+7800)) - paused
	if resumed > 8000 {
		t.Errorf("%d samples in a second after the pause", resumed)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestAudioOfAFarEndIsHeardAtTheRightSpeed(t *testing.T) {
	t.Parallel()
	for _, rate := range []int{8000, 16000, 24000, 44100} {
		t.Run(fmt.Sprint(rate), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, far := h.newBooth()
			h.runs(starts(map[string]any{"url": u}))
			e := newEar(t)
			c := h.dial(e, e.offer("0"))
			h.wait("rms:stream_connect")
			tone := audiotest.Tone(rate, 700, -12, 2*time.Second)
			if err := far(0).ear().Audio(tone, rate); err != nil { // a burst
				t.Fatal(err)
			}
			h.run(2500*time.Millisecond, e)
			pcm := e.heard("PCMU", 8000, 0)
			if n := len(pcm); n < 15800 || n > 16400 {
				t.Errorf("%d samples heard of 2 s", n)
			}
			pitch(t, pcm, 8000, 700)
			c.Bye()
			c.Expect(200)
			h.wait("rms:end")
		})
	}
}

func TestClearSilencesTheCallerWithinOnePacket(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	played := make(chan any, 1)
	h.runs(starts(map[string]any{"url": u}))
	h.on("rms:dtmf", func(x *call.Exec) error {
		if _, err := do(x, "stream_mark", "end"); err != nil {
			return err
		}
		ms, err := do(x, "stream_clear")
		played <- ms
		return err
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if err := far(0).ear().Audio(audiotest.Tone(8000, 700, -12, 10*time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	h.run(time.Second, e)
	before := len(e.packets)
	press(c, "5")
	h.settle()
	h.run(500*time.Millisecond, e)
	if n := len(e.packets) - before; n > 1 {
		t.Errorf("%d packets after the clear, want 1 at most", n)
	}
	if ms := (<-played).(int64); ms < 900 || ms > 1000 {
		t.Errorf("played %d ms, want about 980", ms)
	}
	if ev := h.wait("rms:stream_mark"); ev.Get("state") != call.MarkCleared || ev.Get("mark") != "end" {
		t.Errorf("mark %v", ev.Fields)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestMarkFiresWithThePacketOfItsLastSample(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	ear := far(0).ear()
	for i := range 3 {
		if err := ear.Audio(audiotest.Tone(8000, 700, -12, 250*time.Millisecond), 8000); err != nil {
			t.Fatal(err)
		}
		ear.Mark(fmt.Sprint("m", i))
	}
	h.until("marks", func() bool { return len(h.seen("rms:stream_mark")) == 3 }, e)
	h.run(20*time.Millisecond, e)
	first := e.packets[0].SequenceNumber
	for i, ev := range h.seen("rms:stream_mark") {
		// 250 ms are 12.5 packets: the last sample of the n-th piece lies in packet ceil(12.5 n).
		want := int64(first) + int64((25*(i+1)+1)/2) - 1
		if ev.Get("mark") != fmt.Sprint("m", i) || ev.Get("state") != call.MarkPlayed || ev.Get("seq") != want&0xffff {
			t.Errorf("mark %d: %v, want seq %d", i, ev.Fields, want)
		}
	}
	b := far(0)
	eventually(t, "answers", func() bool { return len(b.said()) == 3 })
	if got := strings.Join(b.said(), "|"); !strings.Contains(got, `"m2"`) || !strings.Contains(got, "playout") {
		t.Errorf("answers %s", got)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestAStalledFarEndDelaysNothingAndIsToldOf(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "ring": 0.5}))
	h.on("rms:stream_connect", tone400)
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	b.mu.Lock()
	hold := make(chan struct{})
	b.hold = hold
	b.mu.Unlock()
	h.run(10*time.Second, e)
	e.gapless(160)
	b.mu.Lock()
	b.hold = nil
	b.mu.Unlock()
	before := len(b.heard())
	close(hold)
	h.run(100*time.Millisecond, e)
	pcm := h.drained(b, before+4000)
	if n := len(pcm) - before; n > 6000 {
		t.Errorf("%d samples of the past came after the stall", n)
	}
	b.mu.Lock()
	if b.lost < 70000 {
		t.Errorf("%d samples told as lost of 9.5 s", b.lost)
	}
	b.mu.Unlock()
	h.until("drops told of", func() bool {
		list := h.seen("rms:stream_drop")
		return len(list) > 0 && list[len(list)-1].Get("total_ms").(int64) >= 9000
	}, e)
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestHangupWithAStalledFarEndDoesNotWait(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	b.mu.Lock()
	b.hold = make(chan struct{}) // for ever
	b.mu.Unlock()
	h.run(time.Second, e)
	ports := make(chan int, 1) // in use when the stream was broken off, a second after the BYE
	h.when("rms:stream_disconnect", func() { ports <- h.calls.PortsUsed() })
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	if n := <-ports; n != 0 {
		t.Errorf("%d ports wait for the far end", n)
	}
}

func TestAttemptsThatFailAreRetriedAsOftenAsAsked(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	refused := &target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"}
	u, far := h.newBooth(refused, refused)
	h.runs(starts(map[string]any{"url": u, "retries": int64(2)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	far(0)
	if n := len(h.seen("rms:stream_error")); n != 2 {
		t.Errorf("%d errors", n)
	}
	ev := h.seen("rms:stream_error")[0]
	if ev.Get("code") != int64(6) || ev.Get("body") != `{"status":"error","message":{"code":6,"error":"Connection refused (system error 111)"}}` {
		t.Errorf("error %v", ev.Fields)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestAFailedStreamIsOverAndItsNameIsFree(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth(&target.ConnectError{Code: target.CodeTimeout, Text: "Timeout"})
	h.runs(starts(map[string]any{"url": u}))
	h.on("rms:stream_disconnect", func(x *call.Exec) error {
		if x.Event.Get("by") != target.ByTimeout {
			return nil
		}
		_, err := named(x, "stream_start", map[string]any{"url": u})
		return err
	})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	if ev := h.wait("rms:stream_disconnect"); ev.Get("by") != target.ByTimeout {
		t.Errorf("fields %v", ev.Fields)
	}
	far(0)
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
	if err := h.seen("rms:script_error"); len(err) > 0 {
		t.Errorf("script: %v", err[0].Fields)
	}
}

func TestAudioThatAFarEndLeftBehindIsPlayedBeforeItsHangup(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u, "hangup": true}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	if err := b.ear().Audio(audiotest.Tone(8000, 700, -12, time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	b.end(target.Ended{By: target.ByRemote, Code: 1000, Reason: "Normal closure"})
	h.until("hang-up", func() bool { return len(e.packets) >= 50 }, e)
	h.run(100*time.Millisecond, e)
	c.Reply(c.ExpectRequest("BYE"), 200, "", "")
	if n := len(e.heard("PCMU", 8000, 0)); n < 8000 || n > 8400 {
		t.Errorf("%d samples heard of 1 s", n)
	}
	if ev := h.wait("rms:end"); ev.Get("by") != sip.ByUs {
		t.Errorf("ended %v", ev.Fields)
	}
}

func TestStreamAskedForBeforeTheAnswerBeginsWithTheMedia(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"route": func(x *call.Exec) error {
		if x.Method() != "INVITE" {
			return nil
		}
		if _, err := named(x, "stream_start", map[string]any{"url": u}); err != nil {
			return err
		}
		_, err := do(x, "answer")
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	h.run(100*time.Millisecond, e)
	h.drained(far(0), 500)
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestStreamParametersThatAreWrongAreRefusedAndTouchNothing(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	wrong := []struct {
		args map[string]any
		says string
	}{
		{map[string]any{"url": "http://x/"}, "begins with none of"},
		{map[string]any{"url": "::"}, "not a URL"},
		{map[string]any{"url": u, "rate": int64(11025)}, "rate"},
		{map[string]any{"url": u, "rate": "abc"}, "rate"},
		{map[string]any{"url": u, "rate": int64(0)}, "rate"},
		{map[string]any{"url": u, "mix": "Mono"}, "mix"},
		{map[string]any{"url": u, "buffer": int64(50)}, "multiple of 20"},
		{map[string]any{"url": u, "headers": "{nonsense"}, "headers"},
		{map[string]any{"url": u, "headers": map[string]any{"A": int64(1)}}, "headers"},
		{map[string]any{"url": u, "name": ""}, "name"},
		{map[string]any{"url": u, "nonsense": "x"}, "unknown parameter"},
		{map[string]any{"url": u}, "already"},
	}
	errs := make(chan error, len(wrong))
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "stream_start", map[string]any{"url": u}); err != nil {
			return err
		}
		for _, w := range wrong {
			_, err := named(x, "stream_start", w.args)
			errs <- err
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	for _, w := range wrong {
		if err := <-errs; err == nil || !strings.Contains(err.Error(), w.says) {
			t.Errorf("%v: %v, want %q", w.args, err, w.says)
		}
	}
	if n := len(h.seen("rms:stream_disconnect")); n != 0 {
		t.Error("the first stream was touched")
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestMetadataAndHeadersAreFilledInFromTheCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := do(x, "set", "tag", "a\"b"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{
			"url": u, "metadata": `{"tag":"${tag}","id":"${call_id}","x":"${nothing}$"}`, "headers": `{"X-Tag":"${tag}"}`,
		})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	ev := h.wait("rms:stream_connect")
	o := far(0).o
	if want := `{"tag":"a\"b","id":"` + ev.Call + `","x":"$"}`; o.Metadata != want {
		t.Errorf("metadata %s, want %s", o.Metadata, want)
	}
	if len(o.Header) != 1 || o.Header[0].Value != `a"b` {
		t.Errorf("header %v", o.Header)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestKeysOfTheCallerReachItsStreams(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	b := far(0)
	press(c, "5")
	h.until("key", func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		return len(b.texts) == 1 && b.texts[0] == "key 5"
	}, e)
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestAValueOfTheCallersCannotEndAHeaderField(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := do(x, "set", "tag", "a\r\nX-Evil: b"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": u, "headers": map[string]any{"X-Tag": "<${tag}>"}})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	if o := far(0).o; len(o.Header) != 1 || o.Header[0].Value != "<a%0D%0AX-Evil: b>" {
		t.Errorf("header %v", o.Header)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}

func TestClearOfAFarEndTellsOfItsMarksAsCleared(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	ear := far(0).ear()
	if err := ear.Audio(audiotest.Tone(8000, 700, -12, 2*time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	ear.Mark("m")
	h.run(400*time.Millisecond, e)
	ear.Clear(false)
	h.until("mark", func() bool { return len(h.seen("rms:stream_mark")) == 1 }, e)
	if ev := h.wait("rms:stream_mark"); ev.Get("state") != call.MarkCleared {
		t.Errorf("mark %v", ev.Fields)
	}
	if err := ear.Audio(audiotest.Tone(8000, 700, -12, time.Second), 8000); err != nil {
		t.Fatal(err)
	}
	ear.Mark("n")
	ear.(target.MarksClearer).ClearMarks()
	before := len(e.packets)
	h.run(1200*time.Millisecond, e)
	if n := len(e.packets) - before; n < 49 {
		t.Errorf("clearMarks left %d packets of 50", n)
	}
	if list := h.seen("rms:stream_mark"); len(list) != 2 || list[1].Get("state") != call.MarkCleared {
		t.Errorf("marks %v", list)
	}
	c.Bye()
	c.Expect(200)
	h.wait("rms:end")
}
