package httpapi

import (
	"encoding/json"
	"math"
	"time"

	"rms/call"
)

// told is an event as JSON: its fields keep their order.
//
//	{"id":"5f0c.17","event":"rms:dtmf","kind":"rms:dtmf","call":"...","time":"2026-01-02T15:04:05.123456789Z","fields":{"digit":"1"}}
type told struct {
	*call.Event
	id string
}

// MarshalJSON writes the event.
func (t told) MarshalJSON() ([]byte, error) {
	b := []byte{'{'}
	if t.id != "" {
		b = appendMember(b, "id", t.id)
	}
	b = appendMember(b, "event", t.Name)
	kind := t.Kind
	if kind == "" {
		kind = t.Name
	}
	b = appendMember(b, "kind", kind)
	if t.Call != "" {
		b = appendMember(b, "call", t.Call)
	}
	b = appendMember(b, "time", t.Time.UTC().Format(time.RFC3339Nano))
	b = append(b, `,"fields":{`...)
	for i := range t.Fields {
		b = appendMember(b, t.Fields[i].Name, t.Fields[i].Value)
	}
	return append(b, "}}"...), nil
}

// appendMember adds a member to an object.
func appendMember(b []byte, name string, v any) []byte {
	if b[len(b)-1] != '{' {
		b = append(b, ',')
	}
	b = append(appendValue(b, name), ':')
	return appendValue(b, v)
}

// appendValue adds a value; one that JSON does not have is null.
func appendValue(b []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		if text, err = json.Marshal(finite(v)); err != nil {
			return append(b, "null"...)
		}
	}
	return append(b, text...)
}

// finite replaces the numbers that JSON does not have.
func finite(v any) any {
	switch t := v.(type) {
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil
		}
	case []any:
		out := make([]any, len(t))
		for i := range t {
			out[i] = finite(t[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for name, val := range t {
			out[name] = finite(val)
		}
		return out
	}
	return v
}
