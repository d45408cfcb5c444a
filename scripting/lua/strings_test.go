package lua_test

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func list(v ...any) any {
	for i := range v {
		if n, ok := v[i].(int); ok {
			v[i] = int64(n)
		}
	}
	return v
}

func TestStringLibraryIsLua51(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		body string
		want any
	}{
		{`return "a".."b"..1 ..2.5, ("x"..(..., "y") or 0)`, nil},
		{`return ("hello world"):find("wor")`, list(7, 9)},
		{`return ("hello"):find("l+")`, list(3, 4)},
		{`return ("hello"):find("(l)(.)")`, list(3, 4, "l", "l")},
		{`return ("hello"):find("()ll()")`, list(3, 4, 3, 5)},
		{`return ("a.b"):find(".", 1, true)`, list(2, 2)},
		{`return ("a.b"):find(""), ("abc"):find("", 10)`, list(1)},
		{`return ("key = value"):match("^(%w+)%s*=%s*(%w+)$")`, list("key", "value")},
		{`return ("sip:bob@host"):match("sip:([^@]+)@")`, list("bob")},
		{`return ("[[x]]"):match("%b[]")`, list("[[x]]")},
		{`return ("THE (quick) fox"):find("%((%a+)%)")`, list(5, 11, "quick")},
		{`return ("abcabc"):match("(%a%a%a)%1")`, list("abc")},
		{`return ("THE (quick) fox"):gsub("%f[%a]%a+", "w")`, list("w (w) w", 3)},
		{`return ("abc"):gsub("%w", "%0%0")`, list("aabbcc", 3)},
		{`return ("abc"):gsub("", "-")`, list("-a-b-c-", 4)},
		{`return ("hello world"):gsub("o", "0", 1)`, list("hell0 world", 1)},
		{`return ("$name is $age"):gsub("%$(%w+)", {name="Bo", age=5})`, list("Bo is 5", 2)},
		{`return ("abc"):gsub("%w", function(c) if c=="b" then return "X" end end)`, list("aXc", 3)},
		{`local t={} for k,v in ("a=1, b=2"):gmatch("(%w+)=(%w+)") do t[#t+1]=k..v end return t[1], t[2]`, list("a1", "b2")},
		{`local n=0 for w in ("one two"):gmatch("%a+") do n=n+1 end return n`, list(2)},
		{`local n=0 for w in ("abc"):gmatch("") do n=n+1 end return n`, list(4)},
		{`return ("%d %5.2f %s %q %x %%"):format(3, 2.5, "hi", 'a"b', 255)`, list(`3  2.50 hi "a\"b" ff %`)},
		{`return ("%5s|%-5s|%05d|%g|%c"):format("a", "b", 42, 0.1, 65)`, list("    a|b    |00042|0.1|A")},
		{`return ("%5s|%s"):format(setmetatable({}, {__tostring = function() return "t" end}), "x")`, list("    t|x")},
		{`return ("%s %s"):format(nil, true)`, list("nil true")},
		{`return ("%g %g"):format(1e20, 100000)`, list("1e+20 100000")},
		{`return ("abc"):byte(), ("abc"):byte(-1), ("abc"):byte(10)`, list(97, 99)},
		{`return ("abc"):byte(1, -1)`, list(97, 98, 99)},
		{`return ("ab"):rep(3), ("ab"):rep(0), ("ab"):rep(-1)`, list("ababab", "", "")},
		{`return ("AbÜ"):upper(), ("AbÜ"):lower(), ("abc"):reverse(), #"abc"`, list("ABÜ", "abÜ", "cba", 3)},
		{`return ("hello"):sub(2, -2), ("hello"):sub(-3)`, list("ell", "llo")},
		{`return ("a,b,,c"):match("^(.-),(.-),(.-),(.-)$")`, list("a", "b", "", "c")},
		{`return ("x"):match("[%]x]"), ("-"):match("[a%-]"), ("]"):match("[]]"), ("b"):match("[^a]")`, list("x", "-", "]", "b")},
		{`return ("2024-01-02"):match("(%d+)-(%d+)-(%d+)")`, list("2024", "01", "02")},
		{`return ("aB1 _\t!\0x"):gsub("%c", "c"), ("aB1_ f!"):gsub("%l", "l"), (("aBf!"):gsub("%u", "u"))`, list("aB1 _c!cx", "lB1_ l!", "auf!")},
		{`return (("aB1_ !"):gsub("%p", "p")), (("aB1_ !"):gsub("%S", "s")), (("xyz0Ag"):gsub("%x", "h")), (("a\0b"):gsub("%z", "z"))`, list("aB1p p", "ssss s", "xyzhhg", "azb")},
		{`return (("aB1_"):gsub("%W", "w")), (("aB1"):gsub("%D", "d")), (("a.b"):gsub("%.", "-")), (("aB1"):gsub("[%d%u]", "x"))`, list("aB1w", "dd1", "a-b", "axx")},
		{`return ("abc"):gsub("(b)", "<%1%%%0>"), ("abc"):gsub("b", "%1"), ("abc"):gsub("^a", "x")`, list("a<b%b>c", "abc", "xbc", 1)},
		{`return ("abc"):gsub("()b", {[2] = "two"}), ("abc"):gsub("b", {}), ("abc"):gsub("b", 5)`, list("atwoc", "abc", "a5c", 1)},
		{`return ("%e %G %i %u %o %X"):format(1.5, 1e-10, -3, 7, 8, 255), ("%.3s|%+d|% d|%#x"):format("abcdef", 5, 5, 255)`, list("1.500000e+00 1E-10 -3 7 10 FF", "abc|+5| 5|0xff")},
		{`return ("%f %f %f"):format(0/0, 1/0, -1/0), ("%q"):format("a\nb\r\0c\\")`, list("nan inf -inf", "\"a\\\nb\\r\\000c\\\\\"")},
		{`return ("abc"):find("b", -1), ("abc"):find("b", -2), ("abc"):match("c", 10)`, list(nil, 2)},
		{`return tostring(12), tostring(1.5), tonumber("0x10"), tonumber("z", 36)`, list("12", "1.5", 16, 35)},
	} {
		if c.want == nil {
			continue
		}
		if diff := cmp.Diff(c.want, eval(t, c.body)); diff != "" {
			t.Errorf("%s\n%s", c.body, diff)
		}
	}
}

