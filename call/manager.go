package call

import (
	"context"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"github.com/rs/zerolog"

	"rms/call/prompt"
	"rms/media"
	"rms/media/record"
	"rms/rtp"
	"rms/sip"
)

// Options are what a Manager works with. Router, Ports, Engine, Clock and Prompts
// must be given.
type Options struct {
	Router  Router        // the script; a Pinner may be given another one while calls run
	Ports   *rtp.Ports    // where RTP sockets come from
	Engine  *rtp.Engine   // sends and receives for all sessions
	Clock   media.Clock   // ticks the graphs
	Prompts *prompt.Cache // decodes and keeps what is played

	Bind      netip.Addr // of RTP sockets; zero: the address that the INVITE came to
	Advertise netip.Addr // in SDP; zero: the address of the RTP socket

	Latch       rtp.LatchMode
	RTPTimeout  time.Duration // 0: 30 s
	JitterMin   time.Duration // 0: 20 ms
	JitterMax   time.Duration // 0: 200 ms
	MaxDuration time.Duration // 0: 4 h
	MaskDigits  bool          // no digits in logs

	// AfterFunc calls f when d has passed: the timers of collect and sleep; nil:
	// time.AfterFunc.
	AfterFunc func(d time.Duration, f func()) Timer

	// Version is that of the program, for the commands version and status.
	Version string
	// Reload, when set, reads the script again, for the command reloadxml.
	Reload func() error

	// Trace, when set, logs the SIP messages of one call from now on, or no more. It
	// must not block.
	Trace func(sipCallID, callID string, on bool)

	// HideKeys, when set, hides the keys in traces of one call's SIP messages from now on,
	// until the call is over. It must not block.
	HideKeys func(sipCallID string, on bool)

	// Socket runs the applications that the verb socket hands calls to; nil: there are
	// none.
	Socket SocketApp

	Streams StreamOptions

	Records   *record.Store // writes recordings; nil: none can be made
	Recording RecordOptions
	// RecordSIPREC records the sessions of recording clients from their first packet on,
	// unless a script began that before.
	RecordSIPREC bool

	Log zerolog.Logger
	// Watch, when set, sees every event of every call. It must not block.
	Watch func(*Event)
}

// Manager makes calls out of INVITEs and keeps them until they end. It is the
// sip.Handler of the user agent.
type Manager struct {
	opts   Options
	log    zerolog.Logger
	loader *loader

	pool   *media.BlockPool
	reaper media.Reaper // what reads files longer than its call lasts

	started time.Time
	work    sync.WaitGroup // goroutines of calls

	mu    sync.RWMutex
	calls map[string]*Call // by call id
	ports map[uint16]place // RTP ports of ours that calls use

	ua atomic.Pointer[sip.UA] // places calls

	hub       hub
	meters    meters
	drops     dropWatch
	aside     asides // what waits for the disk of recordings
	expected  expectations
	streaming atomic.Int32 // streams with media, of all calls

	total    atomic.Uint64
	answered atomic.Uint64
	failed   atomic.Uint64
	dropped  atomic.Uint64
}

// NewManager returns a manager without calls.
func NewManager(o Options) *Manager {
	if o.RTPTimeout == 0 {
		o.RTPTimeout = 30 * time.Second
	}
	if o.MaxDuration == 0 {
		o.MaxDuration = 4 * time.Hour
	}
	if o.JitterMin == 0 {
		o.JitterMin = 20 * time.Millisecond
	}
	if o.JitterMax == 0 {
		o.JitterMax = 200 * time.Millisecond
	}
	o.Streams = o.Streams.withDefaults()
	return &Manager{
		started: time.Now(),
		drops:   dropWatch{quit: make(chan struct{})},
		opts:    o, log: o.Log, loader: newLoader(&o), pool: media.NewBlockPool(0),
		calls: make(map[string]*Call), ports: make(map[uint16]place),
	}
}

// Invite makes a call of a new INVITE. It is part of sip.Handler.
func (m *Manager) Invite(d *sip.Dialog) sip.Owner {
	c := m.newCall(d)
	m.mu.Lock()
	m.calls[c.id] = c
	m.meters.rise(len(m.calls))
	m.mu.Unlock()
	m.total.Add(1)
	if err := c.box.must(c.begin); err != nil {
		return nil
	}
	return (*owner)(c)
}

// Request runs the script's route for a request outside any dialog. It is part of
// sip.Handler.
func (m *Manager) Request(r *sip.Request) {
	router, release := m.pin("")
	if !router.Has(RouteName) {
		release()
		r.Default()
		return
	}
	r.Hold()
	x := &Exec{manager: m, request: r, key: r.CallID(), Event: &Event{Name: RouteName, Time: time.Now(), Fields: requestFields(r)}}
	err := router.Run(x, RouteName, func(err error) {
		release()
		if err != nil {
			m.scriptFailed(err)
		}
		if err != nil && !r.Answered() {
			_ = r.Reply(500, "Script Error", sip.ReplyOptions{})
			return
		}
		r.Default()
	})
	if err != nil {
		release()
		m.log.Warn().Err(err).Str("method", r.Method()).Msg("route skipped")
		m.dropped.Add(1)
		r.Default()
	}
}

