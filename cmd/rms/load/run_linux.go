package load

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"runtime"
	"time"

	"golang.org/x/sys/unix"
)

const (
	tickBusy   = 5 * time.Millisecond  // SIP is polled this often while calls are placed or ended
	tickQuiet  = 50 * time.Millisecond // and this often while they stand
	timerEvery = int64(50 * time.Millisecond)
	partingMax = 6 * time.Second // the last calls are given up after this
)

// Run places the calls, measures, hangs up and reports. Progress goes to
// stdout, a line a second. Cancelling ctx hangs up cleanly and still reports.
// An error says that nothing could be measured at all.
func Run(ctx context.Context, o Options, stdout io.Writer) (Result, error) {
	p, err := o.check()
	if err != nil {
		return Result{}, err
	}
	r, err := newRunner(ctx, p, stdout)
	if err != nil {
		return Result{}, err
	}
	defer r.close()
	r.idle(ctx)
	r.placeAll(ctx)
	r.hold(ctx)
	r.hangUpAll(ctx)
	r.closeTap(tapPatient)
	r.interrupted = ctx.Err() != nil
	r.poller.stop()
	if r.sender != nil {
		r.sender.stop()
	}
	r.running = false
	return r.result(), nil
}

// sample is the state of the processes under test and of the machine.
type sample struct {
	at      time.Time
	usages  []usage
	machine machine
	own     float64
}

type runner struct {
	plan        plan
	out         io.Writer
	host        netip.Addr
	agent       *agent
	poller      *poller
	sender      *sender
	tap         *tap // nil: no streams are asked for, or not to us
	doors       *DoorSum
	tapClosed   bool
	rtcp        int
	nextPort    int
	running     bool
	interrupted bool
	maxProcs    int
	nextTimer   int64
	said        time.Time

	idleLate                                    Spread
	beforeIdle, before, settled, opened, closed sample
	callSeconds                                 float64 // sum of the time that calls stood while others were placed
	load                                        float64
}

func newRunner(ctx context.Context, p plan, stdout io.Writer) (*runner, error) {
	files := p.Calls
	if p.wire != nil {
		files = 4 * p.Calls // a stream each, and two descriptors more while it changes hands
	}
	if err := allowFiles(files); err != nil {
		return nil, err
	}
	for _, pid := range p.PIDs {
		if _, err := readProcess(pid); err != nil {
			return nil, err
		}
	}
	first, err := resolve(ctx, p.nextHop, false)
	if err != nil {
		return nil, fmt.Errorf("find %s: %w; check the host of the URI", p.nextHop, err)
	}
	host, err := probe(ctx, p, first)
	if err != nil {
		return nil, err
	}
	r := &runner{plan: p, out: stdout, host: host, nextPort: p.low}
	if err = r.openTap(ctx); err != nil {
		return nil, err
	}
	if r.rtcp, err = openUDP(netip.AddrPortFrom(host, 0), 1<<20); err != nil {
		r.closeTap(0)
		return nil, err
	}
	rtcpPort, err := localPort(r.rtcp)
	var t transport
	if err == nil {
		t, err = r.listen(ctx)
	}
	if err != nil {
		r.closeTap(0)
		return nil, errors.Join(err, unix.Close(r.rtcp))
	}
	r.agent = newAgent(context.WithoutCancel(ctx), r.plan, runID(), t, r, first, int(rtcpPort))
	r.startThreads()
	return r, nil
}

func (r *runner) listen(ctx context.Context) (transport, error) {
	if r.plan.Transport == "tcp" {
		return newTCPTransport(context.WithoutCancel(ctx), r.host)
	}
	return newUDPTransport(r.host)
}

// startThreads starts the threads that sleep in raw system calls: each keeps a
// P, so there must be as many more.
func (r *runner) startThreads() {
	keepAlive, threads := r.plan.KeepAlive, 2 // the poller, and the one of the idle measurement
	if r.plan.TwoWay {
		keepAlive, threads = 0, 3
		r.sender = newSender(r.plan.codec)
	}
	r.maxProcs = runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + threads)
	r.poller = newPoller(r.plan.Wheel, keepAlive, r.rtcp)
	r.poller.start()
	if r.sender != nil {
		r.sender.start()
	}
	r.running = true
}

func (r *runner) close() {
	if r.running {
		r.poller.stop()
		if r.sender != nil {
			r.sender.stop()
		}
	}
	r.closeTap(0)
	r.agent.net.close()
	_ = unix.Close(r.rtcp)
	runtime.GOMAXPROCS(r.maxProcs)
}

func runID() string {
	var b [4]byte
	_, _ = rand.Read(b[:])
	return "load" + hex.EncodeToString(b[:])
}

