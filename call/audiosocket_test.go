package call_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"rms/call"
	"rms/media/audiotest"
	"rms/media/wire/audiosocket"
	"rms/sip"
)

const socketID = "40325ec2-5efd-4bd3-805f-53576e581d13"

// switchboard has the house take calls by AudioSocket, as rms serve does.
func (h *house) switchboard(o audiosocket.ServerOptions) *audiosocket.Server {
	h.t.Helper()
	o.Listen = "127.0.0.1:0"
	s, err := audiosocket.Listen(o, h.calls.AudioSocket)
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			h.t.Error(err)
		}
	})
	return s
}

// asterisk is the far end of a call by AudioSocket.
type asterisk struct {
	t    testing.TB
	conn net.Conn

	mu     sync.Mutex
	pcm    map[audiosocket.Kind][]int16
	others []string // messages that are not audio
	over   bool     // the server closed
}

// ring places a call; what follows the UUID goes with it, so that it is there when the
// call begins.
func (h *house) ring(s *audiosocket.Server, id string, more ...byte) *asterisk {
	h.t.Helper()
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		h.t.Fatal(err)
	}
	a := &asterisk{t: h.t, conn: conn, pcm: map[audiosocket.Kind][]int16{}}
	read := make(chan struct{})
	h.t.Cleanup(func() {
		_ = conn.Close()
		<-read
	})
	go func() {
		defer close(read)
		a.read()
	}()
	uuid, err := audiosocket.ParseID(id)
	if err != nil {
		h.t.Fatal(err)
	}
	a.say(append(audiosocket.AppendMessage(nil, audiosocket.ID, uuid[:]), more...))
	return a
}

func (a *asterisk) read() {
	r := audiosocket.NewReader(a.conn, time.Minute)
	for {
		m, err := r.Next()
		a.mu.Lock()
		switch {
		case err != nil:
			a.over = true
		case m.Kind.Rate() > 0:
			a.pcm[m.Kind] = audiosocket.PCM(a.pcm[m.Kind], m.Payload)
		default:
			a.others = append(a.others, m.Kind.String()+" "+string(m.Payload))
		}
		a.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (a *asterisk) say(b []byte) {
	a.t.Helper()
	if _, err := a.conn.Write(b); err != nil {
		a.t.Fatal(err)
	}
}

// speak sends audio in messages of 20 ms.
func (a *asterisk) speak(k audiosocket.Kind, pcm []int16) {
	a.t.Helper()
	n := k.Rate() / 50
	for ; len(pcm) >= n; pcm = pcm[n:] {
		a.say(audiosocket.AppendAudio(nil, k, pcm[:n]))
	}
}

func (a *asterisk) heard(k audiosocket.Kind) []int16 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return append([]int16(nil), a.pcm[k]...)
}

// samples is how many it heard so far.
func (a *asterisk) samples(k audiosocket.Kind) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.pcm[k])
}

func (a *asterisk) got() (others string, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	return strings.Join(a.others, "|"), a.over
}

// onKey runs f as a route of the only AudioSocket call, when a key comes.
func (h *house) onKey(a *asterisk, f func(x *call.Exec) error) error {
	h.t.Helper()
	done := make(chan error, 1)
	h.on("rms:dtmf", func(x *call.Exec) error {
		done <- f(x)
		return nil
	})
	a.say(audiosocket.AppendMessage(nil, audiosocket.Digit, []byte("1")))
	select {
	case err := <-done:
		return err
	case <-time.After(patience):
		h.t.Fatal("the script does not answer")
		return nil
	}
}

// pump advances the clock a tick each millisecond until ok, for what real time brings.
func (h *house) pump(what string, ok func() bool) {
	h.t.Helper()
	eventually(h.t, what, func() bool {
		h.clock.Advance(10 * time.Millisecond)
		return ok()
	})
}

// sound is the audio without the silence before and after it.
func sound(pcm []int16) []int16 {
	loud := func(v int16) bool { return v > 300 || v < -300 }
	for len(pcm) > 0 && !loud(pcm[0]) {
		pcm = pcm[1:]
	}
	for len(pcm) > 0 && !loud(pcm[len(pcm)-1]) {
		pcm = pcm[:len(pcm)-1]
	}
	return pcm
}

