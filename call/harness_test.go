package call_test

import (
	"bytes"
	"context"
	"net/netip"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"go.uber.org/goleak"

	"rms/call"
	"rms/call/prompt"
	"rms/media"
	"rms/media/wav/wavtest"
	"rms/rtp"
	"rms/sip"
	"rms/sip/siptest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// routes is a script in Go: it runs on one goroutine, as on a script worker.
type routes struct {
	mu     sync.RWMutex
	byName map[string]func(x *call.Exec) error
	jobs   chan func()
	busy   atomic.Int32
	wait   sync.WaitGroup
}

func newRoutes(byName map[string]func(x *call.Exec) error) *routes {
	r := &routes{byName: byName, jobs: make(chan func(), 256)}
	r.wait.Go(func() {
		for job := range r.jobs {
			job()
		}
	})
	return r
}

func (r *routes) route(name string) func(x *call.Exec) error {
	r.mu.RLock()
	defer r.mu.RUnlock()
	return r.byName[name]
}

func (r *routes) Has(name string) bool { return r.route(name) != nil }

func (r *routes) Run(x *call.Exec, name string, done func(error)) error {
	r.busy.Add(1)
	r.jobs <- func() {
		done(r.route(name)(x))
		r.busy.Add(-1)
	}
	return nil
}

// do runs a verb the way a script does.
func do(x *call.Exec, verb string, args ...any) (any, error) {
	v, ok := call.Lookup(verb)
	if !ok {
		return nil, call.Unknown(verb)
	}
	a, err := v.Bind(args, nil)
	if err != nil {
		return nil, err
	}
	return x.Invoke(v, a)
}

// named is do with named arguments.
func named(x *call.Exec, verb string, args map[string]any) (any, error) {
	v, _ := call.Lookup(verb)
	a, err := v.Bind(nil, args)
	if err != nil {
		return nil, err
	}
	return x.Invoke(v, a)
}

// house is a server under test: real signalling and sockets, a clock that stands
// still until it is told to go on.
type house struct {
	t      testing.TB
	clock  *media.ManualClock
	calls  *call.Manager
	script *routes
	ua     *sip.UA
	ports  *rtp.Ports
	addr   netip.AddrPort
	root   string
	disk   *disk // whose files may be read while they play; nil: none

	mu     sync.Mutex
	events []call.Event
	then   map[string]func() // see when
}

type script = map[string]func(x *call.Exec) error

func newHouse(t testing.TB, s script, change ...func(*call.Options)) *house {
	t.Helper()
	h := &house{t: t, clock: media.NewManualClock(), script: newRoutes(s), root: t.TempDir()}
	cache, err := prompt.New(prompt.Options{Roots: []string{h.root}})
	if err != nil {
		t.Fatal(err)
	}
	start := time.Now().Add(-24 * time.Hour) // so that the kernel's stamps do not mix with the clock's time
	engine := rtp.NewEngine(h.clock, rtp.WithNow(func() time.Time { return start.Add(h.clock.Now()) }))
	h.ports = rtp.NewPorts(rtp.PortsOptions{Min: 40000, Max: 47999})
	o := call.Options{
		Router: h.script, Ports: h.ports, Engine: engine, Clock: h.clock, Prompts: cache,
		Log: zerolog.Nop(), Watch: h.watch,
		RTPTimeout: time.Hour, // of the clock, which runs on while a test waits for something else
	}
	for _, c := range change {
		c(&o)
	}
	if d, ok := disks.Load(o.Prompts); ok {
		h.disk = d.(*disk)
	}
	h.calls = call.NewManager(o)
	h.ua, err = sip.Listen(sip.Options{
		Listen: []string{"udp://127.0.0.1:0"}, T1: 100 * time.Millisecond, NewCalls: -1, PerSource: -1, HalfOpen: -1, Log: zerolog.Nop(),
	}, h.calls)
	if err != nil {
		t.Fatal(err)
	}
	h.calls.UseUA(h.ua)
	h.addr = h.ua.Listeners()[0].Addr
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := h.ua.Close(ctx); err != nil {
			t.Errorf("close the user agent: %v", err)
		}
		h.calls.Close(ctx)
		if n := h.calls.PortsUsed(); n != 0 {
			t.Errorf("%d RTP ports left behind", n)
		}
		close(h.script.jobs)
		h.script.wait.Wait()
		engine.Close()
	})
	return h
}

