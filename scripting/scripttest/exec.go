// Package scripttest stands in for a call in tests of script engines.
//
//	x := &scripttest.Exec{SIPMethod: "INVITE"}
//	err := state.Run(x, "route")
//	fmt.Println(x.Done) // [answer() play(file=a.wav, route=(wait))]
//	err = state.Run(x, x.Wake("reason", "done")) // goes on behind rms.play_wait
package scripttest

import (
	"fmt"
	"io"
	"strings"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/scripting/sandbox"
)

var _ sandbox.Exec = (*Exec)(nil)

// Exec is a call that writes down what is asked of it. Its fields may be set
// before a run and read after it.
type Exec struct {
	Name      string // Key and CallID
	SIPMethod string
	ToTag     bool
	About     call.Info
	Started   *call.Event
	Headers   map[string][]string
	PVs       map[string]string
	Out       io.Writer // log lines as JSON

	// Do, when set, decides what verbs do.
	Do func(v *call.Verb, a call.Args) (any, error)

	Done    []string // verbs with their arguments, in order: "play(file=a.wav)"
	Replies []string // "486 Busy Here"
	Vars    map[string]any
	Waits   []string // tokens of verbs that the script waits for, oldest first
}

// Wake takes the oldest token off Waits and makes Started the event that ends the
// wait, with names and values of fields in turn.
func (x *Exec) Wake(fields ...any) (token string) {
	if len(x.Waits) == 0 {
		return ""
	}
	token, x.Waits = x.Waits[0], x.Waits[1:]
	x.Started = &call.Event{Name: token}
	for i := 0; i+1 < len(fields); i += 2 {
		x.Started.Fields = append(x.Started.Fields, call.Field{Name: fmt.Sprint(fields[i]), Value: fields[i+1]})
	}
	return token
}

// Key returns Name.
func (x *Exec) Key() string { return x.Name }

// CallID returns Name.
func (x *Exec) CallID() string { return x.Name }

// Event returns Started.
func (x *Exec) Event() *call.Event { return x.Started }

// Info returns About.
func (x *Exec) Info() call.Info { return x.About }

// Method returns SIPMethod.
func (x *Exec) Method() string { return x.SIPMethod }

// HasToTag returns ToTag.
func (x *Exec) HasToTag() bool { return x.ToTag }

// Header returns the values of a header field.
func (x *Exec) Header(name string) []string { return x.Headers[name] }

// PV returns a pseudo-variable.
func (x *Exec) PV(name string) (string, bool) { v, ok := x.PVs[name]; return v, ok }

// Log returns a logger that writes to Out.
func (x *Exec) Log() *zerolog.Logger {
	l := zerolog.Nop()
	if x.Out != nil {
		l = zerolog.New(x.Out)
	}
	return &l
}

// Reply writes the answer down.
func (x *Exec) Reply(code int, reason string) error {
	x.Replies = append(x.Replies, fmt.Sprintf("%d %s", code, reason))
	return nil
}

// Invoke writes the verb down. The verbs get and set work on Vars.
func (x *Exec) Invoke(v *call.Verb, a call.Args) (any, error) {
	var args []string
	var token string
	for _, p := range v.Params {
		switch value := a.Value(p.Name); {
		case !a.Has(p.Name):
		case call.IsWait(a.String(p.Name)):
			args, token = append(args, p.Name+"=(wait)"), a.String(p.Name)
		default:
			args = append(args, fmt.Sprintf("%s=%v", p.Name, value))
		}
	}
	switch v.Name {
	case "get":
		return x.Vars[a.String(v.Params[0].Name)], nil
	case "set":
		if x.Vars == nil {
			x.Vars = map[string]any{}
		}
		x.Vars[a.String(v.Params[0].Name)] = a.Value(v.Params[1].Name)
		return nil, nil
	}
	x.Done = append(x.Done, v.Name+"("+strings.Join(args, ", ")+")")
	if x.Do != nil {
		result, err := x.Do(v, a)
		if err != nil {
			return result, err
		}
		x.wait(token)
		return result, nil
	}
	x.wait(token)
	return nil, nil
}

func (x *Exec) wait(token string) {
	if token != "" {
		x.Waits = append(x.Waits, token)
	}
}
