package starlark_test

import (
	"slices"
	"strings"
	"testing"

	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"

	"rms/call"
	"rms/scripting/scripttest"
	"rms/scripting/starlark"
)

// expressions are what guards have their hands in. Each must do what the library does.
var expressions = []string{
	`1 + 2 - 3 * 4 / 5`, `7 // 2`, `-7 % 3`, `1 << 10`, `1 << 511`, `1 << 512`, `1 << -1`, `5 >> 1`, `6 & 3`, `6 | 3`, `6 ^ 3`, `~5`,
	`"a" + "b"`, `"ab" * 3`, `3 * "ab"`, `0 * "a"`, `-1 * [1]`, `[1] * 2`, `2 * (1, 2)`, `"" * 1000`, `"a" * "b"`, `1.5 * "a"`, `[] * 5.0`,
	`[1] + [2]`, `(1,) + (2,)`, `[1] + (2,)`, `{"a": 1} | {"b": 2, "a": 3}`, `set([1, 2]) | set([3])`, `set([1, 2]) & set([2])`,
	`set([1, 2]) - set([2])`, `set([1, 2]) ^ set([2, 3])`, `{} + {}`, `None + None`, `1 + "a"`, `3 - "a"`, `"%d" % 5 + "x"`,
	`"%s %r %d %x %o %c %%" % ("a", "b", 3, 255, 8, "c")`, `"%s" % [1, "a"]`, `"%s" % {"a": 1}`, `"%s" % ({"a": [1]},)`, `"%(a)s-%(b)d" % {"a": [1], "b": 2}`,
	`"%s"  % ()`, `"%s %s" % (1,)`, `"%s" % (1, 2)`, `"%d" % "x"`, `"%z" % 1`, `"%(a)s" % {}`, `"%(a)s" % 1`, `"%f %g %e" % (1.5, 2, 1e10)`, `"a" % {}`, `"%r" % (None,)`, `"%s" % len`,
	`"{} {}".format(1, "a")`, `"{1} {0} {x!r} {{}}".format([1], {"a": 2}, x = "q")`, `"{}".format()`, `"{a}".format(b = 1)`, `"{!z}".format(1)`, `"{0.x}".format(1)`, `"{0} {}".format(1, 2)`,
	`1 == 1.0`, `[1, [2]] == [1, [2]]`, `(1, 2) < (1, 3)`, `{"a": [1]} == {"a": [1]}`, `"a" < "b"`, `1 < "a"`, `[1] < [1, 2]`, `None == None`, `len == len`, `True != False`, `set([1]) <= set([1, 2])`,
	`1 in [1, 2]`, `3 not in (1, 2)`, `"a" in {"a": 1}`, `"b" in "abc"`, `1 in "abc"`, `1 in range(5)`, `5 in set([5])`, `1 in 5`, `[1] in {}`, `[1] in [[1]]`,
	`[1, 2, 3, 4][1:3]`, `"hello"[::-1]`, `"hello"[1:-1]`, `(1, 2, 3)[-2:]`, `[1, 2, 3][::2]`, `[1, 2, 3][5:1]`, `[1, 2, 3][-1:-5:-1]`, `[1, 2, 3][::-2]`, `range(10)[2:8:3]`, `range(10)[::-3]`, `[1][::0]`, `5[1:2]`, `[1]["a":]`, `[1, 2, 3][None:2]`, `"abc"[10:]`, `"abc"[:-10]`, `"abc"[10::-1]`, `"abc"[:0:-1]`, `"abc"[-10:-20:-1]`,
	`sorted([3, 1, 2])`, `sorted(["b", "A"], key = lambda s: s.lower())`, `sorted([1, 2, 3], reverse = True)`, `sorted([(1, "b"), (1, "a")], key = lambda t: t[0])`, `sorted([1, "a"])`, `sorted(5)`, `sorted("abc".elems(), reverse = 1 == 1)`,
	`max(1, 2)`, `min([3, 1])`, `max("a", "bb", key = len)`, `max([])`, `max()`, `min(1, "a")`, `max(5)`, `min([[2], [1]])`, `max([1, 2], key = lambda x: -x)`,
	`list(range(3))`, `tuple([1, 2])`, `list({"a": 1})`, `list()`, `list(5)`, `dict([("a", 1)], b = 2)`, `dict([1])`, `dict(a = 1)`, `set([1, 1])`, `reversed([1, 2])`, `enumerate(["a"], 5)`, `zip([1, 2], "ab".elems())`, `zip()`, `any([0, 1])`, `all([])`, `any(5)`,
	`int("12")`, `int("ff", 16)`, `int("0x10", 0)`, `int(2.9)`, `int("x")`, `int(True)`, `int([])`, `float("1.5")`, `float("inf")`, `float("x")`, `hash("abc")`, `hash(1)`, `abs(-3)`, `bool([])`, `chr(65)`, `ord("a")`, `len("abc")`, `len(5)`, `type([])`, `dir({})[0]`, `hasattr("", "join")`, `getattr("a", "upper")()`, `getattr("a", "x", 5)`, `getattr("a", "x")`, `getattr([1, 2], "index")(2)`,
	`str([1, "a", (1,), {"k": None}, set([1]), True, 1.5])`, `repr("a\"b\n")`, `str("x")`, `str(len)`, `str(range(3))`, `str("a".elems())`, `str(lambda: 1)`, `str(())`, `repr({})`, `str("a".join)`, `str([].append)`,
	`",".join(["a", "b"])`, `",".join("ab".elems())`, `",".join([1])`, `",".join(5)`, `"".join([])`, `"a-b-c".split("-")`, `"a-b-c".rsplit("-", 1)`, `" a  b ".split()`, `"a\nb".splitlines()`, `"a".split("")`, `"abc".replace("b", "xx")`, `"aaa".replace("a", "b", 2)`, `"abc".replace("", "-")`, `"a".replace("a")`,
	`"Hello".upper() + "Hello".lower() + "a b".title() + "ab".capitalize()`, `" x ".strip() + "xax".strip("x") + "xa".lstrip("x") + "ax".rstrip("x")`, `"abcb".find("b")`, `"abcb".rfind("b")`, `"abc".index("z")`, `"abc".rindex("c")`, `"aXb".partition("X")`, `"aXbX".rpartition("X")`, `"abab".count("ab")`, `"12".isdigit()`, `"a".isalpha() and "a1".isalnum() and " ".isspace() and "A".isupper() and "a".islower() and "Ab".istitle()`, `"abc".startswith("a")`, `"abc".endswith(("b", "c"))`, `"abc".removeprefix("a")`, `"é".codepoints()`, `list("é".codepoints())`, `list("ab".elem_ords())`,
	`[1, 2].index(2)`, `[1].index(5)`, `{"a": 1}.items()`, `{"a": 1}.keys()`, `{"a": 1}.values()`, `{"a": 1}.popitem()`, `{}.popitem()`, `{"a": 1}.get("b", 5)`, `{"a": 1}.pop("a")`, `[1, 2].pop(0)`, `{"a": 1}.setdefault("b", 3)`,
	`set([1]).union([2])`, `set([1, 2]).difference([2])`, `set([1, 2]).intersection([2])`, `set([1, 2]).symmetric_difference([2, 3])`, `set([1]).issubset([1, 2])`, `set([1]).issuperset([])`, `set([1]) == set([1.0])`, `set([1]) < set([1])`, `set([2]) > set([1])`, `set([1, 2]) >= set([1])`, `set([1]) != set([2])`, `set([[]])`, `set([1]).union([[]])`, `{"a": 1} != {"a": 2}`, `{} < {}`, `{1: 2} == {1.0: 2}`, `dict({"a": 1}, a = 2)`, `dict([("a", 1, 2)])`, `dict([5])`, `dict(["ab"])`, `{"a": 1}.update(5)`,
	`[x * 2 for x in [1, 2, 3] if x > 1]`, `{k: v for k, v in {"a": 1}.items()}`, `[(x, y) for x in range(2) for y in [x]]`, `[x for x in 5]`, `(lambda *a, **k: (a, k))(1, 2, x = 3)`, `(lambda *a: a)(*[1, 2])`, `(lambda **k: k)(**{"a": 1})`, `(lambda a, *, b = 2: a + b)(1)`, `len(*5)`, `dict(**5)`,
	`1 if [] else 2`, `not 1`, `1 and 2`, `0 or 3`, `(1, (2, 3), ())`, `{(1, 2): 3}[(1, 2)]`, `{}[1]`, `{[]: 1}`, `(1)`, `"a" "b"`, `"x".nope`, `(5).x`, `[].items`, `{}.upper`, `"a".upper(1)`, `[].extend()`, `"ab".join`,
}

