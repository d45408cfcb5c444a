package call_test

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media"
	"rms/media/target"
	"rms/media/wire/audiosocket"
	"rms/rtp"
	"rms/sip/siptest"
)

// villain is a far end that stalls, floods, closes and fails as it likes.
type villain struct {
	over chan struct{}
	once sync.Once
	end  target.Ended
}

func init() {
	target.Register(&target.Scheme{Names: []string{"wsvillain"}, Open: openVillain})
}

func openVillain(ctx context.Context, _ *target.Options) (target.Conn, error) {
	switch rand.IntN(12) {
	case 0:
		<-ctx.Done()
		return nil, ctx.Err()
	case 1:
		return nil, &target.ConnectError{Code: target.CodeConnectFailed, Text: "Connection refused (system error 111)"}
	case 2:
		return nil, errors.New("no reason")
	case 3:
		<-ctx.Done() // too late
	case 4:
		panic("a target with a bug")
	}
	return &villain{over: make(chan struct{})}, nil
}

func (v *villain) finish(e target.Ended) target.Ended {
	v.once.Do(func() {
		v.end = e
		close(v.over)
	})
	<-v.over
	return v.end
}

// stall waits a moment, or for the end.
func (v *villain) stall() {
	d := time.Duration(rand.IntN(400)) * time.Millisecond
	if rand.IntN(3) == 0 {
		d = time.Hour
	}
	select {
	case <-v.over:
	case <-time.After(d):
	}
}

func (v *villain) act(what string) error {
	select {
	case <-v.over:
		return target.ErrClosed
	default:
	}
	switch rand.IntN(400) {
	case 0:
		v.stall()
	case 1:
		return errors.New(what + " failed")
	case 2:
		panic(what + " with a bug")
	}
	return nil
}

func (v *villain) Write(*media.Frame) error           { return v.act("write") }
func (v *villain) Text(context.Context, string) error { return v.act("text") }
func (v *villain) Digit(byte, time.Duration) error    { return v.act("digit") }
func (v *villain) Graceful() error                    { return v.act("graceful") }
func (v *villain) Prompt() bool                       { return rand.IntN(2) == 0 }
func (v *villain) TryWrite(*media.Frame) bool         { return rand.IntN(10) > 0 && v.act("write") == nil }
func (v *villain) Stats() target.Stats                { return target.Stats{Dropped: 1} }
func (v *villain) Close() error                       { v.finish(target.Ended{By: target.ByLocal, Code: 1006}); return nil }
func (v *villain) Finish(ctx context.Context, _ string) target.Ended {
	if rand.IntN(4) == 0 {
		<-ctx.Done()
	}
	return v.finish(target.Ended{By: target.ByLocal, Code: 1000, Reason: "Normal closure"})
}

func (v *villain) Serve(h target.Handler) target.Ended {
	pcm := make([]int16, 4000)
	for range 1 + rand.IntN(300) {
		select {
		case <-v.over:
			return v.end
		default:
		}
		switch rand.IntN(10) {
		case 0, 1, 2:
			if h.Audio(pcm[:1+rand.IntN(len(pcm)-1)], []int{8000, 16000, 44100}[rand.IntN(3)]) != nil {
				return v.finish(target.Ended{By: target.ByLocal, Code: 1000})
			}
		case 3:
			if h.Clip(target.Clip{Kind: "raw", Rate: 8000, Data: make([]byte, rand.IntN(20000)), Body: "{}"}) != nil {
				return v.finish(target.Ended{By: target.ByLocal, Code: 1000})
			}
		case 4:
			h.Text("x")
		case 5:
			h.Mark(fmt.Sprint(rand.IntN(5)))
		case 6:
			h.Clear(rand.IntN(2) == 0)
		case 7:
			h.Digit('5', 0)
		case 8:
			h.Problem(0, "a problem")
		case 9:
			if rand.IntN(10) == 0 {
				v.stall()
			}
		}
	}
	if rand.IntN(20) == 0 {
		panic("serve with a bug")
	}
	ends := []target.Ended{
		{By: target.ByRemote, Code: 1000, Reason: "Normal closure"}, {By: target.ByRemote, Code: 1001, Again: true},
		{By: target.ByError, Code: 1006, Error: target.CodeIO, Text: "gone", Again: true}, {By: target.ByTimeout, Code: 1011, Error: target.CodePingTimeout},
	}
	return v.finish(ends[rand.IntN(len(ends))])
}

// crowd is a script on several goroutines with bounded queues, as the real one.
type crowd struct {
	act    func(x *call.Exec) error
	queues []chan func()
	wait   sync.WaitGroup
}

