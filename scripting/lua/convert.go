package lua

import (
	"errors"
	"fmt"
	"math"
	"time"

	glua "github.com/yuin/gopher-lua"
)

// Limits of a value that crosses from the script to a verb.
const (
	maxValueDepth = 16
	maxValues     = 4096
	maxValueBytes = 256 << 10
)

// goValue turns a Lua value into a plain one: nil, bool, int64 (a whole number),
// float64, string, []any (a table with only the keys 1 to n), map[string]any.
// Metatables are not asked. Functions, coroutines, objects, cycles and values
// beyond the limits are errors.
func (s *State) goValue(v glua.LValue) (any, error) { return s.converter().value(v, 0) }

// converter has the limits of all values that go to a verb together.
type converter struct {
	path   map[*glua.LTable]bool
	spend  func(steps int) error
	values int
	bytes  int
}

func (s *State) converter() *converter {
	return &converter{path: map[*glua.LTable]bool{}, spend: s.meter.Spend}
}

func (c *converter) value(v glua.LValue, depth int) (any, error) {
	if c.values++; c.values > maxValues {
		return nil, fmt.Errorf("table too large: %d values are the limit", maxValues)
	}
	switch v := v.(type) {
	case *glua.LNilType:
		return nil, nil
	case glua.LBool:
		return bool(v), nil
	case glua.LNumber:
		return number(float64(v)), nil
	case glua.LString:
		return c.text(string(v))
	case *glua.LTable:
		return c.table(v, depth)
	}
	return nil, fmt.Errorf("a %s cannot be given to a verb", v.Type())
}

func number(f float64) any {
	if f == math.Trunc(f) && math.Abs(f) <= 1<<53 {
		return int64(f)
	}
	return f
}

func (c *converter) text(s string) (any, error) {
	if c.bytes += len(s); c.bytes > maxValueBytes {
		return nil, fmt.Errorf("value too large: %d bytes are the limit", maxValueBytes)
	}
	return s, nil
}

func (c *converter) table(t *glua.LTable, depth int) (any, error) {
	if depth >= maxValueDepth {
		return nil, fmt.Errorf("tables nested too deeply: %d is the limit", maxValueDepth)
	}
	if c.path[t] {
		return nil, errors.New("a table that contains itself cannot be given to a verb")
	}
	if err := c.spend(2*t.Len() + removedKeys(t)/16 + 8); err != nil {
		return nil, err
	}
	c.path[t] = true
	defer delete(c.path, t)
	if n := t.Len(); n > 0 && onlyList(t, n) {
		return c.list(t, n, depth)
	}
	out := map[string]any{}
	key, value := t.Next(glua.LNil)
	for ; key != glua.LNil; key, value = t.Next(key) {
		if !glua.LVCanConvToString(key) {
			return nil, fmt.Errorf("a table key that is a %s cannot be given to a verb", key.Type())
		}
		name := glua.LVAsString(key)
		if _, err := c.text(name); err != nil {
			return nil, err
		}
		v, err := c.value(value, depth+1)
		if err != nil {
			return nil, err
		}
		out[name] = v
	}
	return out, nil
}

func (c *converter) list(t *glua.LTable, n, depth int) (any, error) {
	if n > maxValues {
		return nil, fmt.Errorf("table too large: %d values are the limit", maxValues)
	}
	out := make([]any, n)
	for i := range out {
		v, err := c.value(t.RawGetInt(i+1), depth+1)
		if err != nil {
			return nil, err
		}
		out[i] = v
	}
	return out, nil
}

// onlyList reports whether a table has no keys but 1 to n.
func onlyList(t *glua.LTable, n int) bool {
	key, _ := t.Next(glua.LNumber(n))
	return key == glua.LNil
}

// luaValue turns a plain value into a Lua value; a Duration becomes seconds.
func luaValue(L *glua.LState, v any) glua.LValue { return luaNested(L, v, 0) }

func luaNested(L *glua.LState, v any, depth int) glua.LValue {
	if depth > maxValueDepth {
		return glua.LNil
	}
	switch v := v.(type) {
	case nil:
		return glua.LNil
	case bool:
		return glua.LBool(v)
	case int:
		return glua.LNumber(v)
	case int64:
		return glua.LNumber(v)
	case float64:
		return glua.LNumber(v)
	case time.Duration:
		return glua.LNumber(v.Seconds())
	case string:
		return glua.LString(v)
	case []string:
		t := L.CreateTable(len(v), 0)
		for _, e := range v {
			t.Append(glua.LString(e))
		}
		return t
	case []any:
		t := L.CreateTable(len(v), 0)
		for i, e := range v {
			t.RawSetInt(i+1, luaNested(L, e, depth+1))
		}
		return t
	case map[string]any:
		t := L.CreateTable(0, len(v))
		for k, e := range v {
			t.RawSetString(k, luaNested(L, e, depth+1))
		}
		return t
	}
	return glua.LString(fmt.Sprint(v))
}
