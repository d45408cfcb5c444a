package httpapi

import (
	"math"

	"rms/call"
)

// told is an event as a subscriber gets it: JSON, as call.Event.AppendJSON writes it.
type told struct {
	*call.Event
	id string
}

// MarshalJSON writes the event.
func (t told) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil, t.id), nil }

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
