package httpapi

import "rms/call"

// told is an event as a subscriber gets it: JSON, as call.Event.AppendJSON writes it.
type told struct {
	*call.Event
	id string
}

// MarshalJSON writes the event.
func (t told) MarshalJSON() ([]byte, error) { return t.AppendJSON(nil, t.id), nil }
