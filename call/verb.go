package call

import (
	"fmt"
	"sort"
	"strings"
)

// Verb is something that a script, an HTTP client or an Event Socket client
// tells a call to do. It is declared once, in a file verb_<name>.go, and every
// door offers it from this table with the same checks and the same errors.
type Verb struct {
	Name    string   // without prefix: "play" is rms_play, rms.play and KSR.rtp_media_server.rms_play
	Aliases []string // other names for the same verb, also without prefix
	Doc     string   // what it does, for docs/verbs.md and --help
	Result  string   // what it returns on success, for docs/verbs.md
	Params  []Param  // in the order of positional arguments

	// NoCall tells that the verb also works where there is no call, as in a
	// request route that handles an OPTIONS from outside a dialog.
	NoCall bool

	// Free tells that Run is called on the goroutine of whoever uses the verb, and not
	// on the call's: it may wait for any call, and for the clock.
	Free bool

	// Waits names the Route parameter whose event comes exactly once for each use that
	// did not fail: scripts then have <name>_wait, which goes on when it has come. With
	// Pauses the plain name does the same when it is given no route.
	Waits  string
	Pauses bool

	// Run does the work. It runs on the goroutine of the call (with NoCall and
	// no call: on the caller's), must not block, and gets arguments that have
	// passed Bind. Its result is nil (= true) or a plain value: bool, int64,
	// float64, string, map[string]any, []any.
	Run func(x *Exec, a Args) (any, error)

	wait *Verb // see WaitForm
}

// Kind is the type of a parameter.
type Kind int

// The kinds of parameters. A Duration is given in seconds (a number) or as a
// string with a unit ("250ms"); a Route is the name of an event route in the
// script, checked before the verb runs.
const (
	String Kind = iota
	Int
	Float
	Bool
	Duration
	Route
	Value // any plain value
)

// String names the kind as the documents and the error messages do.
func (k Kind) String() string {
	return [...]string{"string", "integer", "number", "boolean", "duration", "route name", "value"}[k]
}

// article is String with the article that fits.
func (k Kind) article() string {
	if k == Int {
		return "an " + k.String()
	}
	return "a " + k.String()
}

// Param describes one parameter of a verb.
type Param struct {
	Name     string
	Kind     Kind
	Required bool
	Default  any      // used when the argument is missing; nil means absent
	Unit     string   // "ms", "s", "dB": empty when it has none
	Enum     []string // allowed values; empty means any
	Min, Max float64  // bounds of Int, Float and Duration (seconds) when Max > Min
	Doc      string
}

var verbs = map[string]*Verb{}

// Register adds a verb to the table. It is called from init of the verb's own
// file and panics when a name is taken, which is a programming mistake.
func Register(v *Verb) {
	for _, n := range append([]string{v.Name}, v.Aliases...) {
		if _, taken := verbs[n]; taken {
			panic("call: verb registered twice: " + n) //nolint:forbidigo // found at start
		}
		verbs[n] = v
	}
	v.wait = v.withoutRoute()
}

// Lookup finds a verb by its name or alias, without the prefix "rms_".
func Lookup(name string) (*Verb, bool) {
	v, ok := verbs[strings.TrimPrefix(name, "rms_")]
	return v, ok
}

// Verbs lists the table by name, aliases not repeated.
func Verbs() []*Verb {
	out := make([]*Verb, 0, len(verbs))
	for n, v := range verbs {
		if n == v.Name {
			out = append(out, v)
		}
	}
	sort.Slice(out, func(i, j int) bool { return out[i].Name < out[j].Name })
	return out
}

// Later names the verbs that are planned but not there: a script that uses one
// is told so, instead of "unknown verb".
var later = map[string]string{
	"bridge": "bridges", "call": "originated calls", "join": "conferences", "transfer": "transfers",
}

// Unknown is the error for a verb that is not in the table.
func Unknown(name string) error {
	name = strings.TrimPrefix(name, "rms_")
	if what, ok := later[name]; ok {
		return &ArgError{Verb: name, Text: "not available: this version of rms has no " + what}
	}
	return &ArgError{Verb: name, Text: "unknown verb (known: " + known() + ")"}
}

func known() string {
	var names []string
	for _, v := range Verbs() {
		names = append(names, v.Name)
	}
	return strings.Join(names, ", ")
}

// ArgError says that a verb was called wrongly: an unknown verb or parameter, a
// missing argument, a wrong type. Scripts raise it with file and line.
type ArgError struct {
	Verb, Text string
}

func (e *ArgError) Error() string { return fmt.Sprintf("rms_%s: %s", e.Verb, e.Text) }
