package sandbox

import (
	"errors"
	"fmt"
	"time"
)

// Limits of one run of a route. Zero values mean the defaults.
type Limits struct {
	Budget time.Duration // wall clock without the waits in verbs; 50 ms
	Steps  int           // instructions of the interpreter; 400,000 a millisecond of Budget
	Memory int64         // bytes that a run may take; 64 MiB
	String int           // bytes of the longest string; 256 KiB
	Verbs  int           // verbs; 1000
	Lines  int           // lines of log; 100
}

func (l Limits) withDefaults() Limits {
	set(&l.Budget, 50*time.Millisecond)
	set(&l.Steps, max(1, int(l.Budget/time.Millisecond))*400_000)
	set(&l.Memory, 64<<20)
	set(&l.String, 256<<10)
	set(&l.Verbs, 1000)
	set(&l.Lines, 100)
	return l
}

func set[T int | int64 | time.Duration](v *T, to T) {
	if *v <= 0 {
		*v = to
	}
}

const (
	checkSteps  = 64               // steps between two looks at the clock
	sampleEvery = time.Millisecond // between two looks at the heap
	stallShare  = 4                // a stall between two looks counts for 1/stallShare of the budget at most
	starvation  = 10               // budgets after which a run ends, stalls or not
)

// share is the part of Limits.Memory that a run may hold or build strings of: the rest
// is for what it has let go of, and for the look at what it holds.
func (l Limits) share() int64 { return l.Memory / 4 * 3 }

// ErrExit ends a run because the script asked for it: not a failure.
var ErrExit = errors.New("exit")

// Meter watches one run. It is a context.Context whose Done is called by the
// interpreter before each instruction, on the goroutine of the run: so it
// counts steps there, looks at the clock and the heap now and then, and needs
// neither timer nor goroutine. Once it has stopped a run, every further step
// fails, so that the script cannot catch it. Not safe for several goroutines.
type Meter struct {
	limits   Limits
	now      func() time.Duration // monotonic
	heap     func() uint64        // bytes of the process's heap
	retained func() int64         // bytes that the interpreter holds

	left    int // steps until the next check
	steps   int
	built   int64
	verbs   int
	lines   int
	started time.Duration
	waited  time.Duration
	looked  time.Duration // at the clock, last
	spent   time.Duration // of the budget
	paused  time.Duration // when the running wait began
	sampled time.Duration
	base    uint64

	stopped error
	done    chan struct{} // nil until stopped
}

var closed = func() chan struct{} { c := make(chan struct{}); close(c); return c }()

// NewMeter returns a meter. retained, when not nil, measures what the
// interpreter holds: it is asked when the heap has grown beyond the limit, so
// that a run does not pay for what others allocated.
func NewMeter(l Limits, retained func() int64) *Meter {
	epoch := time.Now()
	m := &Meter{
		limits: l.withDefaults(), retained: retained, heap: heapBytes,
		now: func() time.Duration { return time.Since(epoch) },
	}
	m.Start()
	return m
}

// Start begins a new run: all counters are zero again.
func (m *Meter) Start() {
	m.left, m.steps, m.built, m.verbs, m.lines = checkSteps, 0, 0, 0, 0
	m.waited, m.spent, m.base, m.stopped, m.done = 0, 0, 0, nil, nil
	m.started = m.now()
	m.sampled, m.looked = m.started, m.started
}

// SetLimits changes the limits, between two runs.
func (m *Meter) SetLimits(l Limits) { m.limits = l.withDefaults() }

// Limits returns the limits, defaults filled in.
func (m *Meter) Limits() Limits { return m.limits }

// Steps returns how many steps the run took, to within one check.
func (m *Meter) Steps() int { return m.steps }

// Elapsed returns the time of the run without its waits.
func (m *Meter) Elapsed() time.Duration { return m.now() - m.started - m.waited }

// Spend counts n steps of work; a step is about 20 ns. The error says why the
// run must end.
func (m *Meter) Spend(n int) error {
	m.left -= n
	if m.left <= 0 {
		m.check()
	}
	return m.stopped
}

// Build counts n bytes that a builtin is about to allocate for a string. All
// strings of a run together may have three quarters of Limits.Memory.
func (m *Meter) Build(n int) error {
	m.built += int64(n)
	if m.built > m.limits.share() {
		m.stop(m.memoryError())
	}
	return m.Spend(n/256 + 1)
}

// Verb counts one verb.
func (m *Meter) Verb() error {
	if m.verbs++; m.verbs > m.limits.Verbs {
		m.stop(fmt.Errorf("stopped: more than %d verbs in one run", m.limits.Verbs))
	}
	return m.stopped
}

// Line counts one line of log and reports whether it may be written.
func (m *Meter) Line() bool {
	m.lines++
	return m.lines <= m.limits.Lines
}

// Unlogged returns how many lines Line refused.
func (m *Meter) Unlogged() int { return max(0, m.lines-m.limits.Lines) }

// Wait stops the clock of the run while it waits for a verb; Resume goes on.
func (m *Meter) Wait() { m.paused = m.now() }

// Resume ends a Wait.
func (m *Meter) Resume() {
	wait := m.now() - m.paused
	m.waited += wait
	m.looked += wait
}

// Exit ends the run without an error.
func (m *Meter) Exit() { m.stop(ErrExit) }

// Stopped returns why the run was ended, nil while it may go on.
func (m *Meter) Stopped() error { return m.stopped }

func (m *Meter) stop(err error) {
	if m.stopped == nil {
		m.stopped, m.done = err, closed
	}
}

// check looks at the clock and the heap. A long time between two looks is not the
// script's: the processor was given to others, so it counts in part only.
func (m *Meter) check() {
	m.steps += checkSteps - m.left
	m.left = checkSteps
	if m.stopped != nil {
		return
	}
	now, budget := m.now(), m.limits.Budget
	m.spent += min(now-m.looked, budget/stallShare)
	m.looked = now
	switch {
	case m.steps > m.limits.Steps:
		m.stop(fmt.Errorf("stopped: more than %d steps", m.limits.Steps))
	case m.spent > budget, now-m.started-m.waited > starvation*budget:
		m.stop(fmt.Errorf("stopped: ran longer than script.budget (%v)", budget))
	case now-m.sampled >= sampleEvery:
		m.sampled = now
		m.sample()
	}
}

// sample looks at the heap. The first look of a run sets the base: what a run
// allocates in its first millisecond does not matter.
func (m *Meter) sample() {
	heap := m.heap()
	if m.base == 0 || heap < m.base {
		m.base = heap
		return
	}
	if int64(heap-m.base) <= m.limits.share() {
		return
	}
	if m.retained == nil || m.retained() > m.limits.share() {
		m.stop(m.memoryError())
		return
	}
	m.base = heap
}

func (m *Meter) memoryError() error {
	return fmt.Errorf("stopped: uses more than script.memory (%d MiB)", m.limits.Memory>>20)
}