// scriptFailed reports a route that failed outside any call.
func (m *Manager) scriptFailed(err error) {
	ev := scriptError(err)
	m.log.Error().Str("event", ev.Name).Str("err", err.Error()).Msg("script failed")
	m.show(ev)
}

// Find returns the call with that id.
func (m *Manager) Find(id string) (*Call, bool) {
	m.mu.RLock()
	defer m.mu.RUnlock()
	c, ok := m.calls[id]
	return c, ok
}

// Calls returns the live calls in no order.
func (m *Manager) Calls() []*Call {
	m.mu.RLock()
	defer m.mu.RUnlock()
	out := make([]*Call, 0, len(m.calls))
	for _, c := range m.calls {
		out = append(out, c)
	}
	return out
}

// Len returns the number of live calls.
func (m *Manager) Len() int {
	m.mu.RLock()
	defer m.mu.RUnlock()
	return len(m.calls)
}

// Stats counts calls since the start.
type Stats struct {
	Live     int
	Total    uint64 // INVITEs that became a call
	Answered uint64
	Failed   uint64 // ended without an answer of ours
	Dropped  uint64 // events and requests that the script or a call had no room for
	Stuck    int    // goroutines that read files of calls that are over

	States      map[string]int // live calls by state
	Streams     int            // with media
	Subscribers int
	Events      uint64 // of all calls
	Verbs       map[string]VerbStats
	Media       MediaStats
	Recordings  record.Stats // of the store
	Setup       Histogram    // from INVITE to our answer
	Routes      Histogram    // of script routes: from the event to the end of the route
}

// Stats returns the counters.
func (m *Manager) Stats() Stats {
	media, states := m.media()
	var recordings record.Stats
	if m.opts.Records != nil {
		recordings = m.opts.Records.Stats()
	}
	return Stats{
		Recordings: recordings,
		States:     states, Media: media, Streams: int(m.streaming.Load()), Subscribers: int(m.hub.count.Load()),
		Events: m.meters.events.Load(), Verbs: m.meters.verbStats(), Setup: m.meters.setup.read(), Routes: m.meters.routes.read(),
		Live: m.Len(), Total: m.total.Load(), Answered: m.answered.Load(), Failed: m.failed.Load(),
		Dropped: m.dropped.Load(), Stuck: m.reaper.Left(),
	}
}

// Drain waits until the calls in progress have ended by themselves. When ctx ends
// first, the rest is hung up with the reason given, and Drain waits for that, at
// most grace.
func (m *Manager) Drain(ctx context.Context, reason string, grace time.Duration) {
	if m.empty(ctx) {
		return
	}
	for _, c := range m.Calls() {
		_ = c.box.must(func() { c.hangup(sip.Cause{By: sip.ByUs, Code: 503, Text: reason}) })
	}
	//nolint:contextcheck // the parent has ended; this is the grace after it
	left, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	m.empty(left)
}

// empty polls until there is no call, or ctx ends.
func (m *Manager) empty(ctx context.Context) bool {
	t := time.NewTicker(10 * time.Millisecond)
	defer t.Stop()
	for m.Len() > 0 {
		select {
		case <-ctx.Done():
			return m.Len() == 0
		case <-t.C:
		}
	}
	return true
}

// Close ends what calls are left and waits for their goroutines until ctx ends.
// Close the user agent first, so that no call comes any more. It may come twice.
func (m *Manager) Close(ctx context.Context) {
	defer m.hub.close()
	defer m.drops.stop()
	for _, c := range m.Calls() {
		_ = c.box.must(func() { c.ended(sip.Cause{By: sip.ByUs, Text: "server stopped"}) })
	}
	if !m.empty(ctx) {
		m.log.Warn().Int("calls", m.Len()).Msg("calls left behind")
		return
	}
	m.drops.stop()
	m.work.Wait()
	m.loader.close()
	if m.aside.wait(ctx) != nil {
		m.log.Warn().Int64("waiting", m.aside.n.Load()).Msg("the disk of recordings does not answer")
	}
	if m.reaper.Wait(ctx) != nil {
		m.log.Warn().Int("files", m.reaper.Left()).Msg("files left behind")
	}
}

// spawn runs op in a goroutine that Close waits for.
func (m *Manager) spawn(op func()) {
	m.work.Add(1)
	go func() {
		defer m.work.Done()
		op()
	}()
}

func (m *Manager) remove(c *Call) {
	m.mu.Lock()
	if m.calls[c.id] == c {
		m.meters.gone.add(c)
	}
	delete(m.calls, c.id)
	m.mu.Unlock()
}

func (m *Manager) newCall(d *sip.Dialog) *Call {
	id := uuid.NewString()
	c := &Call{id: id, manager: m, dialog: d, far: d, began: time.Now()}
	c.router, c.release = m.pin(id)
	c.box.call = c
	return c
}
