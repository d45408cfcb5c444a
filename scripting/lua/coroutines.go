package lua

import glua "github.com/yuin/gopher-lua"

// Limits of coroutines. Each one nests on the stack of the process.
const (
	maxThreads     = 256 // made in one run
	maxThreadDepth = 16  // resumed inside one another
	threadBytes    = 8 << 10
)

func (s *State) openCoroutines() {
	create, resume := s.original("coroutine", "create"), s.original("coroutine", "resume")
	wrap := s.original("coroutine", "wrap")
	s.define(s.lib("coroutine"), map[string]glua.LGFunction{
		"create": s.made(create), "resume": s.nested(resume),
		"wrap": func(L *glua.LState) int {
			n := s.made(wrap)(L)
			if fn, ok := L.Get(-1).(*glua.LFunction); ok {
				fn.GFunction = s.nested(fn.GFunction)
				if th, ok := fn.Upvalues[0].Value().(*glua.LState); ok {
					th.SetContext(s.meter)
				}
			}
			return n
		},
	})
}

// made counts coroutines, makes them small, and has them watched by the meter
// itself: one derived from it would count nothing.
func (s *State) made(create glua.LGFunction) glua.LGFunction {
	return func(L *glua.LState) int {
		if s.threads++; s.threads > maxThreads {
			L.RaiseError("too many coroutines: a run may make %d", maxThreads)
		}
		s.spend(L, 16)
		options := L.Options
		L.Options.MinimizeStackMemory = true
		L.Options.RegistrySize = 128
		L.RemoveContext()
		n := create(L)
		L.Options = options
		L.SetContext(s.meter)
		if th, ok := L.Get(-1).(*glua.LState); ok {
			th.Options = L.Options
			th.SetContext(s.meter)
		}
		return n
	}
}

func (s *State) nested(resume glua.LGFunction) glua.LGFunction {
	return func(L *glua.LState) int {
		if s.depth >= maxThreadDepth {
			L.RaiseError("coroutines nested too deeply: %d is the limit", maxThreadDepth)
		}
		s.depth++
		defer func() { s.depth-- }()
		return resume(L)
	}
}
