package starlark_test

import (
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"rms/call"
	"rms/scripting/sandbox"
	"rms/scripting/scripttest"
)

func nobody() *scripttest.Exec { return &scripttest.Exec{} }

// hostile are scripts that try to take all time or all memory. Each ends in a
// ScriptError that names the script; want is part of its text, "" for any.
var hostile = []struct{ name, body, want string }{
	{"endless loops", "for x in range(1 << 24):\n  for y in range(1 << 24): pass", "script.budget"},
	{"endless comprehension", "[0 for x in range(1 << 24) for y in range(1 << 24) if x == y + 5]", "script.budget"},
	{"endless any", "for x in range(1 << 24): any([0] * 60000)", "script.budget"},
	{"huge range", "x = range(1 << 40)", "range:"},
	{"sorted range", "x = sorted(range(10000000))", "too large"},
	{"list of a range", "x = list(range(10000000))", "too large"},
	{"spread of a range", "f = lambda *a: a\nf(*range(10000000))", "too large"},
	{"extend by a range", "x = []\nx += range(10000000)", "too large"},
	{"extend by itself", "x = [0]\nfor i in range(100): x.extend(x)", "too large"},
	{"join of a range", "x = ''.join(range(10000000))", "too large"},
	{"update by a range", "x = {}\nx.update(range(10000000))", "too large"},
	{"zip of ranges", "x = zip(range(10000000), range(10000000))", "too large"},
	{"a gigabyte at once", "x = 'a' * (1 << 29)", "string too long"},
	{"a gigabyte of list", "x = [0] * (1 << 29)", "too large"},
	{"a gigabyte of tuple", "x = (1 << 29) * (0,)", "too large"},
	{"doubling a string", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = s + s", "string too long"},
	{"doubling in place", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s += s", "string too long"},
	{"doubling by times", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s *= 2", "string too long"},
	{"doubling by percent", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = '%s%s' % (s, s)", "string too long"},
	{"doubling by format", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = '{0}{0}{0}{0}'.format(s)", "string too long"},
	{"doubling by join", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = s.join([s, s, s])", "string too long"},
	{"doubling by replace", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = s.replace('', s)", "string too long"},
	{"doubling by a method value", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100):\n  f = s.replace\n  s = f('', s)", "string too long"},
	{"doubling by getattr", "s = 'aaaaaaaaaaaaaaaa'\nfor i in range(100): s = getattr(s, 're' + 'place')('', s)", "string too long"},
	{"doubling by repr", "s = '\\x00\\x00\\x00\\x00'\nfor i in range(100): s = repr(s)", "string too long"},
	{"doubling a list", "x = [0]\nfor i in range(100): x = x + x", "too large"},
	{"doubling a list in place", "x = [0]\nfor i in range(100): x += x", "too large"},
	{"doubling a tuple", "t = (1,)\nfor i in range(100): t = t + t", "tuple too large"},
	{"text of a doubled list", "x = []\nfor i in range(100): x = [x, x]\ny = str(x)", "string too long"},
	{"text of a doubled list by percent", "x = []\nfor i in range(100): x = [x, x]\ny = '%s' % x", "string too long"},
	{"text of a doubled list by percent with names", "x = []\nfor i in range(100): x = [x, x]\ny = '%(a)s' % {'a': x}", "string too long"},
	{"text of a doubled list by format", "x = []\nfor i in range(100): x = [x, x]\ny = '{}{a!r}'.format(x, a = x)", "string too long"},
	{"print of a doubled list", "x = []\nfor i in range(100): x = [x, x]\nprint(x)", "string too long"},
	{"fail with a doubled list", "x = []\nfor i in range(100): x = [x, x]\nfail(x)", "string too long"},
	{"nested tuples", "t = (1,)\nfor i in range(100): t = (t, t)\n", "tuple too large"},
	{"nested tuples by arguments", "t = (1,)\nf = lambda *a: a\nfor i in range(100): t = f(t, t)\n", "tuple too large"},
	{"nested tuples by arguments of a def", "t = (1,)\ndef f(*a):\n  return a\nfor i in range(100): t = f(t, t)\n", "tuple too large"},
	{"nested tuples by zip", "t = (1,)\nfor i in range(100): t = zip([t], [t])[0]\n", "tuple too large"},
	{"nested tuples by items", "t = (1,)\nfor i in range(100): t = {t: t}.items()[0]\n", "tuple too large"},
	{"nested tuples by popitem", "t = (1,)\nfor i in range(100): t = {t: t}.popitem()\n", ""},
	{"nested tuples by tuple", "t = (1,)\nfor i in range(100): t = tuple([t, t])\n", "tuple too large"},
	{"nested tuples by enumerate", "t = (1,)\nfor i in range(100): t = tuple(enumerate([t, t]))\n", "tuple too large"},
	{"comparison of doubled lists", "x = []\ny = []\nfor i in range(9):\n  x = [x] * 9\n  y = [y] * 9\nz = x == y", "script.budget"},
	{"comparison by in", "x = []\nfor i in range(8): x = [x] * 9\nz = x in [1, x]", "script.budget"},
	{"comparison by index", "x = []\nfor i in range(8): x = [x] * 9\nz = [1, x].index(x)", "script.budget"},
	{"comparison by remove", "x = []\nfor i in range(8): x = [x] * 9\nz = [1, x].remove(x)", "script.budget"},
	{"comparison by max", "x = []\nfor i in range(8): x = [x] * 9\nz = max([x, x])", "script.budget"},
	{"comparison by sorted", "x = []\nfor i in range(8): x = [x] * 9\nz = sorted([x, x])", "script.budget"},
	{"comparison of dicts", "x = {}\ny = {}\nfor i in range(9):\n  x = {j: x for j in range(9)}\n  y = {j: y for j in range(9)}\nz = x == y", "script.budget"},
	{"comparison of long strings", "a = 'a' * 200000\nb = 'a' * 200000\nx = [a] * 60000\ny = [b] * 60000\nz = x == y", ""},
	{"endless sorting", "x = [str(i) for i in range(10000)]\nfor i in range(1 << 24): sorted(x)", "script.budget"},
	{"endless searching", "s = 'a' * 200000\nfor i in range(1 << 24): s.find('b' * 100)", ""},
	{"endless stripping", "s = 'é' * 100000\nfor i in range(1 << 24): s.strip('ü' * 100)", ""},
	{"long cut set", "s = 'é' * 100000\ns.strip('ü' * 100000)", "strip"},
	{"many parts", "s = 'a,' * 100000\nfor i in range(1 << 24): s.split(',')", ""},
	{"many characters", "s = 'a' * 200000\nfor i in range(1 << 24): s.upper()", ""},
	{"many characters tested", "s = 'a' * 200000\nfor i in range(1 << 24): s.isalpha()", ""},
	{"many hashes", "s = 'a' * 200000\nfor i in range(1 << 24): hash(s)", "script.budget"},
	{"shift", "x = 1 << 500\nfor i in range(1 << 24): x = x << 500", "4096 bits"},
	{"shift in place", "x = 1\nfor i in range(1 << 24): x <<= 500", "4096 bits"},
	{"shift of an element in place", "x = [1]\nfor i in range(1 << 24): x[0] <<= 500", "4096 bits"},
	{"format in place", "s = '%(a)s'\nfor i in range(100): s %= {'a': s + s}", "string too long"},
	{"large shift", "x = 1 << 10000000", "4096 bits"},
	{"squares", "x = 3\nfor i in range(1 << 24): x = x * x", "4096 bits"},
	{"squares in place", "x = 3\nfor i in range(1 << 24): x *= x", "4096 bits"},
	{"number of a long text", "x = int('9' * 200000)", "is no number"},
	{"growing comprehension", "x = [[i] for i in range(1 << 24)]", ""},
	{"growing list", "x = []\nfor i in range(1 << 24): x.append([i])", ""},
	{"growing dict", "x = {}\nfor i in range(1 << 24): x[i] = [i]", ""},
	{"growing dict comprehension", "x = {i: {} for i in range(1 << 24)}", ""},
	{"growing set", "x = set()\nfor i in range(1 << 24): x.add(i)", ""},
	{"growing closures", "f = None\nfor i in range(1 << 24):\n  f = (lambda g: lambda: g)(f)", ""},
	{"growing chain", "x = None\nfor i in range(1 << 24): x = [x]", ""},
	{"many dicts", "x = [{} for i in range(1 << 24)]", ""},
	{"many strings", "x = []\nfor i in range(1 << 24): x.append(('x' * 200000) + str(i))", "script.memory"},
	{"copies of a list", "x = [0] * 60000\ny = []\nfor i in range(1 << 24): y.append(x[1:])", "script.memory"},
	{"copies by sorted", "x = [0] * 60000\ny = []\nfor i in range(1 << 24): y.append(sorted(x))", "script.memory"},
	{"copies by union", "x = set(range(60000))\ny = []\nfor i in range(1 << 24): y.append(x | x)", ""},
	{"wide frames", "def f():\n  return [" + strings.Repeat("0,", 3000) + "]\nfor i in range(1 << 24): f()", ""},
	{"recursion", "def f(): return f()\nf()", "called recursively"},
	{"deep calls", strings.Join(chain(3000), "\n") + "\nf3000()", "inside one another"},
	{"recursion by sorted", "def f(x): return sorted([1], key = f)\nf(1)", "called recursively"},
	{"same hash", "x = {}\nfor i in range(1 << 24): x[i << 32] = i", ""},
	{"a thousand verbs", "for i in range(1 << 24): rms_zz_give(1)", "verbs"},
	{"dates of variables", "for i in range(1 << 24): call.var.x = 1", "verbs"},
}

// chain makes functions of which each calls the one before.
func chain(n int) []string {
	out := []string{"def f0(): pass"}
	for i := 1; i <= n; i++ {
		out = append(out, fmt.Sprintf("def f%d(): f%d()", i, i-1))
	}
	return out
}

// TestGlobalsThatAreSlowToCopyDoNotStopTheClock copies what took the whole time of
// loading to make.
func TestGlobalsThatAreSlowToCopyDoNotStopTheClock(t *testing.T) {
	for name, script := range map[string]string{
		"keys with one hash":         "D = {i << 32: 1 for i in range(1200)}\n",
		"keys that are slow to hash": "T = tuple(range(16000))\nD = {(i, T): 1 for i in range(50)}\n",
	} {
		for _, body := range []string{"D | D", "dict(D)", "set(D)", "{}.update(D)", "set(D.keys()).union(D)", "D == dict(D)"} {
			s := load(t, script+route("for i in range(1 << 24): "+body), quiet)
			s.Hurry(100 * time.Millisecond)
			began := time.Now()
			err := s.Run(nobody(), "route")
			if took := time.Since(began); err == nil || took > 30*time.Second {
				t.Errorf("%s, %s: %v after %v", name, body, err, took)
			}
		}
	}
}

func TestHostileScriptsEndInTimeAndMemory(t *testing.T) {
	exact := os.Getenv("RMS_EXACT") != "" // on a machine that does nothing else
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			limits := sandbox.Limits{}
			if c.want != "" && c.want != "script.budget" && !exact {
				limits.Budget = time.Minute // what ends it is not the time
			}
			s := load(t, route(c.body), limited(limits))
			peak := watchHeap()
			began := time.Now()
			err := s.Run(nobody(), "route")
			took, grew := time.Since(began), peak()
			var e *call.ScriptError
			if !errors.As(err, &e) || !strings.HasPrefix(e.Where, "t.star:") || !strings.Contains(e.Text, c.want) && !exact {
				t.Errorf("error = %#v", err)
			}
			t.Logf("%v, heap +%d MiB: %v", took.Round(time.Millisecond/10), grew>>20, err)
			if took > 30*time.Second || grew > 128<<20 || exact && (took > 100*time.Millisecond || grew > 64<<20) {
				t.Errorf("took %v and %d MiB", took, grew>>20)
			}
			x := nobody()
			after := load(t, route("rms_zz_give(1)"), quiet)
			if err := after.Run(x, "route"); err != nil || !s.Fit() {
				t.Error(err)
			}
		})
	}
}

// watchHeap samples the heap until the function that it returns is called.
func watchHeap() func() uint64 {
	heap := func() uint64 {
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	runtime.GC()
	base, stop, done := heap(), make(chan struct{}), make(chan uint64)
	go func() {
		top := base
		for {
			select {
			case <-stop:
				done <- max(top, heap()) - base
				return
			case <-time.After(2 * time.Millisecond):
				top = max(top, heap())
			}
		}
	}()
	return func() uint64 { close(stop); return <-done }
}

func TestAStateServesAfterHostileRuns(t *testing.T) {
	t.Parallel()
	for _, c := range hostile {
		if c.want == "" || c.want == "script.budget" {
			continue
		}
		s := load(t, route(c.body)+"event_route['bad'] = route\nevent_route['good'] = lambda call: rms_zz_give(7)", limited(sandbox.Limits{Budget: time.Minute}))
		_ = s.Run(nobody(), "bad")
		x := nobody()
		if err := s.Run(x, "good"); err != nil || len(x.Done) != 1 || !s.Fit() {
			t.Errorf("%s: %v %v", c.name, err, x.Done)
		}
	}
}
