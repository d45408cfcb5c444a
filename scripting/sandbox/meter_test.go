package sandbox

import (
	"errors"
	"strings"
	"testing"
	"time"
)

// manual is a meter whose clock and heap the test moves.
type manual struct {
	*Meter
	clock time.Duration
	bytes uint64
}

func newManual(l Limits, retained func() int64) *manual {
	m := &manual{Meter: NewMeter(l, retained), bytes: 1 << 20}
	m.now = func() time.Duration { return m.clock }
	m.heap = func() uint64 { return m.bytes }
	m.Start()
	return m
}

func (m *manual) step(n int) error {
	for range n {
		m.Done()
	}
	return m.Err()
}

func TestARunEndsAfterItsBudget(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Budget: 50 * time.Millisecond}, nil)
	for ms := range 60 {
		m.clock = time.Duration(ms) * time.Millisecond
		err := m.step(64)
		if over := ms > 50; over != (err != nil) {
			t.Fatalf("at %d ms: %v", ms, err)
		}
	}
	select {
	case <-m.Done():
	default:
		t.Error("Done is open")
	}
	m.Start()
	if m.step(64) != nil || m.Stopped() != nil {
		t.Error("a new run begins stopped")
	}
}

func TestAStallIsNotTheScriptsFault(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Budget: 40 * time.Millisecond}, nil)
	m.step(64)
	m.clock += 200 * time.Millisecond
	if err := m.step(64); err != nil {
		t.Error(err)
	}
	m.clock += 300 * time.Millisecond
	if err := m.step(64); err == nil {
		t.Error("a run of twelve budgets goes on")
	}
}

func TestWaitsDoNotCount(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Budget: 10 * time.Millisecond}, nil)
	for range 100 {
		m.Wait()
		m.clock += time.Second
		m.Resume()
		if err := m.step(64); err != nil {
			t.Fatal(err)
		}
	}
	if m.Elapsed() != 0 {
		t.Error(m.Elapsed())
	}
}

func TestStepsEndARunWithAStuckClock(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Steps: 1000}, nil)
	if err := m.step(1000); err != nil {
		t.Error(err)
	}
	if err := m.step(100); err == nil {
		t.Error("1100 steps of 1000")
	}
}

func TestBuiltinsPayForTheirWork(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Steps: 1000, Memory: 1 << 20}, nil)
	if m.Spend(5000) == nil {
		t.Error("5000 steps of 1000")
	}
	m.Start()
	m.limits.Steps = 1 << 30
	if m.Build(768<<10) != nil || m.Build(1) == nil {
		t.Error("strings of a run may have three quarters of 1 MiB together")
	}
}

func TestOthersMemoryIsNotTheScriptsFault(t *testing.T) {
	t.Parallel()
	held := int64(0)
	m := newManual(Limits{Memory: 64 << 20, Budget: time.Hour}, func() int64 { return held })
	grow := func(mib uint64) error {
		m.clock += 2 * time.Millisecond
		m.bytes += mib << 20
		return m.step(64)
	}
	if grow(500) != nil {
		t.Error("the first look sets the base")
	}
	if grow(45) != nil || grow(10) != nil {
		t.Error("the interpreter holds nothing")
	}
	held = 49 << 20
	if err := grow(45); err != nil {
		t.Error("base was not moved:", err)
	}
	if err := grow(10); err == nil || !strings.Contains(err.Error(), "script.memory (64 MiB)") {
		t.Error(err)
	}
}

func TestExitIsNoFailure(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{}, nil)
	m.Exit()
	if !errors.Is(m.Stopped(), ErrExit) || m.Spend(1) == nil {
		t.Error("exit does not end the run")
	}
}

func TestVerbsAndLinesAreCounted(t *testing.T) {
	t.Parallel()
	m := newManual(Limits{Verbs: 2, Lines: 1}, nil)
	if first, second, third := m.Verb(), m.Verb(), m.Verb(); first != nil || second != nil || third == nil {
		t.Error("verbs")
	}
	if first, second, third := m.Line(), m.Line(), m.Line(); !first || second || third || m.Unlogged() != 2 {
		t.Error("lines")
	}
}

func TestWatchingCostsNoAllocation(t *testing.T) {
	m := NewMeter(Limits{Budget: time.Hour}, nil)
	if n := testing.AllocsPerRun(100, func() { m.Start(); m.step(1000) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func (m *Meter) step(n int) {
	for range n {
		m.Done()
	}
}

func TestExpand(t *testing.T) {
	t.Parallel()
	pv := func(name string) (string, bool) {
		v, ok := map[string]string{"$ci": "C", "$hdr(X-A)": "H", "$(hdr(X-A))": "P", "$var(a(b))": "N"}[name]
		return v, ok
	}
	for text, want := range map[string]string{
		"[$ci]\n": "[C]\n", "$hdr(X-A)$(hdr(X-A))$var(a(b))": "HPN", "$$ci $": "$ci $", "$no": "<null>", "$ci(": "C(", "": "", "50$": "50$",
		"$ci.x": "C.x", "$ $-": "$ $-",
	} {
		if got := Expand(text, pv, false); got != want {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
	if got := Expand("a 12 $ci 3", func(string) (string, bool) { return "99", true }, true); got != "a ** 99 *" {
		t.Error(got)
	}
}

func FuzzLine(f *testing.F) {
	f.Add("a\r\nb\x1b[31m\xff\u2028$ci$(hdr(")
	f.Fuzz(func(t *testing.T, text string) {
		got := Line(Expand(text, func(s string) (string, bool) { return s[1:], true }, false))
		if strings.ContainsAny(got, "\r\n\x1b\x00\u2028") || len(got) > 20*maxLine {
			t.Errorf("%q", got)
		}
	})
}
