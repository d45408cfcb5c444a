package call_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media/target"
)

func ws(u string) string { return strings.Replace(u, "booth", "wsbooth", 1) }

func TestTextsSaidBeforeTheConnectionAreSentInOrderBehindIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth(&target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"})
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := named(x, "stream_start", map[string]any{"url": ws(u), "retries": int64(1)}); err != nil {
			return err
		}
		for i := range 10 {
			if _, err := do(x, "stream_send_text", fmt.Sprint(i, " two  words ")); err != nil {
				return err
			}
		}
		return nil
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	b := far(0)
	eventually(t, "texts", func() bool { return len(b.said()) == 10 })
	for i, s := range b.said() {
		if s != fmt.Sprint(i, " two  words ") {
			t.Errorf("text %d: %q", i, s)
		}
	}
	h.bye(c)
}

func TestTextsForAFarEndThatIsSlowAreBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	hold := make(chan struct{})
	behaves(u, boothHooks{text: func(string) error { <-hold; return nil }})
	h.runs(starts(map[string]any{"url": ws(u)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	b := far(0)
	sent := 0
	err := h.inScript(c, func(x *call.Exec) error {
		for range 200 {
			if _, err := do(x, "stream_send_text", "x"); err == nil {
				sent++
			}
		}
		_, err := do(x, "stream_send_text", strings.Repeat("x", 300<<10))
		return err
	})
	if err == nil || !strings.Contains(err.Error(), "256 KiB") {
		t.Errorf("300 KiB: %v", err)
	}
	if sent < 64 || sent > 65 {
		t.Errorf("%d texts were taken, want 64 and the one that is being sent", sent)
	}
	close(hold)
	eventually(t, "texts", func() bool { return len(b.said()) == sent })
	h.bye(c)
}

func TestTextsThatWaitAreSentBeforeTheGoodbye(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	var b *booth
	slow := make(chan struct{}, 100)
	var before []string
	behaves(u, boothHooks{
		text:   func(string) error { <-slow; return nil },
		finish: func() { before = b.said() },
	})
	h.runs(starts(map[string]any{"url": ws(u)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	b = far(0)
	err := h.inScript(c, func(x *call.Exec) error {
		for i := range 5 {
			if _, err := do(x, "stream_send_text", fmt.Sprint(i)); err != nil {
				return err
			}
		}
		_, err := do(x, "stream_stop", "stream", "bye now")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	h.run(50*time.Millisecond, e) // the link ends with a tick
	for range 5 {
		slow <- struct{}{}
	}
	h.until("disconnect", func() bool { return len(h.seen("rms:stream_disconnect")) == 1 }, e)
	if got := strings.Join(before, " "); got != "0 1 2 3 4" || b.goodbye == nil || *b.goodbye != "bye now" {
		t.Errorf("said %q, then %v", got, b.goodbye)
	}
	h.bye(c)
}

func TestTextsThatNoConnectionTookAreSentOnTheNext(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	first, again := make(chan struct{}, 1), make(chan struct{})
	first <- struct{}{}
	behaves(u, boothHooks{open: func(context.Context) {
		select {
		case <-first:
		case <-again:
		}
	}})
	h.runs(starts(map[string]any{"url": ws(u), "retries": int64(3)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	far(0).end(target.Ended{By: target.ByError, Code: 1006, Reason: "Abnormal closure", Error: 1, Text: "gone", Again: true})
	if ev := h.wait("rms:stream_disconnect"); ev.Get("again") != true || ev.Get("code") != int64(1006) {
		t.Errorf("event %v", ev.Fields)
	}
	if n := len(h.seen("rms:stream_connect")); n != 1 {
		t.Error("the end of a connection is told only with the next")
	}
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_send_text", "still there?"); return err }); err != nil {
		t.Fatal(err)
	}
	close(again)
	b := far(1)
	eventually(t, "text", func() bool { return len(b.said()) == 1 })
	h.bye(c)
}

func TestTextForATargetThatHasNoneIsRefused(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	h.wait("rms:stream_connect")
	for _, text := range []string{"x", "a\xff"} {
		if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "stream_send_text", text); return err }); err == nil {
			t.Errorf("%q was taken", text)
		}
	}
	h.bye(c)
}

// A far end talks without end; each message waits for the script.
func TestAFloodOfMessagesWaitsForTheScriptAndSparesTheLog(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := newHouse(t, nil, func(o *call.Options) { o.Log = zerolog.New(&log) })
	u, far := h.newBooth()
	hold := make(chan struct{})
	h.runs(starts(map[string]any{"url": ws(u)}))
	h.on("rms:stream_json", func(*call.Exec) error { <-hold; return nil })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	b := far(0)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := range 300 {
			b.ear().Text(fmt.Sprintf("flood %d\n\x1b[31m", i))
		}
	}()
	eventually(t, "message", func() bool { return len(h.seen("rms:stream_json")) > 0 })
	if n := len(h.seen("rms:stream_json")); n != 1 {
		t.Errorf("%d messages wait for the script", n)
	}
	close(hold)
	eventually(t, "messages", func() bool { return len(h.seen("rms:stream_json")) == 300 })
	<-done
	if n := strings.Count(log.String(), "stream said"); n < 1 || n > 100 {
		t.Errorf("%d of 300 messages in the log", n)
	}
	if strings.Contains(log.String(), "\x1b") {
		t.Error("a control character of the far end in the log")
	}
	h.bye(c)
}

func TestSuppressLogHidesMessagesFromTheLogOnly(t *testing.T) {
	t.Parallel()
	var log lockedBuffer
	h := newHouse(t, nil, func(o *call.Options) { o.Log = zerolog.New(&log) })
	u, far := h.newBooth()
	h.runs(script{"rms:start": func(x *call.Exec) error {
		if _, err := do(x, "set", "STREAM_SUPPRESS_LOG", "true"); err != nil {
			return err
		}
		_, err := named(x, "stream_start", map[string]any{"url": ws(u)})
		return err
	}})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	far(0).ear().Text("hush")
	h.wait("rms:stream_json")
	if strings.Contains(log.String(), "hush") {
		t.Error("the message is in the log")
	}
	h.bye(c)
}

func TestDroppedAudioIsToldInMilliseconds(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	behaves(u, boothHooks{stats: func() target.Stats { return target.Stats{Dropped: 50} }})
	h.runs(starts(map[string]any{"url": u, "ring": 0.1, "buffer": int64(100)}))
	e := newEar(t)
	c := h.dial(e, e.offer("0", "ptime:30")) // the graph ticks at 10 ms
	h.wait("rms:stream_connect")
	b := far(0)
	hold := make(chan struct{})
	b.mu.Lock()
	b.hold = hold
	b.mu.Unlock()
	h.run(3*time.Second, e)
	close(hold)
	h.bye(c)
	ev := h.wait("rms:stream_disconnect")
	// 50 frames of 100 ms, and what the ring of 100 ms had no room for.
	if ms := ev.Get("dropped_ms").(int64); ms < 7800 || ms > 8000 {
		t.Errorf("dropped_ms %d, want 5000 and about 2900", ms)
	}
}