func TestACallByAudioSocketIsACallWithEventsAndVerbs(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{"rms:start": tone400, "rms:invite": func(*call.Exec) error { return nil }})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	a.speak(audiosocket.Slin8, make([]int16, 1600))
	ev := h.wait("rms:start")
	if ev.Call != socketID || ev.Get("codec") != "L16/8000" || ev.Get("remote") != a.conn.LocalAddr().String() {
		t.Errorf("start of %s: %v", ev.Call, ev.Fields)
	}
	invite := h.wait("rms:invite")
	if invite.Get("ruri") != "audiosocket:"+socketID || invite.Get("source") != a.conn.LocalAddr().String() {
		t.Errorf("invite %v", invite.Fields)
	}
	h.pump("tone", func() bool { return len(sound(a.heard(audiosocket.Slin8))) > 8000 })
	pitch(t, sound(a.heard(audiosocket.Slin8)), 8000, 400)
	_ = a.conn.Close()
	end := h.wait("rms:end")
	if end.Get("by") != sip.ByCaller || end.Get("packets_in").(int64) < 10 || end.Get("packets_out").(int64) < 40 {
		t.Errorf("end %v", end.Fields)
	}
	if !strings.HasSuffix(h.names(), "rms:end") || h.calls.Stats().Failed != 0 {
		t.Errorf("events: %s, %+v", h.names(), h.calls.Stats())
	}
}

func TestAHangupOfOursIsATerminateAfterTheLastSample(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		_, err := named(x, "play", map[string]any{"file": "tone:400/500ms"}) // its end hangs up
		return err
	}})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	h.pump("goodbye", func() bool { others, _ := a.got(); return others != "" })
	if others, _ := a.got(); others != audiosocket.Terminate.String()+" " {
		t.Errorf("messages %q", others)
	}
	if n := len(sound(a.heard(audiosocket.Slin8))); n < 3900 || n > 4100 {
		t.Errorf("%d samples heard of 500 ms", n)
	}
	_ = a.conn.Close()
	if end := h.wait("rms:end"); end.Get("by") != sip.ByUs {
		t.Errorf("end %v", end.Fields)
	}
}

func TestAPeerThatStaysAfterOurHangupIsCutOff(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{"rms:start": func(x *call.Exec) error { _, err := do(x, "hangup"); return err }})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	h.pump("end", func() bool { return len(h.seen("rms:end")) == 1 })
	eventually(t, "closed", func() bool { _, over := a.got(); return over })
}

func TestATerminateOfThePeerEndsTheCall(t *testing.T) {
	t.Parallel()
	for name, last := range map[string][]byte{
		"terminate": {0, 0, 0}, "error": {0xff, 0, 1, 4}, "broken message": {0x10, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			h.runs(script{})
			s := h.switchboard(audiosocket.ServerOptions{Stall: 100 * time.Millisecond})
			a := h.ring(s, socketID)
			h.wait("rms:start")
			a.say(last)
			end := h.wait("rms:end")
			if end.Get("by") != sip.ByCaller {
				t.Errorf("end %v", end.Fields)
			}
			if cause, _ := end.Get("cause").(string); name == "error" && !strings.Contains(cause, "4") {
				t.Errorf("cause %q does not name the code", cause)
			}
		})
	}
}

func TestAPeerThatIsGoneBeforeTheStartIsACallToo(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{"rms:start": tone400})
	s := h.switchboard(audiosocket.ServerOptions{})
	for range 5 {
		a := h.ring(s, socketID)
		_ = a.conn.Close()
		before := len(h.seen("rms:end"))
		eventually(t, "end", func() bool {
			return len(h.seen("rms:end")) > before || h.calls.Len() == 0 && len(h.seen("rms:end")) > 0
		})
		eventually(t, "gone", func() bool { return h.calls.Len() == 0 && s.Stats().Open == 0 })
	}
	if n, ends := len(h.seen("rms:invite")), len(h.seen("rms:end")); n != ends || n == 0 {
		t.Errorf("%d calls, %d ends: %s", n, ends, h.names())
	}
}

