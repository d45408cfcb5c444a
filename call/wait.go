package call

import (
	"maps"
	"slices"
	"strconv"
	"strings"
)

// A script that waits gives a verb a token in place of the name of a route, and goes
// on when the event of that name comes. No script can write one: Bind refuses NUL.
const waitPrefix = "\x00wait:"

// waitSuffix makes the name of a verb that waits.
const waitSuffix = "_wait"

// WaitToken names the n-th wait of a script engine, for the event of a verb.
func WaitToken(verb string, n uint64) string {
	return waitPrefix + verb + ":" + strconv.FormatUint(n, 10)
}

// IsWait reports whether the name of a route is a token of WaitToken. A Router has
// all of them.
func IsWait(route string) bool { return strings.HasPrefix(route, waitPrefix) }

// WaitForm returns what scripts call to use the verb and to wait for its event: the
// verb under the name <name>_wait without the parameter of the route; nil when its
// event does not come exactly once. It is for Bind only: run the verb itself, with
// Await.
func (v *Verb) WaitForm() *Verb { return v.wait }

// LookupWait finds a verb by the name of its waiting form, without "rms_".
func LookupWait(name string) (*Verb, bool) {
	base, ok := strings.CutSuffix(name, waitSuffix)
	if !ok {
		return nil, false
	}
	v, ok := Lookup(base)
	return v, ok && v.wait != nil
}

// Await returns the arguments with a token as the route that the verb's event names.
func (v *Verb) Await(a Args, token string) Args {
	values := make(map[string]any, len(a.values)+1)
	maps.Copy(values, a.values)
	values[v.Waits] = token
	return Args{values: values}
}

// Waiting reports whether a use of the plain name with these arguments waits.
func (v *Verb) Waiting(a Args) bool { return v.Pauses && a.String(v.Waits) == "" }

func (v *Verb) withoutRoute() *Verb {
	if v.Waits == "" {
		return nil
	}
	w := *v
	w.Name, w.Aliases, w.Waits, w.Pauses, w.Params = v.Name+waitSuffix, nil, "", false, nil
	w.Doc = "Does what " + v.Name + " does and goes on below when its event has come, with the fields of the event. " + v.Doc
	w.Result = "the fields of the event"
	for i := range v.Params {
		if v.Params[i].Name != v.Waits {
			w.Params = append(w.Params, v.Params[i])
		}
	}
	return &w
}

// shown is an event as others than the script see it: that of a wait has the name of
// the verb that is waited for, and digits that were to be masked are.
func shown(ev *Event) *Event {
	verb, waited := strings.CutPrefix(ev.Name, waitPrefix)
	if !waited && !ev.secret {
		return ev
	}
	named := *ev
	if waited {
		verb, _, _ = strings.Cut(verb, ":")
		named.Name = "rms:" + verb + waitSuffix
	}
	if ev.secret {
		named.Fields = masked(ev.Fields)
	}
	return &named
}

// masked returns the fields with stars for keys.
func masked(fields []Field) []Field {
	out := slices.Clone(fields)
	for i := range out {
		if s, ok := out[i].Value.(string); ok && slices.Contains(keyFields, out[i].Name) {
			out[i].Value = strings.Repeat("*", len(s))
		}
	}
	return out
}

// keyFields are the fields of events that hold keys.
var keyFields = []string{"digit", "digits", "terminator"}