func newCrowd(act func(x *call.Exec) error) *crowd {
	c := &crowd{act: act}
	for range 4 {
		q := make(chan func(), 1024)
		c.queues = append(c.queues, q)
		c.wait.Go(func() {
			for job := range q {
				job()
			}
		})
	}
	return c
}

func (c *crowd) close() {
	for _, q := range c.queues {
		close(q)
	}
	c.wait.Wait()
}

func (c *crowd) Has(name string) bool {
	return name == "rms:start" || name == "rms:dtmf" || name == "rms:end" || strings.HasPrefix(name, "rms:stream_")
}

func (c *crowd) Run(x *call.Exec, name string, done func(error)) error {
	h := fnv.New32()
	_, _ = h.Write([]byte(x.Key()))
	select {
	case c.queues[h.Sum32()%4] <- func() {
		if name == "rms:end" {
			done(nil)
			return
		}
		done(c.act(x))
	}:
		return nil
	default:
		return errors.New("the script is overloaded")
	}
}

// ledger checks what is told of each call and of its streams.
type ledger struct {
	mu      sync.Mutex
	calls   map[string]*entry
	wrong   []string
	started int
}

type entry struct {
	ended            bool
	started, stopped int
}

func (l *ledger) of(id string) *entry {
	if l.calls[id] == nil {
		l.calls[id] = &entry{}
	}
	return l.calls[id]
}

func (l *ledger) watch(ev *call.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.of(ev.Call)
	if e.ended {
		l.wrong = append(l.wrong, ev.Name+" after the end of "+ev.Call)
	}
	switch ev.Name {
	case "rms:end":
		e.ended = true
	case "rms:stream_disconnect":
		if ev.Get("again") == false {
			e.stopped++
		}
	}
}

func (l *ledger) start(id string) {
	l.mu.Lock()
	l.of(id).started++
	l.started++
	l.mu.Unlock()
}

// stressTime is how long the test of many calls lasts; RMS_STRESS=20s RMS_CALLS=300
// make it long.
func stressTime(t *testing.T) (time.Duration, int) {
	t.Helper()
	d, n := 2*time.Second, 20
	if s := os.Getenv("RMS_STRESS"); s != "" {
		var err error
		if d, err = time.ParseDuration(s); err != nil {
			t.Fatal(err)
		}
		if _, err = fmt.Sscan(os.Getenv("RMS_CALLS"), &n); err != nil {
			t.Fatal(err)
		}
	}
	return d, n
}

// TestManyCallsWithStreamsToVillains is for the race detector: scripts start, stop,
// pause, mark and clear streams, callers come, renegotiate and hang up, and far ends do
// their worst. Afterwards nothing is left.
func TestManyCallsWithStreamsToVillains(t *testing.T) {
	t.Parallel()
	long, many := stressTime(t)
	clock := media.NewShards(media.ShardOptions{Shards: 2})
	engine := rtp.NewEngine(clock)
	t.Cleanup(func() {
		clock.Close()
		engine.Close()
	})
	book := &ledger{calls: map[string]*entry{}}
	verbs := [][]any{
		{"stream_stop"}, {"stream_stop", "b", "bye"}, {"stream_pause"}, {"stream_resume"}, {"stream_clear"}, {"stream_clear", "b"},
		{"stream_send_text", "hello"}, {"stream_mark", "m"}, {"stream_mark", "n", "b"}, {"streams"}, {"play", "tone:440/100ms", "rms:stream_json", "mix"},
		{"stop"}, {"echo", true}, {"echo", false}, {"forward", "rtp://127.0.0.1:39999"}, {"forward_stop"}, {"graph"}, {"hangup"}, {"media_stop"},
		{"api", "uuid_audio_fork UUID graceful-shutdown a"}, {"api", "uuid_audio_stream UUID stop"},
	}
	act := func(x *call.Exec) error {
		for _, name := range []string{"stream", "b"} {
			if rand.IntN(3) > 0 {
				continue
			}
			args := map[string]any{
				"url": "wsvillain://far/", "name": name, "mix": []string{"mono", "mixed", "stereo"}[rand.IntN(3)], "rate": int64(8000 << rand.IntN(2)),
				"retries": int64(rand.IntN(3)), "hangup": rand.IntN(10) == 0, "playout_done": rand.IntN(2) == 0, "playback": rand.IntN(4) > 0,
				"connect_timeout": 0.3, "ring": 0.2, "metadata": "hello",
			}
			if _, err := named(x, "stream_start", args); err == nil {
				book.start(x.CallID())
			}
		}
		n := len(verbs)
		if rand.IntN(20) > 0 {
			n -= 4 // what ends all more seldom
		}
		v := append([]any(nil), verbs[rand.IntN(n)]...)
		for i := range v {
			if s, ok := v[i].(string); ok {
				v[i] = strings.ReplaceAll(s, "UUID", x.CallID())
			}
		}
		_, _ = do(x, v[0].(string), v[1:]...)
		return nil
	}
	people := newCrowd(act)
	dir, files := temp(t)
	h := newHouse(t, nil, dir, func(o *call.Options) {
		o.Clock, o.Engine, o.Log, o.Router, o.Watch = clock, engine, zerolog.Nop(), people, book.watch
		o.Streams.Playout = 2 * time.Second
	})
	s := h.switchboard(audiosocket.ServerOptions{MaxConns: 10000, PerSource: 10000})
	until := time.Now().Add(long)
	var callers sync.WaitGroup
	for i := range many {
		if i%6 == 5 {
			callers.Go(func() {
				for time.Now().Before(until) {
					aSocketCall(s, i)
				}
			})
			continue
		}
		p, e := siptest.UDP(t, h.addr), newEar(t)
		callers.Go(func() {
			for time.Now().Before(until) {
				roughCall(p, e)
			}
		})
	}
	callers.Wait()
	eventually(t, "all calls gone", func() bool { return h.calls.Len() == 0 })
	eventually(t, "ports free", func() bool { return h.ports.InUse() == 0 })
	eventually(t, "files removed", func() bool { return len(files()) == 0 })
	if n := h.calls.Streaming(); n != 0 {
		t.Errorf("%d streams are counted after the last call", n)
	}
	people.close()
	book.mu.Lock()
	defer book.mu.Unlock()
	for id, e := range book.calls {
		if !e.ended || e.started != e.stopped {
			t.Errorf("call %s: ended %v, %d streams began, %d ended", id, e.ended, e.started, e.stopped)
		}
	}
	for _, w := range book.wrong[:min(len(book.wrong), 20)] {
		t.Error(w)
	}
	t.Logf("%d calls, %d streams, %d goroutines, %+v", len(book.calls), book.started, runtime.NumGoroutine(), h.calls.Stats())
}

