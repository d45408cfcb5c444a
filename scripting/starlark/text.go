package starlark

import (
	"slices"
	"strings"

	sl "go.starlark.net/starlark"
	"go.starlark.net/syntax"
)

// maxNesting is how deep str looks into a value.
const maxNesting = 100

// text is str(v): a string as it is, anything else as it is written in a script. It
// ends when it gets too long, which may be soon: a list of lists of lists that are the
// same ones has few values and much text.
func (s *State) text(v sl.Value) (string, error) {
	if t, ok := v.(sl.String); ok {
		return string(t), nil
	}
	return s.written(v)
}

// written is repr(v).
func (s *State) written(v sl.Value) (string, error) {
	switch v := v.(type) {
	case sl.Bool, sl.Float, sl.NoneType:
		return v.String(), nil
	case sl.Int:
		if bitLen(v) > maxBits {
			return "", errBits
		}
		return v.String(), nil
	}
	w := writer{state: s}
	w.value(v)
	if w.err != nil {
		return "", w.err
	}
	return w.out.String(), nil
}

// writer writes one value.
type writer struct {
	state *State
	out   strings.Builder
	path  []sl.Value // lists and dicts around
	err   error
}

func (w *writer) put(text string) {
	if w.err == nil && w.out.Len()+len(text) > w.state.limits.String {
		w.err = w.state.build(w.out.Len() + len(text))
	}
	if w.err == nil {
		w.out.WriteString(text)
	}
}

func (w *writer) value(v sl.Value) {
	if w.err != nil {
		return
	}
	if err := w.state.meter.Spend(2); err != nil {
		w.err = err
		return
	}
	switch v := v.(type) {
	case sl.String:
		if w.out.Len()+len(v) > w.state.limits.String {
			w.err = w.state.build(w.out.Len() + len(v))
			return
		}
		w.put(syntax.Quote(string(v), false))
	case *sl.List, sl.Tuple, *sl.Dict, *sl.Set:
		w.collection(v)
	default:
		w.put(v.String())
	}
}

func (w *writer) collection(v sl.Value) {
	if t, ok := v.(sl.Tuple); ok {
		w.tuple(t)
		return
	}
	open, end := "[", "]"
	switch v.(type) {
	case *sl.Dict:
		open, end = "{", "}"
	case *sl.Set:
		open, end = "set([", "])"
	}
	w.put(open)
	if slices.Contains(w.path, v) || len(w.path) > maxNesting {
		w.put("...")
	} else {
		w.path = append(w.path, v)
		w.elements(v)
		w.path = w.path[:len(w.path)-1]
	}
	w.put(end)
}

func (w *writer) elements(v sl.Value) {
	d, isDict := v.(*sl.Dict)
	first := true
	for e := range sl.Elements(v.(sl.Iterable)) {
		if !first {
			w.put(", ")
		}
		first = false
		w.value(e)
		if isDict {
			value, _, _ := d.Get(e)
			w.put(": ")
			w.value(value)
		}
		if w.err != nil {
			return
		}
	}
}

func (w *writer) tuple(t sl.Tuple) {
	w.put("(")
	for i, e := range t {
		if i > 0 {
			w.put(", ")
		}
		w.value(e)
	}
	if len(t) == 1 {
		w.put(",")
	}
	w.put(")")
}

// printer prepares values for the formatting of the library.
type printer struct {
	state        *State
	quoted       bool // a string may be quoted
	sum, longest int  // bytes of the texts
	err          error
}

// value returns what the library may write: a plain value, or a finished text.
func (p *printer) value(v sl.Value) sl.Value {
	size := 24
	switch t := v.(type) {
	case sl.String:
		size = len(t)
		if p.quoted {
			size = 4*len(t) + 2
		}
	case sl.Int:
		size = bitLen(t)/3 + 2
	case sl.Float:
		size = 330 // 1e308 in %f
	case sl.Bool, sl.NoneType:
	default:
		text, err := p.state.written(v)
		if err != nil && p.err == nil {
			p.err = err
		}
		size, v = len(text), printed{v, text}
	}
	p.sum += size
	p.longest = max(p.longest, size)
	return v
}

// dict prepares the values of a dict.
func (p *printer) dict(d *sl.Dict) (*sl.Dict, error) {
	n, err := p.state.items(d)
	if err != nil {
		return nil, err
	}
	out := sl.NewDict(n)
	for k, v := range d.Entries() {
		if err := out.SetKey(k, p.value(v)); err != nil {
			return nil, err
		}
	}
	return out, p.err
}

// printed is a value with its text.
type printed struct {
	sl.Value
	text string
}

func (p printed) String() string { return p.text }

// printedDict is a dict with its text. Unlike other values it may be left over.
type printedDict struct {
	printed
	dict *sl.Dict
}

// Get makes it a mapping.
func (p printedDict) Get(k sl.Value) (sl.Value, bool, error) { return p.dict.Get(k) }

// percent is the library's text % x.
func (s *State) percent(text sl.String, x sl.Value) (sl.Value, error) {
	return sl.Binary(syntax.PERCENT, text, x)
}
