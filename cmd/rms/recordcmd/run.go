// Package recordcmd is behind "rms recordings": it lists, shows, plays, exports, holds
// and removes what rms recorded, in a folder on this machine or at a server that runs.
package recordcmd

import (
	"context"
	"flag"
	"fmt"
	"io"
	"strings"

	"rms/cmd/rms/ctl"
)

// Env is what a command works with.
type Env struct {
	Out, Err     io.Writer
	Terminal     bool // Out is one
	ErrTerminal  bool // Err is one: progress is shown there
	Width        int  // of the terminal in characters; 0: 80
	Color, ASCII bool
	By           string                                            // who sits here, for the books
	Root         func(config string) (root, key string, err error) // of a configuration; key "": inside the root
	Connect      ctl.Connect                                       // to a server that runs
	Verify       func(ctx context.Context, words []string) error   // "rms verify"
	Parse        func(*flag.FlagSet, []string) ([]string, error)   // flags and words in any order
	PrintFlags   func(*flag.FlagSet)                               // for help
	place        ctl.Place
	root         string
	json         bool
}

// command is one word behind "rms recordings".
type command struct {
	name, args, short, long string
	flags                   func(fs *flag.FlagSet) func(ctx context.Context, e *Env, words []string) error
}

func commands() []*command {
	return []*command{listCommand, showCommand, playCommand, exportCommand, verifyCommand, uploadCommand, holdCommand, releaseCommand, deleteCommand}
}

// Names lists the commands in the order of the help.
func Names() []string {
	var names []string
	for _, c := range commands() {
		names = append(names, c.name)
	}
	return names
}

// Flags returns the flags of a command, of all when name is "".
func Flags(name string) *flag.FlagSet {
	e := &Env{}
	fs := e.flagSet("rms recordings " + name)
	for _, c := range commands() {
		if c.name == name {
			c.flags(fs)
		}
	}
	return fs
}

func (e *Env) flagSet(name string) *flag.FlagSet {
	fs := flag.NewFlagSet(name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.StringVar(&e.root, "root", "", "`folder` with the recordings; empty: record.root of the configuration")
	fs.BoolVar(&e.json, "json", false, "print JSON")
	e.place.Declare(fs)
	return fs
}

// Run executes the words behind "rms recordings".
func (e *Env) Run(ctx context.Context, args []string) error {
	name, before, rest := ctl.CommandWord(e.flagSet("rms recordings"), args)
	if name == "help" {
		name, before, rest = ctl.CommandWord(e.flagSet("rms recordings"), rest)
		rest = append([]string{"--help"}, rest...)
	}
	var c *command
	for _, known := range commands() {
		if known.name == name {
			c = known
		}
	}
	if c == nil {
		if name != "" {
			return ctl.UsageErrorf("there is no command %q; rms recordings has %s", ctl.Clean(name), strings.Join(Names(), ", "))
		}
		e.overview()
		return nil
	}
	fs := e.flagSet("rms recordings " + name)
	run := c.flags(fs)
	fs.Usage = func() { e.help(c, fs) }
	words, err := e.Parse(fs, append(before, rest...))
	if err != nil {
		return err
	}
	return run(ctx, e, words)
}

// help prints what a command does.
func (e *Env) help(c *command, fs *flag.FlagSet) {
	fmt.Fprintf(e.Out, "rms recordings %s: %s\n\n    %s\n\n%s\n", c.name, c.short,
		strings.TrimSpace("rms recordings "+c.name+" "+c.args), strings.TrimSpace(c.long))
	e.PrintFlags(fs)
}

// Overview is what "rms recordings --help" tells.
const Overview = `
Works on the folder that the server records into (--root, else record.root of the
configuration), whether the server runs or not; what only the server may do while it
runs goes to it by itself. With --url or --socket all of it is asked of that server.

REC is the ID of a recording or its beginning, the name of a file, or the word last.

    rms recordings list --from 2026-07-01 --call 5f0c9a...
    rms recordings show last                     the waveform, here
    rms recordings show last --svg call.svg      and for a browser
    rms recordings export 9f3a --side caller -o caller.wav
    rms recordings hold 9f3a --why "case 4711"`

func (e *Env) overview() {
	fmt.Fprint(e.Out, "rms recordings: list, show, play, export and keep what was recorded\n\n    rms recordings COMMAND [flags]      rms recordings COMMAND --help\n\n")
	for _, c := range commands() {
		fmt.Fprintf(e.Out, "  %-8s %s\n", c.name, c.short)
	}
	fmt.Fprintln(e.Out, Overview)
	e.PrintFlags(e.flagSet("rms recordings"))
}

// one returns the only word.
func one(words []string) (string, error) {
	switch len(words) {
	case 0:
		return "", ctl.UsageErrorf("which REC? An ID, the beginning of one, a file, or last; \"rms recordings list\" lists them")
	case 1:
		return words[0], nil
	}
	return "", ctl.UsageErrorf("unexpected word %q", ctl.Clean(words[1]))
}
