package call

import (
	"encoding/json"
	"math"
	"time"
)

// AppendJSON adds the event to dst as one JSON object, its fields in their order. id is
// what the door calls this event; "" leaves the member out.
//
//	{"id":"7","event":"rms:dtmf","kind":"rms:dtmf","call":"...","time":"2026-01-02T15:04:05.123456789Z","fields":{"digit":"1"}}
func (e *Event) AppendJSON(dst []byte, id string) []byte {
	dst = append(dst, '{')
	if id != "" {
		dst = appendMember(dst, "id", id)
	}
	dst = appendMember(dst, "event", e.Name)
	kind := e.Kind
	if kind == "" {
		kind = e.Name
	}
	dst = appendMember(dst, "kind", kind)
	if e.Call != "" {
		dst = appendMember(dst, "call", e.Call)
	}
	dst = appendMember(dst, "time", e.Time.UTC().Format(time.RFC3339Nano))
	dst = append(dst, `,"fields":{`...)
	for i := range e.Fields {
		dst = appendMember(dst, e.Fields[i].Name, e.Fields[i].Value)
	}
	return append(dst, "}}"...)
}

func appendMember(dst []byte, name string, v any) []byte {
	if dst[len(dst)-1] != '{' {
		dst = append(dst, ',')
	}
	dst = append(appendJSONValue(dst, name), ':')
	return appendJSONValue(dst, v)
}

// appendJSONValue adds a value; one that JSON does not have is null.
func appendJSONValue(dst []byte, v any) []byte {
	text, err := json.Marshal(v)
	if err != nil {
		if text, err = json.Marshal(Finite(v)); err != nil {
			return append(dst, "null"...)
		}
	}
	return append(dst, text...)
}

// Finite returns a plain value with null in place of the numbers that JSON does not
// have.
func Finite(v any) any {
	switch t := v.(type) {
	case float64:
		if math.IsNaN(t) || math.IsInf(t, 0) {
			return nil
		}
	case []any:
		out := make([]any, len(t))
		for i := range t {
			out[i] = Finite(t[i])
		}
		return out
	case map[string]any:
		out := make(map[string]any, len(t))
		for name, val := range t {
			out[name] = Finite(val)
		}
		return out
	}
	return v
}