// statements end in a variable x.
var statements = []string{
	"x = 1\nx += 2", "x = \"a\"\nx += \"b\"", "x = [1]\ny = x\nx += [2]\ny.append(3)", "x = [1]\nx += (2, 3)", "x = [1]\nx += 5", "x = (1,)\nx += (2,)",
	"x = 5\nx -= 2", "x = 5\nx *= 3", "x = \"a\"\nx *= 3", "x = [1]\nx *= 2", "x = 7\nx //= 2", "x = 7\nx /= 2", "x = 7\nx %= 4", "x = \"%s\"\nx %= \"a\"", "x = \"%s%s\"\nx %= (1, [2])", "x = 6\nx &= 3",
	"x = 6\nx |= 1", "x = {\"a\": 1}\ny = x\nx |= {\"b\": 2}\ny[\"c\"] = 3", "x = set([1])\nx |= set([2])", "x = 6\nx ^= 3", "x = 1\nx <<= 4", "x = 16\nx >>= 2", "x = {}\nx |= 5", "x = {\"a\": [1]}\nx[\"a\"] += [2]", "x = [\"%d\"]\nx[0] %= 5", "x = 1\nx += \"a\"",
	"x = []\nfor a, b in [(1, 2), (3, 4)]:\n  x.append(a + b)", "x = [3]\nfor a in x:\n  x.append(1)", "x = 0\nfor i in range(10):\n  if i == 5: break\n  x += i", "x = []\nfor k in {\"a\": 1}: x.insert(0, k)", "x = [1, 2]\nx.remove(1)\nx.extend([5])", "x = {}\nx.update([(\"a\", 1)], b = 2)",
	"def f(a, *rest, **more): return (a, rest, more)\nx = f(1, 2, k = 3)", "def f(*, a): return a\nx = f(a = 1)", "def f(*a):\n  \"doc\"\n  return a\nx = f(1)", "a, (b, c) = 1, [2, 3]\nx = (a, b, c)", "x = [i for i in range(3)]\nx[1] = 5\nx[0] += 1", "x = [y for y in [1, 2] for z in (y, y)]",
}

