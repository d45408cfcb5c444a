package call

import "time"

// Event is something that a call tells its script and whoever subscribed. Name
// is "rms:" and words joined by "_", or the name that a verb was given, such as
// "rms:after_play".
type Event struct {
	Name string
	// Kind is the name that the event has when nobody gives it another: rms:start,
	// rms:play_end, rms:collect and rms:sleep are the kinds of events that verbs name.
	Kind   string
	Call   string // call id; empty for an event without a call
	Time   time.Time
	Fields []Field // in the order of docs/events.md

	secret bool // the digits are for the script only
}

// Field is one named value of an event: a string, bool, int64 or float64, or a
// map[string]any or []any of them.
type Field struct {
	Name  string
	Value any
}

// Get returns the value of a field, nil when the event has none of that name.
func (e *Event) Get(name string) any {
	for i := range e.Fields {
		if e.Fields[i].Name == name {
			return e.Fields[i].Value
		}
	}
	return nil
}
