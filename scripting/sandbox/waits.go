package sandbox

import (
	"fmt"
	"slices"
	"sync/atomic"

	"rms/call"
)

// maxWaits is how many runs of one call may wait at one time: one that starts
// another with every key would hold memory without end.
const maxWaits = 64

// tokens numbers the waits of the process, so that no state takes another's.
var tokens atomic.Uint64

// Waits keeps the runs of one state that wait, T for each. Not safe for several
// goroutines.
//
//	token, err := w.Token(v, x.Key())
//	_, err = x.Invoke(v, v.Await(args, token))
//	w.Put(token, x.Key(), run)
//	... // in Run, when call.IsWait(route)
//	run, ok := w.Take(route)
type Waits[T any] struct {
	runs map[string]waiting[T]
	keys map[string][]string // tokens by key
}

type waiting[T any] struct {
	run T
	key string
}

// Token makes the token of a wait for the event of a verb. The error: too many runs
// of the key wait already.
func (w *Waits[T]) Token(v *call.Verb, key string) (string, error) {
	if len(w.keys[key]) >= maxWaits {
		return "", fmt.Errorf("%d runs of this call wait already", maxWaits)
	}
	return call.WaitToken(v.Name, tokens.Add(1)), nil
}

// Put keeps a run that waits for the event of a token.
func (w *Waits[T]) Put(token, key string, run T) {
	if w.runs == nil {
		w.runs, w.keys = map[string]waiting[T]{}, map[string][]string{}
	}
	w.runs[token] = waiting[T]{run, key}
	w.keys[key] = append(w.keys[key], token)
}

// Take returns the run that waits for the event of a token and keeps it no longer.
func (w *Waits[T]) Take(token string) (run T, ok bool) {
	r, ok := w.runs[token]
	if !ok {
		return run, false
	}
	delete(w.runs, token)
	list := w.keys[r.key]
	if i := slices.Index(list, token); len(list) > 1 {
		w.keys[r.key] = slices.Delete(list, i, i+1)
	} else {
		delete(w.keys, r.key)
	}
	return r.run, true
}

// Forget returns the runs of a key, in the order in which they began to wait, and
// keeps them no longer.
func (w *Waits[T]) Forget(key string) []T {
	list := w.keys[key]
	out := make([]T, 0, len(list))
	for _, token := range list {
		out = append(out, w.runs[token].run)
		delete(w.runs, token)
	}
	delete(w.keys, key)
	return out
}

// All returns the runs that wait, in no order.
func (w *Waits[T]) All() []T {
	out := make([]T, 0, len(w.runs))
	for _, r := range w.runs {
		out = append(out, r.run)
	}
	return out
}

// Holds reports whether a run waits for the event of a token.
func (w *Waits[T]) Holds(token string) bool { _, ok := w.runs[token]; return ok }

// Len counts the runs that wait.
func (w *Waits[T]) Len() int { return len(w.runs) }