func TestRateOfACallByAudioSocketIsThatOfItsFirstAudio(t *testing.T) {
	t.Parallel()
	for _, k := range []audiosocket.Kind{audiosocket.Slin8, audiosocket.Slin12, audiosocket.Slin16, audiosocket.Slin48, audiosocket.Slin192} {
		t.Run(k.String(), func(t *testing.T) {
			t.Parallel()
			h := newHouse(t, nil)
			u, far := h.newBooth()
			h.runs(script{"rms:start": func(x *call.Exec) error {
				_, err := named(x, "stream_start", map[string]any{"url": u, "rate": int64(16000)})
				return errors.Join(err, tone400(x))
			}})
			s := h.switchboard(audiosocket.ServerOptions{})
			tone := audiotest.Tone(k.Rate(), 1000, -10, 600*time.Millisecond)
			n := k.Rate() / 50
			a := h.ring(s, socketID, audiosocket.AppendAudio(nil, k, tone[:n])...)
			h.wait("rms:stream_connect")
			for tone = tone[n:]; len(tone) >= n; tone = tone[n:] {
				a.speak(k, tone[:n])
				h.run(20 * time.Millisecond)
				time.Sleep(time.Millisecond) // the message is on its way
			}
			before := a.samples(k)
			h.pump("tone", func() bool { return a.samples(k) > before+k.Rate() })
			pitch(t, sound(a.heard(k)), k.Rate(), 400)
			h.pump("stream", func() bool { return len(sound(far(0).heard())) > 6000 })
			if hz := strongest(sound(far(0).heard()), 16000); hz < 990 || hz > 1010 {
				t.Errorf("the caller's tone is %.0f Hz in the stream, want 1000", hz)
			}
			_ = a.conn.Close()
			h.wait("rms:end")
		})
	}
}

// The codec trap of Asterisk: G.711 in messages that say signed linear.
func TestCodecTrapIsUndoneByTheListenersSetting(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, far := h.newBooth()
	h.runs(starts(map[string]any{"url": u}))
	s := h.switchboard(audiosocket.ServerOptions{Encoding: audiosocket.PCMU})
	a := h.ring(s, socketID)
	tone := encodeMulaw(audiotest.Tone(8000, 1000, -10, time.Second))
	a.say(audiosocket.AppendMessage(nil, audiosocket.Slin8, tone[:160]))
	h.wait("rms:stream_connect")
	for tone = tone[160:]; len(tone) >= 160; tone = tone[160:] {
		a.say(audiosocket.AppendMessage(nil, audiosocket.Slin8, tone[:160]))
		h.run(20 * time.Millisecond)
		time.Sleep(time.Millisecond)
	}
	h.pump("stream", func() bool { return len(sound(far(0).heard())) > 5000 })
	if hz := strongest(sound(far(0).heard()), 8000); hz < 990 || hz > 1010 {
		t.Errorf("%.0f Hz, want 1000", hz)
	}
	_ = a.conn.Close()
	h.wait("rms:end")
}

func TestKeysOfBothDialectsAreEvents(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{"rms:dtmf": func(*call.Exec) error { return nil }})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	a.say([]byte{3, 0, 1, '5'})
	a.say([]byte{2, 0, 6, 1, '#', 0, 0, 0, 0, 2, 0, 6, 0, '#', 0xa0, 0, 0, 0})
	a.say([]byte{3, 0, 1, 'x', 2, 0, 1, 0, 3, 0, 0})
	a.say([]byte{3, 0, 1, 'D'})
	eventually(t, "keys", func() bool { return len(h.seen("rms:dtmf")) == 3 })
	var got []string
	for _, ev := range h.seen("rms:dtmf") {
		got = append(got, ev.Get("digit").(string), ev.Get("source").(string))
		if ms := ev.Get("duration_ms"); ms != int64(160) {
			t.Errorf("duration %v ms", ms)
		}
	}
	if strings.Join(got, " ") != "5 audiosocket # audiosocket D audiosocket" {
		t.Errorf("keys %v", got)
	}
	_ = a.conn.Close()
	h.wait("rms:end")
}

func TestKeysAreSentToAPeerOfForkOnly(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	dtmf := func(x *call.Exec) error { _, err := do(x, "dtmf", "12"); return err }
	if err := h.onKey(a, dtmf); err == nil || !strings.Contains(err.Error(), "fork") {
		t.Errorf("to upstream: %v", err)
	}
	a.say([]byte{2, 0, 6, 1, '7', 0, 0, 0, 0}) // now it is known as fork
	if err := h.onKey(a, dtmf); err != nil {
		t.Errorf("to fork: %v", err)
	}
	if err := h.onKey(a, func(x *call.Exec) error { _, err := do(x, "hangup"); return err }); err != nil {
		t.Fatal(err)
	}
	h.pump("goodbye", func() bool {
		others, _ := a.got()
		return strings.HasSuffix(others, audiosocket.Terminate.String()+" ")
	})
	others, _ := a.got()
	if n := strings.Count(others, audiosocket.FrameDTMF.String()); n != 4 {
		t.Errorf("%d messages of keys before the goodbye, want begin and end of two: %q", n, others)
	}
	_ = a.conn.Close()
	h.wait("rms:end")
}

