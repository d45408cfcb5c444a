package starlark

import (
	"errors"

	sl "go.starlark.net/starlark"
)

// Limits of what a script's globals lead to. The library freezes by recursion, and a
// function that many others share once for each of them.
const (
	maxFreezeDepth = 1000
	maxFreezeWork  = 1 << 20
)

// freeze makes globals and routes unchangeable, once it is sure that this ends, and
// that they are not too large.
func (s *State) freeze(globals sl.StringDict) error {
	w := walker{seen: s.frozen, limit: s.limits.Memory}
	f := freezer{seen: map[any]struct{}{}}
	all := make([]sl.Value, 0, len(globals)+len(s.routes.fns))
	for _, v := range globals {
		all = append(all, v)
	}
	for _, fn := range s.routes.fns {
		all = append(all, fn)
	}
	for _, v := range all {
		w.value(v)
		f.value(v, 0)
	}
	if w.drain(); w.bytes > w.limit {
		return errors.New("the globals of the script are larger than script.memory allows")
	}
	if f.tooMuch {
		return errors.New("the globals of the script are nested too deeply: a function that holds itself, or values in values a thousand times")
	}
	for _, v := range all {
		v.Freeze()
	}
	return nil
}

// freezer goes the ways that the library goes.
type freezer struct {
	seen    map[any]struct{} // lists, dicts and sets, which the library freezes once
	work    int
	tooMuch bool
}

func (f *freezer) value(v sl.Value, depth int) {
	if f.work++; depth > maxFreezeDepth || f.work > maxFreezeWork {
		f.tooMuch = true
	}
	if f.tooMuch {
		return
	}
	switch v := v.(type) {
	case sl.Tuple:
		for _, e := range v {
			f.value(e, depth+1)
		}
	case *sl.Function:
		f.function(v, depth)
	case *sl.Builtin:
		if r := v.Receiver(); r != nil {
			f.value(r, depth+1)
		}
	case *sl.List, *sl.Dict, *sl.Set:
		if _, ok := f.seen[v]; !ok {
			f.seen[v] = struct{}{}
			f.collection(v, depth)
		}
	}
}

func (f *freezer) function(fn *sl.Function, depth int) {
	for i := range fn.NumFreeVars() {
		if _, v := fn.FreeVar(i); v != nil {
			f.value(v, depth+1)
		}
	}
	for i := range fn.NumParams() {
		if v := fn.ParamDefault(i); v != nil {
			f.value(v, depth+1)
		}
	}
}

func (f *freezer) collection(v sl.Value, depth int) {
	if d, ok := v.(*sl.Dict); ok {
		for k, e := range d.Entries() {
			f.value(k, depth+1)
			f.value(e, depth+1)
		}
		return
	}
	for e := range sl.Elements(v.(sl.Iterable)) {
		f.value(e, depth+1)
	}
}
