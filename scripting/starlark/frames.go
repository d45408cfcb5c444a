package starlark

import (
	"fmt"
	"reflect"
	"unsafe"

	sl "go.starlark.net/starlark"
)

// maxFrame is how many variables and intermediate values a function may have: they are
// allocated anew for each call.
const maxFrame = 4096

// The library shows the variables of a running function, but not the intermediate
// values, where for example a list is while a comprehension fills it. They lie behind
// the variables in the same array. This file knows how; TestFramesAreAsExpected fails
// when a new version of the library differs.

// frameLayout is that of a frame of the library.
type frameLayout struct {
	callable  sl.Callable
	pc        uint32
	locals    []sl.Value
	spanStart int64
}

// cellLayout is that of a variable that an inner function shares.
type cellLayout struct{ value sl.Value }

// space returns the variables and the intermediate values of a running function.
func space(frame sl.DebugFrame, fn *sl.Function) []sl.Value {
	p := reflect.ValueOf(frame)
	if !sameLayout(p.Type().Elem(), reflect.TypeFor[frameLayout]()) {
		return visible(frame)
	}
	locals := (*frameLayout)(p.UnsafePointer()).locals
	if locals == nil {
		return nil
	}
	return unsafe.Slice(unsafe.SliceData(locals), len(locals)+stackSize(fn))
}

// visible returns the variables only.
func visible(frame sl.DebugFrame) []sl.Value {
	var out []sl.Value
	for i := range frame.NumLocals() {
		_, v := frame.Local(i)
		out = append(out, v)
	}
	return out
}

func sameLayout(got, want reflect.Type) bool {
	if got.Kind() != reflect.Struct || got.NumField() != want.NumField() || got.Size() != want.Size() {
		return false
	}
	for i := range want.NumField() {
		g, w := got.Field(i), want.Field(i)
		if g.Name != w.Name || g.Type != w.Type || g.Offset != w.Offset {
			return false
		}
	}
	return true
}

// stackSize returns how many intermediate values a function may have at one time.
func stackSize(fn *sl.Function) int {
	n := reflect.ValueOf(fn).Elem().FieldByName("funcode").Elem().FieldByName("MaxStack")
	if n.Kind() != reflect.Int {
		return 0
	}
	return int(n.Int())
}

// inCell returns what is in a variable that an inner function shares, nil for anything
// else.
func inCell(v sl.Value) sl.Value {
	p := reflect.ValueOf(v)
	t := p.Type()
	if t.Kind() != reflect.Pointer || t.Elem().Name() != "cell" || t.Elem().PkgPath() != reflect.TypeFor[sl.Dict]().PkgPath() ||
		t.Elem().NumField() != 1 || t.Elem().Field(0).Type != reflect.TypeFor[sl.Value]() {
		return nil
	}
	return (*cellLayout)(p.UnsafePointer()).value
}

// frameSizes refuses functions with a very large frame.
func frameSizes(prog *sl.Program) error {
	functions := reflect.ValueOf(prog).Elem().FieldByName("compiled").Elem().FieldByName("Functions")
	for i := range functions.Len() {
		f := functions.Index(i).Elem()
		if n := f.FieldByName("Locals").Len() + int(f.FieldByName("MaxStack").Int()); n > maxFrame {
			return fmt.Errorf("%s: function %s is too large: %d variables and intermediate values (limit %d)",
				prog.Filename(), f.FieldByName("Name").String(), n, maxFrame)
		}
	}
	return nil
}