// final waits for the final response to the last request of a call, whatever else
// comes; false: there is none.
func final(c *siptest.Call, method string) (siptest.Message, bool) {
	for {
		m, ok := c.Peer.Next(siptest.Patience)
		switch {
		case !ok:
			return m, false
		case m.Header("Call-ID") != c.ID:
		case m.Code() == 0:
			if strings.HasSuffix(m.Header("CSeq"), "BYE") {
				c.Reply(m, 200, "", "")
			}
		case m.Code() >= 200 && m.Header("CSeq") == fmt.Sprint(c.Seq, " ", method):
			return m, true
		}
	}
}

// roughCall is one call of a caller who talks, changes its mind and hangs up.
func roughCall(p *siptest.Peer, e *ear) {
	offers := []string{e.offer("0"), e.offer("8"), e.offer("9"), e.offer("0", "ptime:30"), e.offer("0", "inactive"), e.offer("18")}
	c := p.Invite(offers[0])
	m, ok := final(c, "INVITE")
	if !ok || m.Code() >= 300 {
		c.AckRefusal()
		return
	}
	c.RemoteTag, c.Target = m.Tag("To"), m.Contact()
	c.Ack()
	e.aim(m.Body)
	for range rand.IntN(30) {
		e.say(0, make([]byte, 160), 160, false)
		time.Sleep(time.Duration(rand.IntN(40)) * time.Millisecond)
		if rand.IntN(15) > 0 {
			continue
		}
		c.Request("INVITE", offers[rand.IntN(len(offers))])
		if m, ok = final(c, "INVITE"); ok && m.Code() < 300 {
			c.Ack()
		} else {
			c.AckRefusal()
		}
	}
	c.Bye()
	_, _ = final(c, "BYE")
}

// aSocketCall is a call by AudioSocket that ends in one way or another.
func aSocketCall(s *audiosocket.Server, n int) {
	conn, err := net.Dial("tcp", s.Addr().String())
	if err != nil {
		return
	}
	defer conn.Close()
	id, _ := audiosocket.ParseID(fmt.Sprintf("%08x-0000-4000-8000-%012x", n, rand.Uint64()>>16))
	b := audiosocket.AppendMessage(nil, audiosocket.ID, id[:])
	for range rand.IntN(40) {
		if _, err := conn.Write(b); err != nil {
			return
		}
		b = audiosocket.AppendAudio(b[:0], audiosocket.Slin8, make([]int16, 160))
		if rand.IntN(10) == 0 {
			b = audiosocket.AppendMessage(b, audiosocket.Digit, []byte("5"))
		}
		time.Sleep(time.Duration(rand.IntN(10)) * time.Millisecond)
	}
	if rand.IntN(2) == 0 {
		_, _ = conn.Write([]byte{0, 0, 0})
	}
}
