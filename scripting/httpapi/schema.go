package httpapi

import (
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"rms/call"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
)

// object is a part of a JSON document.
type object = map[string]any

// schemas collects the components of the OpenAPI document.
type schemas struct{ components object }

func ref(name string) object { return object{"$ref": "#/components/schemas/" + name} }

// names of the types that the answers are made of.
var schemaNames = map[reflect.Type]string{
	reflect.TypeFor[call.CallInfo]():    "Call",
	reflect.TypeFor[call.RTPInfo]():     "RTP",
	reflect.TypeFor[call.PlayInfo]():    "Play",
	reflect.TypeFor[call.ForwardInfo](): "Forward",
	reflect.TypeFor[callList]():         "CallList",
	reflect.TypeFor[recordingList]():    "RecordingList",
	reflect.TypeFor[shelf.Summary]():    "RecordingInfo",
	reflect.TypeFor[ledger.Sidecar]():   "Recording",
	reflect.TypeFor[ledger.Report]():    "VerifyReport",
	reflect.TypeFor[verbInfo]():         "Verb",
	reflect.TypeFor[paramInfo]():        "Parameter",
	reflect.TypeFor[versionInfo]():      "Version",
	reflect.TypeFor[statusInfo]():       "Status",
	reflect.TypeFor[problem]():          "Problem",
	reflect.TypeFor[filter]():           "Filter",
}

// of is the schema of a Go type as encoding/json writes it.
func (s *schemas) of(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[time.Duration]():
		return object{"type": "integer"}
	case reflect.TypeFor[json.RawMessage]():
		return object{}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return s.of(t.Elem())
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return object{"type": "integer", "minimum": 0}
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return object{"type": "integer"}
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.of(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.of(t.Elem())}
	case reflect.Struct:
		return s.structure(t)
	}
	return object{} // any value
}

func (s *schemas) structure(t reflect.Type) object {
	name := schemaNames[t]
	if _, known := s.components[name]; known && name != "" {
		return ref(name)
	}
	members, required := object{}, []string{}
	for i := range t.NumField() {
		tag, options, _ := strings.Cut(t.Field(i).Tag.Get("json"), ",")
		if tag == "" || tag == "-" {
			continue
		}
		members[tag] = s.of(t.Field(i).Type)
		if !strings.Contains(options, "omit") {
			required = append(required, tag)
		}
	}
	whole := object{"type": "object", "properties": members, "required": required}
	if name == "" {
		return whole
	}
	s.components[name] = whole
	return ref(name)
}

// ofParam is the schema of a verb's parameter.
func ofParam(p call.Param) object {
	o := object{"description": p.Doc}
	if p.Unit != "" && p.Kind != call.Duration {
		o["description"] = p.Doc + " (" + p.Unit + ")"
	}
	if p.Default != nil {
		o["default"] = plain(p.Default)
	}
	switch p.Kind {
	case call.String, call.Route:
		o["type"] = "string"
	case call.Int, call.Float:
		o["type"] = map[call.Kind]string{call.Int: "integer", call.Float: "number"}[p.Kind]
		bounds(o, p)
	case call.Bool:
		o["type"] = "boolean"
	case call.Duration:
		seconds := object{"type": "number", "minimum": 0, "description": "seconds"}
		bounds(seconds, p)
		o["anyOf"] = []object{seconds, {"type": "string", "description": "with a unit: 250ms, 1.5s, 1h30m", "examples": []string{"250ms"}}}
	case call.Value:
	}
	if len(p.Enum) > 0 {
		o["enum"] = p.Enum
	}
	return o
}

func bounds(o object, p call.Param) {
	if p.Max > p.Min {
		o["minimum"], o["maximum"] = p.Min, p.Max
	}
}

// arguments is the schema of what a verb is given.
func arguments(v *call.Verb) object {
	members, required, names := object{}, []string{}, []string{}
	for _, p := range v.Params {
		members[p.Name] = ofParam(p)
		names = append(names, p.Name)
		if p.Required {
			required = append(required, p.Name)
		}
	}
	byName := object{"type": "object", "properties": members, "additionalProperties": false}
	if len(required) > 0 {
		byName["required"] = required
	}
	if len(v.Params) == 0 || has(v, "args") {
		return byName
	}
	list := object{"type": "array", "items": object{}, "maxItems": len(v.Params), "description": "in the order " + strings.Join(names, ", ")}
	return object{"anyOf": []object{byName, {
		"type": "object", "description": "The same by position; others may stand beside by name.",
		"properties": object{"args": list}, "required": []string{"args"},
	}}}
}

// events adds a schema for each event, and Event for any of them.
func (s *schemas) events() {
	all := []object{}
	add := func(kind string, e call.EventDoc) {
		name := eventSchema(kind)
		s.components[name] = eventOf(kind, e)
		all = append(all, ref(name))
	}
	for _, e := range call.Events {
		switch {
		case strings.HasPrefix(e.Name, "("): // the name that play was given
			add(call.EventPlayEnd, e)
		case strings.Contains(e.Name, ", "):
			list := strings.Split(e.Name, ", ")
			prefix, _, parted := strings.Cut(list[0], "::")
			for _, name := range list {
				if parted {
					name = prefix + "::" + name[strings.LastIndexByte(name, ':')+1:]
				}
				add(name, e)
			}
		default:
			add(e.Name, e)
		}
	}
	lost := call.EventDoc{When: "the subscriber was too slow, or comes back", Fields: []call.FieldDoc{
		{Name: "count", Doc: "how many events are not told"},
		{Name: "exact", Doc: "of one who comes back: false when some of these may not have passed the filter"},
		{Name: "reason", Doc: "of one who comes back: reconnect, or restart when the server is another one"},
	}}
	add(call.EventLost, lost)
	s.components["Event"] = object{"description": "What a subscriber is told. docs/events.md has the events.", "anyOf": all}
}

// eventSchema is EventPlayStart for rms:play_start.
func eventSchema(kind string) string {
	var b strings.Builder
	b.WriteString("Event")
	up := true
	for _, c := range strings.TrimPrefix(kind, "rms:") {
		switch {
		case c == '_' || c == ':':
			up = true
		case up:
			b.WriteString(strings.ToUpper(string(c)))
			up = false
		default:
			b.WriteRune(c)
		}
	}
	return b.String()
}

func eventOf(kind string, e call.EventDoc) object {
	fields := object{}
	for _, f := range e.Fields {
		fields[f.Name] = object{"description": f.Doc}
	}
	return object{
		"type": "object", "description": "When: " + e.When + ".",
		"properties": object{
			"id":     object{"type": "string", "description": "for Last-Event-ID"},
			"event":  object{"type": "string", "description": "the name, also one that a verb was given"},
			"kind":   object{"const": kind},
			"call":   object{"type": "string", "description": "id of the call, missing for an event outside any"},
			"time":   object{"type": "string", "format": "date-time"},
			"fields": object{"type": "object", "properties": fields},
		},
		"required": []string{"event", "kind", "time", "fields"},
	}
}
