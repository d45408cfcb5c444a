package starlark

import (
	"reflect"
	"strings"
	"testing"

	"github.com/rs/zerolog"
	sl "go.starlark.net/starlark"

	"rms/scripting/sandbox"
)

// TestFramesAreAsExpected fails when a new version of the library lays out its frames
// in another way: what a script holds cannot be measured then.
func TestFramesAreAsExpected(t *testing.T) {
	t.Parallel()
	seen := false
	probe := sl.NewBuiltin("probe", func(th *sl.Thread, _ *sl.Builtin, _ sl.Tuple, _ []sl.Tuple) (sl.Value, error) {
		frame := th.DebugFrame(1)
		if !sameLayout(reflect.ValueOf(frame).Type().Elem(), reflect.TypeFor[frameLayout]()) {
			t.Error("frames have another layout")
		}
		fn := frame.Callable().(*sl.Function)
		if stackSize(fn) == 0 {
			t.Error("the size of the stack is not known")
		}
		var local, cell, hidden bool
		for _, v := range space(frame, fn) {
			local = local || v == sl.String("local")
			if v != nil {
				cell = cell || inCell(v) == sl.String("shared")
			}
			if l, ok := v.(*sl.List); ok {
				hidden = hidden || l.Len() == 1 && l.Index(0) == sl.String("hidden")
			}
		}
		if !local || !cell || !hidden {
			t.Errorf("found local %v, cell %v, intermediate %v", local, cell, hidden)
		}
		seen = true
		return sl.None, nil
	})
	script := "def f():\n  a = 'local'\n  b = 'shared'\n  c = lambda: b\n  return [x for x in ['hidden', 1] if x == 'hidden' or probe()]\nf()\n"
	if _, err := sl.ExecFileOptions(dialect, &sl.Thread{}, "t.star", script, sl.StringDict{"probe": probe}); err != nil || !seen {
		t.Fatal(err)
	}
}

func TestRetainedFindsValuesWhereverTheyAre(t *testing.T) {
	t.Parallel()
	for name, body := range map[string]string{
		"local":         "x = ['a' * 100000 + str(i) for i in range(20)]\nprobe()",
		"shared":        "x = ['a' * 100000 + str(i) for i in range(20)]\nf = lambda: x\nprobe()",
		"closure":       "f = (lambda y: lambda: y)(['a' * 100000 + str(i) for i in range(20)])\nprobe()",
		"default":       "def f(x = ['a' * 100000 + str(i) for i in range(20)]): pass\nprobe()",
		"argument":      "(lambda x: probe())(['a' * 100000 + str(i) for i in range(20)])",
		"comprehension": "['a' * 100000 + str(i) for i in range(20) if i != 19 or probe() == None]\n",
		"loop":          "for x in ['a' * 100000 + str(i) for i in range(20)]: probe()",
		"comprehended":  "x = [probe() for x in ['a' * 100000 + str(i) for i in range(20)]]",
		"dict":          "x = {i: {'a': ('a' * 100000 + str(i),)} for i in range(20)}\nprobe()",
		"keys":          "x = {'a' * 100000 + str(i): 1 for i in range(20)}\nprobe()",
		"set":           "x = set(['a' * 100000 + str(i) for i in range(20)])\nprobe()",
		"method":        "f = ['a' * 100000 + str(i) for i in range(20)].append\nprobe()",
		"sorted":        "x = sorted(['a' * 100000 + str(i) for i in range(20)], key = lambda s: probe() or s)",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			held := int64(0)
			p := &Program{name: "t.star", opts: Options{Log: zerolog.Nop(), Limits: sandbox.Limits{Budget: 1 << 40}}, modules: map[string]*module{}}
			s := newState(p)
			s.env["probe"] = sl.NewBuiltin("probe", func(*sl.Thread, *sl.Builtin, sl.Tuple, []sl.Tuple) (sl.Value, error) {
				held = max(held, s.retained())
				return sl.None, nil
			})
			f, err := parse("t.star", []byte("def route():\n  "+strings.ReplaceAll(body, "\n", "\n  ")+"\nroute()\n"))
			if err != nil {
				t.Fatal(err)
			}
			prog, err := compileFile(f, s.env.Has)
			if err != nil {
				t.Fatal(err)
			}
			p.main = &module{"t.star", prog}
			if err := s.load(1 << 40); err != nil {
				t.Fatal(err)
			}
			if held < 1_800_000 || held > 6_000_000 {
				t.Errorf("found %d bytes", held)
			}
		})
	}
}
