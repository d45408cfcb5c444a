package webhook

import "rms/call"

// Source is where a hook under test gets its events from.
type Source interface {
	Ready() <-chan struct{}
	Poll() *call.Event
	Close()
}

// OpenOn is Open with events that a test makes.
func OpenOn(o Options, s Source) (*Hook, error) { return open(o, func() source { return s }) }

// RetryAfter is how such a header field is read.
var RetryAfter = retryAfter