func TestGuardsChangeNoMeaning(t *testing.T) {
	t.Parallel()
	options := &syntax.FileOptions{Set: true, TopLevelControl: true}
	for _, e := range expressions {
		v, err := sl.EvalOptions(options, &sl.Thread{}, "t.star", e, nil)
		compare(t, e, "x = "+e, v, err)
	}
	for _, script := range statements {
		body := "def f():\n  " + strings.ReplaceAll(script, "\n", "\n  ") + "\n  return x\nx = f()"
		globals, err := sl.ExecFileOptions(options, &sl.Thread{}, "t.star", body, nil)
		compare(t, script, script, globals["x"], err)
	}
}

// compare runs a body and compares x at its end with what the library makes of it.
func compare(t *testing.T, what, body string, want sl.Value, failed error) {
	t.Helper()
	var got any
	x := &scripttest.Exec{Do: func(_ *call.Verb, a call.Args) (any, error) {
		got = a.Value("value")
		return nil, nil
	}}
	var err error
	if p, bad := starlark.Compile("t.star", []byte(route(body+"\nrms_zz_give(repr(x))")), quiet); bad != nil {
		err = bad
	} else if s, bad := p.NewState(); bad != nil {
		err = bad
	} else {
		defer s.Close()
		err = s.Run(x, "route")
	}
	switch {
	case failed != nil && err == nil:
		t.Errorf("%s: %v, the library says %v", what, got, failed)
	case failed == nil && err != nil:
		t.Errorf("%s: %v, the library says %v", what, err, want)
	case failed == nil && got != want.String():
		t.Errorf("%s: %v, the library says %v", what, got, want)
	}
}

// TestEveryNameOfTheLibraryIsLookedAt fails when a new version of the library has
// functions or methods that nobody has thought about.
func TestEveryNameOfTheLibraryIsLookedAt(t *testing.T) {
	t.Parallel()
	known := append(starlark.BuiltinNames(), starlark.Quick...)
	for name := range sl.Universe {
		if !slices.Contains(known, name) {
			t.Errorf("the built-in function %s has no guard and is not known to be quick", name)
		}
	}
	for kind, object := range map[string]sl.HasAttrs{"string": sl.String(""), "list": sl.NewList(nil), "dict": sl.NewDict(0), "set": sl.NewSet(0)} {
		for _, name := range object.AttrNames() {
			if starlark.Guards(name, kind) == slices.Contains(starlark.QuickMethods[kind], name) {
				t.Errorf("%s.%s has no guard and is not known to be quick, or both", kind, name)
			}
		}
	}
}