// on adds a route to the script, or puts it in the place of another.
func (h *house) on(name string, route func(x *call.Exec) error) {
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	h.script.byName[name] = route
}

// runs gives the house another script.
func (h *house) runs(s script) {
	h.script.mu.Lock()
	defer h.script.mu.Unlock()
	h.script.byName = s
}

func (h *house) watch(ev *call.Event) {
	h.mu.Lock()
	h.events = append(h.events, *ev)
	f := h.then[ev.Name]
	h.mu.Unlock()
	if f != nil {
		f()
	}
}

// when has f run as an event is told, before anything comes behind it: what has to be
// done by then is seen without a clock.
func (h *house) when(name string, f func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.then = map[string]func(){name: f}
}

// seen returns the events of a name so far.
func (h *house) seen(name string) []call.Event {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []call.Event
	for _, e := range h.events {
		if e.Name == name {
			out = append(out, e)
		}
	}
	return out
}

// names returns the names of all events so far, in order.
func (h *house) names() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	var out []string
	for _, e := range h.events {
		out = append(out, e.Name)
	}
	return strings.Join(out, " ")
}

// settle waits until nothing goes on that the clock has set off, and until there is
// something to play of a file that is read meanwhile.
func (h *house) settle() {
	for calm, end := 0, time.Now().Add(patience); calm < 3 && time.Now().Before(end); {
		if h.script.busy.Load() == 0 && h.calls.Idle() && (h.disk == nil || !h.calls.Starving(h.disk.length)) {
			calm++
			continue
		}
		calm = 0
		time.Sleep(50 * time.Microsecond)
	}
}

// patience is how long a test waits for what has to come: it takes milliseconds, unless
// the machine has other things to do.
const patience = 30 * time.Second

// until advances the clock tick by tick until ok, or fails when patience is over; what
// may come late comes after it has ticked for ten minutes and stands still.
func (h *house) until(what string, ok func() bool, ears ...*ear) {
	h.t.Helper()
	end := time.Now().Add(patience)
	for ticks := 0; time.Now().Before(end); ticks++ {
		h.settle()
		if ok() {
			return
		}
		if ticks < 60000 {
			h.tick(ears...)
			continue
		}
		time.Sleep(time.Millisecond)
	}
	h.t.Fatalf("%s: never; events: %s", what, h.names())
}

// run advances the clock by d, and has the ears listen.
func (h *house) run(d time.Duration, ears ...*ear) {
	h.t.Helper()
	for range d / (10 * time.Millisecond) {
		h.tick(ears...)
	}
}

func (h *house) tick(ears ...*ear) {
	h.settle()
	h.clock.Advance(10 * time.Millisecond)
	for _, e := range ears {
		e.listen()
	}
}

// wait polls until the event came, without moving the clock.
func (h *house) wait(name string) call.Event {
	h.t.Helper()
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if ev := h.seen(name); len(ev) > 0 {
			return ev[len(ev)-1]
		}
	}
	h.t.Fatalf("no event %s; events: %s", name, h.names())
	return call.Event{}
}

// invite places a call and leaves the rest to the test.
func (h *house) invite(e *ear, offer string, extra ...string) *siptest.Call {
	h.t.Helper()
	return siptest.UDP(h.t, h.addr).Invite(offer, extra...)
}

// dial places a call with the offer and returns it when the 200 came and was
// acknowledged.
func (h *house) dial(e *ear, offer string, extra ...string) *siptest.Call {
	h.t.Helper()
	c := siptest.UDP(h.t, h.addr).Invite(offer, extra...)
	ok := c.Expect(200)
	e.aim(ok.Body)
	c.Ack()
	return c
}

// tone writes a WAV file with a tone into the media root.
func (h *house) tone(name string, rate int, hz float64, d time.Duration) {
	h.t.Helper()
	err := wavtest.Write(filepath.Join(h.root, name), wavtest.Tone{Rate: rate, Channels: 1, Hz: hz, Duration: d})
	if err != nil {
		h.t.Fatal(err)
	}
}

// lockedBuffer takes a log.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