func (r *runner) sample() sample {
	s := sample{at: time.Now(), machine: readMachine(), own: ownCPU()}
	for _, pid := range r.plan.PIDs {
		u, err := readProcess(pid)
		if err != nil {
			u.rss = -1
		}
		s.usages = append(s.usages, u)
	}
	return s
}

func (r *runner) say(format string, values ...any) { _, _ = fmt.Fprintf(r.out, format+"\n", values...) }

func (r *runner) idle(ctx context.Context) {
	r.say("measuring the idle machine for %v", r.plan.Baseline)
	r.beforeIdle = r.sample()
	r.idleLate = idleLateness(r.plan.Baseline, func() bool { return ctx.Err() != nil })
	r.before = r.sample()
}

// loop runs the agent every tick until done says so or ctx is cancelled.
func (r *runner) loop(ctx context.Context, tick time.Duration, done func(now int64) bool) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		now := time.Now().UnixNano()
		due := now >= r.nextTimer
		if due {
			r.nextTimer = now + timerEvery
		}
		r.agent.step(now, due)
		if done(now) {
			return
		}
		r.progress()
		select {
		case <-ticker.C:
		case <-ctx.Done():
			return
		}
	}
}

func (r *runner) progress() {
	if time.Since(r.said) < time.Second {
		return
	}
	r.said = time.Now()
	a := r.agent
	r.say("%6.1f s  placed %d  up %d  ended %d", time.Since(r.before.at).Seconds(), a.placed, a.up, a.done)
}

// placeAll sends the INVITEs at the wanted rate and waits for their answers.
func (r *runner) placeAll(ctx context.Context) {
	a, began := r.agent, time.Now()
	burst := max(1, int(r.plan.Rate*tickBusy.Seconds()*4))
	r.loop(ctx, tickBusy, func(now int64) bool {
		due := min(r.plan.Calls, 1+int(time.Since(began).Seconds()*r.plan.Rate))
		for n := 0; n < burst && a.placed < due; n++ {
			a.place()
			if a.mediaError != nil && a.up == 0 {
				return true // not one call could be sent
			}
		}
		return a.placed == r.plan.Calls && a.settled()
	})
	r.settled = r.sample()
	for _, c := range a.calls[:a.placed] {
		if c.stream != nil {
			r.callSeconds += float64(r.settled.at.UnixNano()-c.stream.began) / 1e9
		}
	}
}

// settled says whether every call that was placed has its final answer.
func (a *agent) settled() bool {
	for _, c := range a.calls[:a.placed] {
		if c.phase < phaseUp {
			return false
		}
	}
	return true
}

// hold lets all calls stand together: the window that is measured.
func (r *runner) hold(ctx context.Context) {
	pause := min(time.Second, r.plan.For/4)
	begin := time.Now().Add(pause)
	a := r.agent
	if a.up == 0 {
		begin = time.Now()
	}
	r.loop(ctx, tickBusy, func(int64) bool { return !time.Now().Before(begin) })
	r.opened = r.sample()
	from := r.opened.at.UnixNano()
	r.poller.windowTo.Store(from + int64(r.plan.For)) // exactly, so that each call owes a whole number of packets
	r.poller.windowFrom.Store(from)
	open := r.openDoors(ctx)
	r.loop(ctx, tickQuiet, func(now int64) bool { return a.up == 0 || now >= from+int64(r.plan.For) })
	r.closed = r.sample()
	open()
	r.thaw(ctx)
	r.load = loadAverage()
	if now := r.closed.at.UnixNano(); now < r.poller.windowTo.Load() {
		r.poller.windowTo.Store(now) // it ended early
	}
	r.poller.measured.Store(true)
}

// hangUpAll ends the calls at their rate, or within five seconds, and waits for
// the answers. It runs to its end when ctx is cancelled too.
func (r *runner) hangUpAll(ctx context.Context) {
	a, began := r.agent, time.Now()
	ctx = context.WithoutCancel(ctx)
	rate, next := max(r.plan.Rate, float64(a.placed)/5), 0
	limit := began.Add(time.Duration(float64(a.placed)/rate*float64(time.Second)) + partingMax)
	r.loop(ctx, tickBusy, func(now int64) bool {
		due := min(a.placed, 1+int(time.Since(began).Seconds()*rate))
		for ; next < due; next++ {
			a.hangUp(a.calls[next], now)
		}
		return a.done == a.placed || time.Now().After(limit)
	})
	for _, c := range a.calls[:a.placed] {
		a.abandon(c)
	}
}

// abandon counts what is still open when the run is over.
func (a *agent) abandon(c *call) {
	switch c.phase {
	case phaseInviting, phaseRinging, phaseCancelling:
		a.fail(c, 408)
	case phaseClosing, phaseUp:
		a.unanswered++
		a.finish(c)
	}
}
