package lua

import (
	"maps"
	"slices"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
)

// requestRoute is the name that Kamailio scripts use for call.RouteName.
const requestRoute = "ksr_request_route"

// openRoutes makes event_route, which takes functions while the script loads.
func (s *State) openRoutes() {
	meta := s.L.CreateTable(0, 4)
	meta.RawSetString("__newindex", s.L.NewFunction(s.setRoute))
	meta.RawSetString("__index", s.L.NewFunction(s.getRoute))
	meta.RawSetString("__metatable", glua.LFalse)
	table := s.L.CreateTable(0, 4)
	table.Metatable = meta
	s.L.SetGlobal("event_route", table)
}

func (s *State) setRoute(L *glua.LState) int {
	name, ok := L.Get(2).(glua.LString)
	if !ok || name == "" {
		L.RaiseError("event_route: the name of a route is a string, such as event_route[\"rms:start\"]")
	}
	if !s.loading {
		L.RaiseError("event_route[%q]: routes are defined while the script loads, not in a route", string(name))
	}
	switch fn := L.Get(3).(type) {
	case *glua.LFunction:
		s.routes[string(name)] = fn
	case *glua.LNilType:
		delete(s.routes, string(name))
	default:
		L.RaiseError("event_route[%q]: wants a function, got a %s", string(name), fn.Type())
	}
	return 0
}

func (s *State) getRoute(L *glua.LState) int {
	name, _ := L.Get(2).(glua.LString)
	if fn := s.routes[string(name)]; fn != nil {
		L.Push(fn)
		return 1
	}
	return 0
}

// bindRoutes takes the request route from its global and lists all names.
func (s *State) bindRoutes() {
	for _, name := range []string{requestRoute, call.RouteName} {
		if fn, ok := s.L.G.Global.RawGetString(name).(*glua.LFunction); ok {
			s.routes[call.RouteName] = fn
		}
	}
	s.names = slices.Sorted(maps.Keys(s.routes))
}