func TestConcatIsTheOperator(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]any{
		`return "a".."b".."c"`: list("abc"),
		`return 1 .. 2`:        list("12"),
		`local function two() return "x", "y" end return "a"..two()`:                                             list("ax"),
		`local function two() return "x", "y" end return two().."a", two()`:                                      list("xa", "x", "y"),
		`local function v(...) return "a".. ... end return v("b", "c")`:                                          list("ab"),
		`local s = "" for i=1,3 do s = s..i.."," end return s`:                                                   list("1,2,3,"),
		`local t = setmetatable({}, {__concat=function(a,b) return "M" end}) return t.."a", "a"..t, "a".."b"..t`: list("M", "M", "aM"),
		`local r = {pcall(function() return "a"..nil end)} return r[1], (r[2]:gsub("^t.lua:%d+: ",""))`:          list(false, "attempt to concatenate a nil value"),
		`return ("a".."b"):upper(), #("a".."b")`:                                                                 list("AB", 2),
		`return "a".."b" == "ab", not ("a".."b"), -("1".."2")`:                                                   list(true, false, -12),
		`local s = {"x".."y", z="q".."r"} return s[1], s.z`:                                                      list("xy", "qr"),
	} {
		if diff := cmp.Diff(want, eval(t, body)); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	}
}

func TestTableLibrary(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]any{
		`local t={3,1,2} table.sort(t) return t[1],t[2],t[3]`:                                       list(1, 2, 3),
		`local t={3,1,2} table.sort(t, function(a,b) return a>b end) return t[1],t[2],t[3]`:         list(3, 2, 1),
		`return table.concat({1,"b",3}, "-"), table.concat({}, "x"), table.concat({1,2,3}, ",", 2)`: list("1-b-3", "", "2,3"),
		`local t={1} table.insert(t, 2) table.insert(t, 1, 0) return t[1],t[2],t[3],#t`:             list(0, 1, 2, 3),
		`local t={1,2,3} return table.remove(t), table.remove(t, 1), #t`:                            list(3, 1, 1),
		`local n=0 for k,v in pairs({a=1,b=2,3}) do n=n+v end return n, next({})`:                   list(6),
		`local n=0 for i,v in ipairs({1,2,nil,4}) do n=n+v end return n`:                            list(3),
		`return unpack({1,2,3})`:                                  list(1, 2, 3),
		`return unpack({1,2,3}, 2)`:                               list(2, 3),
		`return unpack({1,2,3}, 2, nil)`:                          list(2, 3),
		`return unpack({1,2,3}, 0, 2)`:                            list(nil, 1, 2),
		`return select("#", unpack({}, 1, 5)), unpack({1}, 2, 1)`: list(5),
		`local t={[3]=1} t[3]=nil table.insert(t, 7) table.insert(t, 1, 6) return #t, t[1], t[2]`:   list(2, 6, 7),
		`local r = math.random(5,5) local q = math.random() return r, q < 1, pcall(math.random, 0)`: nil,
	} {
		if want == nil {
			eval(t, body)
			continue
		}
		if diff := cmp.Diff(want, eval(t, body)); diff != "" {
			t.Errorf("%s\n%s", body, diff)
		}
	}
}

func TestBadPatternsAreErrorsWithALine(t *testing.T) {
	t.Parallel()
	for _, p := range []string{"[a", "%", "(a", "a)", "%b", "%f", "%1", "(%1)", "[%", "[^"} {
		err := run(t, fmt.Sprintf("local x = ('aaa'):match(%q)", p), nil2())
		if err == nil || !hasWhere(err, "t.lua:2") {
			t.Errorf("%q: %v", p, err)
		}
	}
}
