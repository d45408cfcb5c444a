package lua

import (
	"reflect"

	glua "github.com/yuin/gopher-lua"
)

// retained estimates the bytes that the script holds: everything that its
// globals, routes and running functions lead to. It stops counting soon after
// the limit.
func (s *State) retained() (bytes int64) {
	w := walker{seen: map[any]struct{}{}, limit: s.limits.Memory}
	defer func() {
		_ = recover() // a coroutine caught half way has no frames to read
		bytes = w.bytes
	}()
	w.value(s.L.G.Global)
	w.value(s.modules)
	for _, fn := range s.routes {
		w.value(fn)
	}
	w.stack(s.L)
	if s.current != nil {
		w.run(s.current)
	}
	for _, r := range s.waits.All() {
		if w.run(r); w.bytes > w.limit {
			break
		}
		w.drain()
	}
	if running := s.L.G.CurrentThread; running != nil && running != s.L {
		w.stack(running)
	}
	w.drain()
	return w.bytes
}

// walker visits each object once, without recursion.
type walker struct {
	seen  map[any]struct{}
	todo  []glua.LValue
	bytes int64
	limit int64
}

func (w *walker) drain() {
	for len(w.todo) > 0 && w.bytes <= w.limit {
		v := w.todo[len(w.todo)-1]
		w.todo = w.todo[:len(w.todo)-1]
		w.visit(v)
	}
}

// value counts a string at once and remembers an object for later.
func (w *walker) value(v glua.LValue) {
	switch v := v.(type) {
	case glua.LString:
		w.bytes += int64(len(v)) + 16
	case *glua.LTable, *glua.LFunction, *glua.LState, *glua.LUserData:
		if _, ok := w.seen[v]; !ok {
			w.seen[v] = struct{}{}
			w.todo = append(w.todo, v)
		}
	}
}

func (w *walker) visit(v glua.LValue) {
	w.bytes += 128
	switch v := v.(type) {
	case *glua.LTable:
		w.bytes += tableBytes(v)
		if v.Metatable != nil {
			w.value(v.Metatable)
		}
		v.ForEach(func(key, value glua.LValue) {
			w.value(key)
			w.value(value)
		})
	case *glua.LFunction:
		for _, up := range v.Upvalues {
			if up != nil {
				w.value(up.Value())
			}
		}
	case *glua.LUserData:
		if v.Metatable != nil {
			w.value(v.Metatable)
		}
	case *glua.LState:
		w.bytes += threadBytes
		w.stack(v)
	}
}

// run visits what a run that waits or runs leads to.
func (w *walker) run(r *linear) {
	for _, th := range r.threads {
		w.value(th)
	}
}

// stack visits the variables of the running functions of a thread.
func (w *walker) stack(L *glua.LState) {
	for level := 0; level < 2*callDepth; level++ {
		frame, ok := L.GetStack(level)
		if !ok {
			return
		}
		for i := 1; ; i++ {
			name, v := L.GetLocal(frame, i)
			if name == "" {
				break
			}
			w.value(v)
		}
	}
}

// Places of the parts of a table, which are not exported.
var arrayField, keysField, dictField, strdictField = tableField("array"), tableField("keys"), tableField("dict"), tableField("strdict")

func tableField(name string) []int {
	f, _ := reflect.TypeFor[glua.LTable]().FieldByName(name)
	return f.Index
}

// arrayPlaces returns how many places the array part of a table has, empty ones
// at its end too.
func arrayPlaces(t *glua.LTable) int {
	return reflect.ValueOf(t).Elem().FieldByIndex(arrayField).Len()
}

// removedKeys returns how many keys of a table were removed: it keeps them, and
// each walk through it passes them.
func removedKeys(t *glua.LTable) int {
	v := reflect.ValueOf(t).Elem()
	return v.FieldByIndex(keysField).Len() - v.FieldByIndex(dictField).Len() - v.FieldByIndex(strdictField).Len()
}

// tableBytes estimates the memory of a table itself. Its parts are not exported
// and can be larger than what is in them: an array keeps its room and the list
// of keys keeps those that were removed.
func tableBytes(t *glua.LTable) int64 {
	v := reflect.ValueOf(t).Elem()
	return int64(v.FieldByName("array").Cap()+v.FieldByName("keys").Cap())*16 +
		int64(v.FieldByName("dict").Len())*48 +
		int64(v.FieldByName("strdict").Len())*48 +
		int64(v.FieldByName("k2i").Len())*32
}