func TestForkIsAnsweredWithItsSignal(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{Dialect: audiosocket.Fork})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	eventually(t, "answer", func() bool { others, _ := a.got(); return others == audiosocket.Control.String()+" \x04" })
	_ = a.conn.Close()
	h.wait("rms:end")
}

// A peer that reads nothing must not hold up its call: verbs answer at once.
func TestKeysForAPeerThatDoesNotReadDoNotBlockTheCall(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{Dialect: audiosocket.Fork})
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.(*net.TCPConn).SetReadBuffer(4096)
	a := &asterisk{t: t, conn: conn}
	id, _ := audiosocket.ParseID(socketID)
	a.say(audiosocket.AppendMessage(nil, audiosocket.ID, id[:]))
	h.wait("rms:start")
	began := time.Now()
	refused := 0
	for range 400 {
		x, err := h.calls.Door(socketID, call.FromAPI)
		if err == nil {
			_, err = do(x, "dtmf", strings.Repeat("1", 255))
		}
		if err != nil {
			refused++
		}
		if refused > 3 {
			break
		}
	}
	if refused == 0 {
		t.Error("no end of keys that wait")
	}
	if d := time.Since(began); d > patience {
		t.Errorf("the verbs took %s", d)
	}
	_ = conn.Close()
	h.wait("rms:end")
}

func TestAUUIDThatIsLiveIsRefusedAndItsCallUntouched(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s, other := h.switchboard(audiosocket.ServerOptions{}), h.switchboard(audiosocket.ServerOptions{})
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	id := h.wait("rms:ack").Call // of a call by SIP
	first := h.ring(s, socketID)
	eventually(t, "start", func() bool { return len(h.seen("rms:start")) == 2 })
	for _, again := range []*asterisk{h.ring(s, id), h.ring(other, socketID), h.ring(s, socketID)} {
		eventually(t, "refused", func() bool { _, over := again.got(); return over })
		if others, _ := again.got(); others != audiosocket.Terminate.String()+" " {
			t.Errorf("messages %q, want the goodbye", others)
		}
	}
	if h.calls.Len() != 2 || len(h.seen("rms:end")) != 0 || len(h.seen("rms:invite")) != 2 {
		t.Errorf("%d calls: %s", h.calls.Len(), h.names())
	}
	h.bye(c)
	_ = first.conn.Close()
	eventually(t, "end", func() bool { return len(h.seen("rms:end")) == 2 })
}

func TestCallsThatWereNotAnnouncedAreRefusedWhenOnlyRegisteredOnesAreTaken(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{Accept: func(id string, _ netip.AddrPort) error { return h.calls.Expected(id) }})
	stranger := h.ring(s, socketID)
	eventually(t, "refused", func() bool { _, over := stranger.got(); return over })
	e := newEar(t)
	c := h.dial(e, e.offer("0"))
	if err := h.inScript(c, func(x *call.Exec) error {
		_, err := named(x, "audiosocket_expect", map[string]any{"uuid": strings.ToUpper(socketID), "ttl": int64(60)})
		return err
	}); err != nil {
		t.Fatal(err)
	}
	if err := h.inScript(c, func(x *call.Exec) error { _, err := do(x, "audiosocket_expect", "nonsense"); return err }); err == nil {
		t.Error("nonsense is no UUID")
	}
	a := h.ring(s, socketID)
	eventually(t, "start", func() bool { return len(h.seen("rms:start")) == 2 })
	_ = a.conn.Close()
	eventually(t, "end", func() bool { return len(h.seen("rms:end")) == 1 })
	eventually(t, "closed", func() bool { return s.Stats().Open == 0 })
	again := h.ring(s, socketID) // it may come once
	eventually(t, "refused", func() bool { _, over := again.got(); return over })
	h.bye(c)
}

