package sandbox

import (
	"github.com/rs/zerolog"

	"rms/call"
)

// Exec is one run of a route as the script engine sees it: a *call.Exec, or a
// stand-in of a test.
type Exec interface {
	Key() string              // runs with the same key follow one another
	CallID() string           // "" outside a call
	Event() *call.Event       // what started the run; may be nil
	Info() call.Info          // of the current request, else of the INVITE
	Method() string           // of the current request; "" in event routes
	HasToTag() bool           // of the current request
	Header(string) []string   // of the current request, else of the INVITE
	PV(string) (string, bool) // value of a pseudo-variable such as "$rU"
	Log() *zerolog.Logger

	// Invoke runs a verb on the call's goroutine and waits. A *call.ArgError is
	// a mistake in the script, any other error the reason why it did not work.
	Invoke(*call.Verb, call.Args) (any, error)

	// Reply answers the current request.
	Reply(code int, reason string) error
}

// Adapt makes an Exec of a run that package call handed out.
func Adapt(x *call.Exec) Exec { return adapter{x} }

// adapter turns the field Event into a method.
type adapter struct{ *call.Exec }

func (a adapter) Event() *call.Event { return a.Exec.Event }
