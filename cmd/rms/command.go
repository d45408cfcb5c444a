package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strings"
)

// command is one sub-command of rms.
type command struct {
	name  string
	args  string // after the name, for the usage line
	short string // one line
	long  string // paragraphs, examples
	run   func(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error
}

// commands lists the sub-commands in the order of the help.
func commands() []*command {
	return []*command{
		serveCommand, ctlCommand, topCommand, callCommand, demoCommand, graphCommand, sinkCommand, loadCommand, checkCommand, recordingsCommand, verifyCommand,
		configCommand, completionCommand, versionCommand,
	}
}

func find(name string) *command {
	for _, c := range commands() {
		if c.name == name {
			return c
		}
	}
	return nil
}

// help prints what there is, or the help of one command.
func help(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) > 0 {
		c := find(args[0])
		if c == nil {
			fmt.Fprintf(stderr, "rms help: there is no command %q\n", args[0])
			return exitUsage
		}
		if err := c.run(ctx, c, []string{"--help"}, stdout, stderr); err != nil {
			return exitError
		}
		return exitOK
	}
	fmt.Fprint(stdout, "rms is a SIP and RTP media server: it answers calls, runs a script and plays prompts.\n\n",
		"    rms COMMAND [flags]          rms help COMMAND\n\n")
	for _, c := range commands() {
		fmt.Fprintf(stdout, "  %-11s %s\n", c.name, c.short)
	}
	fmt.Fprint(stdout, "\nWithout a command rms serves on UDP and TCP port 5060 with its own script and prompts.\n",
		"Try \"rms demo\" first: it starts a server, calls it and shows what was heard.\n")
	return exitOK
}

// flags returns a flag set that prints the command's help in full.
func (c *command) flags(stdout io.Writer) *flag.FlagSet {
	fs := flag.NewFlagSet("rms "+c.name, flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	fs.Usage = func() {
		if catcher, ok := stdout.(*flagCatcher); ok {
			catcher.fs = fs
			return
		}
		fmt.Fprintf(stdout, "rms %s: %s\n\n    rms %s %s\n\n%s\n", c.name, c.short, c.name, c.args, strings.TrimSpace(c.long))
		printFlags(stdout, fs)
	}
	return fs
}

// errHelp says that help was asked for and printed.
var errHelp = errors.New("help")

// parse reads flags and returns the other words, in any order: flags may come
// after words. Help is printed when it is asked for, not after a mistake, which it
// would push off the screen.
func parse(fs *flag.FlagSet, args []string) ([]string, error) {
	var words []string
	help := fs.Usage
	fs.Usage = func() {}
	args = joinBools(fs, args)
	for {
		if err := fs.Parse(args); err != nil {
			if errors.Is(err, flag.ErrHelp) {
				help()
				return nil, errHelp
			}
			return nil, usageError{fmt.Errorf("%w (\"%s --help\" lists the flags)", err, fs.Name())}
		}
		if fs.NArg() == 0 {
			return words, nil
		}
		words = append(words, fs.Arg(0))
		args = fs.Args()[1:]
	}
}

// joinBools lets a boolean flag have its value as a word of its own, as the others do:
// --rst.write_hex true.
func joinBools(fs *flag.FlagSet, args []string) []string {
	out := make([]string, 0, len(args))
	for i := 0; i < len(args); i++ {
		a := args[i]
		if a == "--" {
			return append(out, args[i:]...)
		}
		f := fs.Lookup(strings.TrimLeft(a, "-"))
		if f == nil || !strings.HasPrefix(a, "-") || !isBool(f) || i+1 == len(args) || args[i+1] != "true" && args[i+1] != "false" {
			out = append(out, a)
			continue
		}
		out = append(out, a+"="+args[i+1])
		i++
	}
	return out
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}
