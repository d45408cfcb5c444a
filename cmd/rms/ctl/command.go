package ctl

import (
	"context"
	"flag"
	"io"
)

// Env is what a command works with.
type Env struct {
	Client   *Client
	Out, Err io.Writer
	JSON     bool
	Terminal bool // Out is one
}

// Command is a word behind "rms ctl" that is no verb.
type Command struct {
	Name  string
	Args  string // behind the name, for the usage line
	Short string // one line
	Long  string // paragraphs
	// Call tells that the first argument is a call, Words what else it may be, Rest what
	// stands behind it: for completion.
	Call        bool
	Words, Rest []string

	// Flags declares the flags of the command and returns what runs it.
	Flags func(fs *flag.FlagSet) func(ctx context.Context, e *Env, words []string) error
}

// Commands lists them in the order of the help. All verbs are commands too.
func Commands() []*Command {
	return []*Command{
		statusCommand, callsCommand, callCommand, eventsCommand, traceCommand, graphCommand, apiCommand, verbsCommand,
		reloadCommand, drainCommand, logCommand, versionCommand,
	}
}

// FindCommand returns the command of a name, nil when there is none.
func FindCommand(name string) *Command {
	for _, c := range Commands() {
		if c.Name == name {
			return c
		}
	}
	return nil
}

// noFlags is Flags of a command without any.
func noFlags(run func(ctx context.Context, e *Env, words []string) error) func(*flag.FlagSet) func(context.Context, *Env, []string) error {
	return func(*flag.FlagSet) func(context.Context, *Env, []string) error { return run }
}

// list is a flag that may be given several times, or with commas.
type list []string

func (l *list) String() string { return "" }

func (l *list) Set(value string) error {
	*l = append(*l, value)
	return nil
}
