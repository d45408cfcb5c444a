package lua

import (
	"math/rand/v2"

	glua "github.com/yuin/gopher-lua"
)

// removed are the functions of the base library that reach files, other code,
// the collector or the environment of other functions.
var removed = []string{
	"collectgarbage", "dofile", "getfenv", "load", "loadfile", "loadstring", "module",
	"newproxy", "require", "setfenv", "_printregs", "_GOPHER_LUA_VERSION",
}

// closedLibs are the libraries that scripts do not get.
var closedLibs = []string{"channel", "debug", "io", "os", "package"}

// openLibs opens the five allowed libraries and puts bounded functions in the
// place of those that can run long or allocate much in one instruction.
func (s *State) openLibs() {
	for _, open := range []glua.LGFunction{
		glua.OpenBase, glua.OpenTable, glua.OpenString, glua.OpenMath, glua.OpenCoroutine,
	} {
		s.L.Push(s.L.NewFunction(open))
		s.L.Call(0, 0)
	}
	for _, name := range removed {
		s.L.G.Global.RawSetString(name, glua.LNil)
	}
	s.define(s.L.G.Global, map[string]glua.LGFunction{
		"next": s.next, "pairs": s.pairs, "print": s.print, "unpack": s.unpack,
	})
	s.define(s.lib("string"), map[string]glua.LGFunction{
		"byte": s.strByte, "lower": s.strLower, "upper": s.strUpper, "rep": s.strRep,
		"find": s.strFind, "match": s.strMatch, "gmatch": s.strGmatch, "gsub": s.strGsub,
		"format": s.strFormat, "reverse": s.strReverse, "dump": nil, "gfind": nil,
	})
	s.define(s.lib("table"), map[string]glua.LGFunction{
		"concat": s.tabConcat, "sort": s.tabSort,
		"insert": s.bounded("table", "insert"), "remove": s.bounded("table", "remove"),
	})
	s.define(s.lib("math"), map[string]glua.LGFunction{"random": mathRandom, "randomseed": none})
	s.countArguments()
	s.openWaits() // before the functions that it needs are replaced
	s.openCoroutines()
}

func (s *State) lib(name string) *glua.LTable {
	t, _ := s.L.G.Global.RawGetString(name).(*glua.LTable)
	return t
}

// define sets functions of a table; nil removes one.
func (s *State) define(t *glua.LTable, fns map[string]glua.LGFunction) {
	for name, fn := range fns {
		if fn == nil {
			t.RawSetString(name, glua.LNil)
			continue
		}
		t.RawSetString(name, s.L.NewFunction(fn))
	}
}

// original returns the Go function behind a library function.
func (s *State) original(lib, name string) glua.LGFunction {
	fn, _ := s.lib(lib).RawGetString(name).(*glua.LFunction)
	return fn.GFunction
}

func none(*glua.LState) int { return 0 }

// next passes all keys that were removed, so it counts more than one step: enough
// for a look at the clock each time when there are many.
func (s *State) next(L *glua.LState) int {
	t := L.CheckTable(1)
	s.spend(L, 8+min(removedKeys(t)/16, 64))
	key, value := t.Next(L.Get(2))
	if key == glua.LNil {
		L.Push(glua.LNil)
		return 1
	}
	L.Push(key)
	L.Push(value)
	return 2
}

func (s *State) pairs(L *glua.LState) int {
	t := L.CheckTable(1)
	L.Push(s.L.G.Global.RawGetString("next"))
	L.Push(t)
	L.Push(glua.LNil)
	return 3
}

// mathRandom does not touch the generator that the rest of the process uses.
func mathRandom(L *glua.LState) int {
	low, high := 1, 0
	switch L.GetTop() {
	case 0:
		L.Push(glua.LNumber(rand.Float64())) //nolint:gosec // not for secrets
		return 1
	case 1:
		high = L.CheckInt(1)
	default:
		low, high = L.CheckInt(1), L.CheckInt(2)
	}
	if span := high - low; high < low || span < 0 || span+1 <= 0 {
		L.ArgError(L.GetTop(), "interval is empty")
	}
	L.Push(glua.LNumber(low + rand.IntN(high-low+1))) //nolint:gosec // not for secrets
	return 1
}
