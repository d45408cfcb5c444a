package starlark

import (
	"sync"

	sl "go.starlark.net/starlark"

	"rms/call"
)

// callObject is the argument of a route. It lives as long as its run: globals are
// frozen, so nothing can keep it.
type callObject run

var _ sl.HasAttrs = (*callObject)(nil)

func (c *callObject) String() string        { return "call " + c.x.CallID() }
func (c *callObject) Type() string          { return "call" }
func (c *callObject) Freeze()               {}
func (c *callObject) Truth() sl.Bool        { return true }
func (c *callObject) Hash() (uint32, error) { return 0, problem("unhashable type: call") }

// Attr reads call.<name>. Methods and id come first, then the fields of the event that
// the run began with, then what is known of the request or the INVITE. A field that
// only other events have is None.
func (c *callObject) Attr(name string) (sl.Value, error) {
	r := (*run)(c)
	switch name {
	case "id":
		return sl.String(r.x.CallID()), nil
	case "event":
		if r.event == nil {
			return sl.None, nil
		}
		return sl.String(r.event.Name), nil
	case "var", "vars":
		return (*variables)(r), nil
	case "header", "headers":
		return sl.NewBuiltin(name, r.header), nil
	}
	if r.event != nil {
		if v := r.event.Get(name); v != nil {
			return value(v), nil
		}
	}
	if text, ok := infoField(r.x.Info(), name); ok {
		return sl.String(text), nil
	}
	if eventFields()[name] {
		return sl.None, nil
	}
	return nil, nil
}

// AttrNames is for hints in errors.
func (c *callObject) AttrNames() []string {
	names := []string{"id", "event", "var", "header", "headers"}
	for name := range infoFields {
		names = append(names, name)
	}
	for name := range eventFields() {
		names = append(names, name)
	}
	return names
}

var infoFields = map[string]func(*call.Info) string{
	"sip_call_id": func(i *call.Info) string { return i.SIPCallID },
	"from":        func(i *call.Info) string { return i.From },
	"from_uri":    func(i *call.Info) string { return i.From }, // from is a reserved word
	"to":          func(i *call.Info) string { return i.To },
	"to_uri":      func(i *call.Info) string { return i.To },
	"ruri":        func(i *call.Info) string { return i.RURI },
	"from_user":   func(i *call.Info) string { return i.FromUser },
	"to_user":     func(i *call.Info) string { return i.ToUser },
	"user":        func(i *call.Info) string { return i.RURIUser },
	"source":      func(i *call.Info) string { return i.Source },
	"transport":   func(i *call.Info) string { return i.Transport },
	"method":      func(i *call.Info) string { return i.Method },
}

func infoField(i call.Info, name string) (string, bool) {
	get := infoFields[name]
	if get == nil {
		return "", false
	}
	return get(&i), true
}

// eventFields are the names of the fields that events of rms have.
var eventFields = sync.OnceValue(func() map[string]bool {
	out := map[string]bool{}
	for _, e := range call.Events {
		for _, f := range e.Fields {
			out[f.Name] = true
		}
	}
	return out
})

// header is call.header("X-A"): the first value, or None; and call.headers("X-A"): all
// of them, in the order of the message.
func (r *run) header(_ *sl.Thread, b *sl.Builtin, args sl.Tuple, kwargs []sl.Tuple) (sl.Value, error) {
	var name string
	if err := sl.UnpackArgs(b.Name(), args, kwargs, "name", &name); err != nil {
		return nil, err
	}
	values := r.x.Header(name)
	if b.Name() == "headers" {
		return value(values), nil
	}
	if len(values) == 0 {
		return sl.None, nil
	}
	return sl.String(values[0]), nil
}

// fields are what came with the event that a run waited for: r.reason, r["reason"].
type fields struct{ event *call.Event }

var (
	_ sl.HasAttrs = (*fields)(nil)
	_ sl.Mapping  = (*fields)(nil)
)

func (f *fields) String() string        { return f.dict().String() }
func (f *fields) Type() string          { return "event" }
func (f *fields) Freeze()               {}
func (f *fields) Truth() sl.Bool        { return true }
func (f *fields) Hash() (uint32, error) { return 0, problem("unhashable type: event") }

func (f *fields) dict() *sl.Dict {
	d := sl.NewDict(0)
	if f.event != nil {
		for _, e := range f.event.Fields {
			_ = d.SetKey(sl.String(e.Name), value(e.Value))
		}
	}
	return d
}

// Attr is r.<name>. A field that only other events have is None.
func (f *fields) Attr(name string) (sl.Value, error) {
	if f.event != nil {
		if v := f.event.Get(name); v != nil {
			return value(v), nil
		}
	}
	if eventFields()[name] {
		return sl.None, nil
	}
	return nil, nil
}

// AttrNames is for hints in errors, and dir.
func (f *fields) AttrNames() []string {
	var names []string
	if f.event != nil {
		for _, e := range f.event.Fields {
			names = append(names, e.Name)
		}
	}
	return names
}

// Get is r[name].
func (f *fields) Get(name sl.Value) (sl.Value, bool, error) { return f.dict().Get(name) }
