package call

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Args are the arguments of one use of a verb, checked by Bind: each value has
// the Go type of its parameter's kind (string, int64, float64, bool,
// time.Duration, or any plain value), and defaults are filled in.
type Args struct {
	values map[string]any
}

// Has tells whether the argument was given or has a default.
func (a Args) Has(name string) bool { _, ok := a.values[name]; return ok }

// String returns a String or Route argument, "" when absent.
func (a Args) String(name string) string { s, _ := a.values[name].(string); return s }

// Int returns an Int argument, 0 when absent.
func (a Args) Int(name string) int { n, _ := a.values[name].(int64); return int(n) }

// Float returns a Float argument, 0 when absent.
func (a Args) Float(name string) float64 { f, _ := a.values[name].(float64); return f }

// Bool returns a Bool argument, false when absent.
func (a Args) Bool(name string) bool { b, _ := a.values[name].(bool); return b }

// Duration returns a Duration argument, 0 when absent.
func (a Args) Duration(name string) time.Duration {
	d, _ := a.values[name].(time.Duration)
	return d
}

// Value returns an argument of any kind, nil when absent.
func (a Args) Value(name string) any { return a.values[name] }

// Bind checks positional and named arguments against the verb's parameters.
// Arguments are plain values: nil, bool, int64, float64, string,
// map[string]any, []any. A nil argument counts as missing.
func (v *Verb) Bind(positional []any, named map[string]any) (Args, error) {
	a := Args{values: make(map[string]any, len(v.Params))}
	if len(positional) > len(v.Params) {
		return a, v.errorf("takes at most %d arguments (%s), got %d", len(v.Params), v.names(), len(positional))
	}
	for i, val := range positional {
		if err := v.set(a, &v.Params[i], val); err != nil {
			return a, err
		}
	}
	for name, val := range named {
		p := v.param(name)
		if p == nil {
			return a, v.errorf("unknown parameter %q (has: %s)", name, v.names())
		}
		if a.Has(name) {
			return a, v.errorf("parameter %q given twice", name)
		}
		if err := v.set(a, p, val); err != nil {
			return a, err
		}
	}
	for i := range v.Params {
		p := &v.Params[i]
		if a.Has(p.Name) {
			continue
		}
		if p.Required {
			return a, v.errorf("missing argument %q (%s): %s", p.Name, p.Kind, p.Doc)
		}
		if p.Default != nil {
			a.values[p.Name] = p.Default
		}
	}
	return a, nil
}

func (v *Verb) errorf(format string, args ...any) error {
	return &ArgError{Verb: v.Name, Text: fmt.Sprintf(format, args...)}
}

func (v *Verb) names() string {
	var names []string
	for _, p := range v.Params {
		names = append(names, p.Name)
	}
	if len(names) == 0 {
		return "no parameters"
	}
	return strings.Join(names, ", ")
}

func (v *Verb) param(name string) *Param {
	for i := range v.Params {
		if v.Params[i].Name == name {
			return &v.Params[i]
		}
	}
	return nil
}

func (v *Verb) set(a Args, p *Param, val any) error {
	if val == nil {
		return nil
	}
	conv, err := p.convert(val)
	if err != nil {
		return v.errorf("parameter %q: %s", p.Name, err)
	}
	a.values[p.Name] = conv
	return nil
}

func (p *Param) convert(val any) (any, error) {
	switch p.Kind {
	case String, Route:
		return p.text(val)
	case Int, Float:
		return p.number(val)
	case Bool:
		if b, ok := val.(bool); ok {
			return b, nil
		}
		return nil, fmt.Errorf("wants true or false, got %s", describe(val))
	case Duration:
		return p.duration(val)
	case Value:
		return val, nil
	}
	return val, nil
}

func (p *Param) text(val any) (any, error) {
	s, ok := val.(string)
	if !ok {
		return nil, fmt.Errorf("wants %s, got %s", p.Kind.article(), describe(val))
	}
	if strings.ContainsRune(s, 0) {
		return nil, fmt.Errorf("must not contain a NUL byte")
	}
	if len(p.Enum) > 0 && !slices.Contains(p.Enum, s) {
		return nil, fmt.Errorf("%q is not one of %s", s, strings.Join(p.Enum, ", "))
	}
	return s, nil
}

func (p *Param) number(val any) (any, error) {
	f, ok := toFloat(val)
	if !ok || math.IsNaN(f) || math.IsInf(f, 0) {
		return nil, fmt.Errorf("wants %s, got %s", p.Kind.article(), describe(val))
	}
	if err := p.inRange(f); err != nil {
		return nil, err
	}
	if p.Kind == Float {
		return f, nil
	}
	if f != math.Trunc(f) || math.Abs(f) > 1<<53 {
		return nil, fmt.Errorf("wants a whole number, got %v", f)
	}
	return int64(f), nil
}

func (p *Param) duration(val any) (any, error) {
	var d time.Duration
	switch t := val.(type) {
	case time.Duration:
		d = t
	case string:
		parsed, err := time.ParseDuration(t)
		if err != nil {
			return nil, fmt.Errorf("%q is not a duration (seconds as a number, or a string such as \"250ms\")", t)
		}
		d = parsed
	default:
		f, ok := toFloat(val)
		if !ok || math.IsNaN(f) || math.Abs(f) > 1e9 {
			return nil, fmt.Errorf("wants a duration in seconds or a string such as \"250ms\", got %s", describe(val))
		}
		d = time.Duration(f * float64(time.Second))
	}
	if d < 0 {
		return nil, fmt.Errorf("must not be negative")
	}
	return d, p.inRange(d.Seconds())
}

func (p *Param) inRange(f float64) error {
	if p.Max > p.Min && (f < p.Min || f > p.Max) {
		return fmt.Errorf("%v is out of range: %v to %v", f, p.Min, p.Max)
	}
	return nil
}

func toFloat(val any) (float64, bool) {
	switch t := val.(type) {
	case int64:
		return float64(t), true
	case int:
		return float64(t), true
	case float64:
		return t, true
	}
	return 0, false
}

func describe(val any) string {
	switch t := val.(type) {
	case string:
		if len(t) > 40 {
			t = t[:40] + "..."
		}
		return "the string " + strconv.Quote(t)
	case bool:
		return fmt.Sprintf("the boolean %v", t)
	case int64, float64, int:
		return fmt.Sprintf("the number %v", t)
	case map[string]any, []any:
		return "a table"
	}
	return fmt.Sprintf("%T", val)
}