func TestVerbsOfSIPSayThatACallByAudioSocketHasNone(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	for verb, args := range map[string][]any{
		"answer": nil, "ring": nil, "progress": nil, "reject": nil, "redirect": {"sip:x@y"}, "sip_request": nil, "trace": nil,
	} {
		_ = h.onKey(a, func(x *call.Exec) error {
			_, err := do(x, verb, args...)
			if err == nil {
				t.Errorf("%s gave no error", verb)
			}
			if err != nil && strings.Contains(err.Error(), "internal error") {
				t.Errorf("%s: %v", verb, err)
			}
			x.Header("From")
			x.Info()
			x.HasToTag()
			return err
		})
	}
	for _, verb := range []string{"dialogs_dump", "dialog_check", "graph", "streams"} {
		_ = h.onKey(a, func(x *call.Exec) error { _, err := do(x, verb); return err })
	}
	if n := len(h.seen("rms:media_error")) + len(h.seen("rms:end")); n != 0 {
		t.Errorf("events: %s", h.names())
	}
	_ = a.conn.Close()
	h.wait("rms:end")
}

func TestACallByAudioSocketEndsAtTheMaximumDuration(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil, func(o *call.Options) { o.MaxDuration = 300 * time.Millisecond })
	h.runs(script{})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.pump("goodbye", func() bool { others, _ := a.got(); return others != "" })
	_ = a.conn.Close()
	if end := h.wait("rms:end"); end.Get("by") != sip.ByTimeout {
		t.Errorf("end %v", end.Fields)
	}
}

func TestDrainHangsUpCallsByAudioSocketInEveryState(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	hold := make(chan struct{})
	h.runs(script{"rms:end": func(*call.Exec) error { <-hold; return nil }})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	eventually(t, "call", func() bool { return h.calls.Len() == 1 }) // which has not started
	ctx, cancel := contextWithTimeout(time.Millisecond)
	defer cancel()
	h.calls.Drain(ctx, "stopping", time.Millisecond)
	ctx2, cancel2 := contextWithTimeout(50 * time.Millisecond)
	defer cancel2()
	h.calls.Close(ctx2)
	time.Sleep(150 * time.Millisecond) // the moment at which it would have started
	if n := len(h.seen("rms:start")); n != 0 && len(h.seen("rms:end")) != 0 && !strings.HasSuffix(h.names(), "rms:end") {
		t.Errorf("events: %s", h.names())
	}
	close(hold)
	_ = a.conn.Close()
	h.pump("gone", func() bool { return h.calls.Len() == 0 })
	if !strings.HasSuffix(h.names(), "rms:end") {
		t.Errorf("events: %s", h.names())
	}
}

func TestAHangupWhileARouteRunsEndsTheCallAfterIt(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	u, _ := h.newBooth()
	hold := make(chan struct{})
	verbs := make(chan error, 3)
	h.runs(script{"rms:start": func(x *call.Exec) error {
		<-hold
		_, err := named(x, "stream_start", map[string]any{"url": u})
		verbs <- err
		_, err = do(x, "play", "tone:400")
		verbs <- err
		_, err = do(x, "stream_stop")
		verbs <- err
		return nil
	}})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	_ = a.conn.Close()
	eventually(t, "closed", func() bool { return s.Stats().Open == 0 })
	if n := len(h.seen("rms:end")); n != 0 {
		t.Error("the call ended before its route")
	}
	close(hold)
	for range 3 {
		if err := <-verbs; err == nil {
			t.Error("a verb worked on a call that was hung up")
		}
	}
	h.wait("rms:end")
}

func TestAFloodOfKeysIsBounded(t *testing.T) {
	t.Parallel()
	h := newHouse(t, nil)
	hold := make(chan struct{})
	h.runs(script{"rms:dtmf": func(*call.Exec) error { <-hold; return nil }})
	s := h.switchboard(audiosocket.ServerOptions{})
	a := h.ring(s, socketID)
	h.wait("rms:start")
	for range 1000 {
		a.say([]byte{3, 0, 1, '5'})
	}
	a.say([]byte{0, 0, 0})
	eventually(t, "hang-up", func() bool { return s.Stats().Live == 0 })
	if n := len(h.seen("rms:dtmf")); n > 64 {
		t.Errorf("%d keys wait for the script", n)
	}
	close(hold)
	h.wait("rms:end")
}
