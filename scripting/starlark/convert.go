package starlark

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	sl "go.starlark.net/starlark"

	"rms/call"
)

// Limits of a value that crosses from the script to a verb.
const (
	maxValueDepth = 16
	maxValues     = 4096
	maxValueBytes = 256 << 10
)

// plain turns a value of the script into a plain one: nil, bool, int64, float64,
// string, []any (a list or tuple), map[string]any. Functions, objects, cycles and
// values beyond the limits are errors.
func plain(v sl.Value) (any, error) {
	c := converter{}
	return c.value(v, 0)
}

type converter struct {
	path   []sl.Value // lists and dicts around
	values int
	bytes  int
}

func (c *converter) value(v sl.Value, depth int) (any, error) {
	if c.values++; c.values > maxValues {
		return nil, fmt.Errorf("value too large: %d values are the limit", maxValues)
	}
	switch v := v.(type) {
	case sl.NoneType:
		return nil, nil
	case sl.Bool:
		return bool(v), nil
	case sl.Int:
		if n, ok := v.Int64(); ok {
			return n, nil
		}
		return nil, errors.New("integer too large: 64 bits are the limit")
	case sl.Float:
		return float64(v), nil
	case sl.String:
		return c.text(string(v))
	case *sl.List, sl.Tuple, *sl.Dict:
		return c.collection(v, depth)
	}
	return nil, fmt.Errorf("a %s cannot be given to a verb", v.Type())
}

func (c *converter) text(s string) (any, error) {
	if c.bytes += len(s); c.bytes > maxValueBytes {
		return nil, fmt.Errorf("value too large: %d bytes are the limit", maxValueBytes)
	}
	return s, nil
}

func (c *converter) collection(v sl.Value, depth int) (any, error) {
	if depth >= maxValueDepth {
		return nil, fmt.Errorf("values nested too deeply: %d is the limit", maxValueDepth)
	}
	if _, isTuple := v.(sl.Tuple); !isTuple {
		if slices.Contains(c.path, v) {
			return nil, fmt.Errorf("a %s that contains itself cannot be given to a verb", v.Type())
		}
		c.path = append(c.path, v)
		defer func() { c.path = c.path[:len(c.path)-1] }()
	}
	if d, ok := v.(*sl.Dict); ok {
		return c.dict(d, depth)
	}
	out := []any{}
	for e := range sl.Elements(v.(sl.Iterable)) {
		p, err := c.value(e, depth+1)
		if err != nil {
			return nil, err
		}
		out = append(out, p)
	}
	return out, nil
}

func (c *converter) dict(d *sl.Dict, depth int) (any, error) {
	out := map[string]any{}
	for k, v := range d.Entries() {
		name, ok := sl.AsString(k)
		if n, isInt := k.(sl.Int); isInt {
			name, ok = n.String(), true
		}
		if !ok {
			return nil, fmt.Errorf("a key that is a %s cannot be given to a verb", k.Type())
		}
		if _, err := c.text(name); err != nil {
			return nil, err
		}
		p, err := c.value(v, depth+1)
		if err != nil {
			return nil, err
		}
		out[name] = p
	}
	return out, nil
}

// value turns a plain value into one of the script; a Duration becomes seconds.
func value(v any) sl.Value { return nested(v, 0) }

func nested(v any, depth int) sl.Value {
	if depth > maxValueDepth {
		return sl.None
	}
	switch v := v.(type) {
	case nil:
		return sl.None
	case bool:
		return sl.Bool(v)
	case int:
		return sl.MakeInt(v)
	case int64:
		return sl.MakeInt64(v)
	case float64:
		return sl.Float(v)
	case time.Duration:
		return sl.Float(v.Seconds())
	case string:
		return sl.String(v)
	case *call.Event:
		return &fields{v}
	case []string:
		return list(v, func(e string) sl.Value { return sl.String(e) })
	case []any:
		return list(v, func(e any) sl.Value { return nested(e, depth+1) })
	case map[string]any:
		d := sl.NewDict(len(v))
		for _, k := range slices.Sorted(maps.Keys(v)) {
			_ = d.SetKey(sl.String(k), nested(v[k], depth+1)) // new, and strings can be keys
		}
		return d
	}
	return sl.String(fmt.Sprint(v))
}

func list[T any](values []T, convert func(T) sl.Value) sl.Value {
	out := make([]sl.Value, len(values))
	for i, v := range values {
		out[i] = convert(v)
	}
	return sl.NewList(out)
}
