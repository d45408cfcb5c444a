package ctl

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// Place is how the server of a command line is found.
type Place struct {
	Socket, URL, Token, CA string
	Config                 string // file with the server's configuration
}

// Connect returns the client for the flags of a command line.
type Connect func(p Place) (*Client, error)

// flags are those that every command has.
type flags struct {
	place Place
	json  bool
	wait  string
}

// Declare declares the flags that every command has.
func (p *Place) Declare(fs *flag.FlagSet) {
	fs.StringVar(&p.Socket, "socket", "", "`path` of the server's unix socket (also RMS_CTL_SOCKET)")
	fs.StringVar(&p.URL, "url", "", "`URL` of the server, when it is not on this machine (also RMS_CTL_URL)")
	fs.StringVar(&p.Token, "token", "", "its `token`: better in RMS_CTL_TOKEN, where other users do not see it")
	fs.StringVar(&p.CA, "ca", "", "PEM `file` that its certificate is checked with; empty: the system's")
	fs.StringVar(&p.Config, "c", "", "YAML `file` with the server's configuration, which says where it is")
}

// Run executes the words behind "rms ctl".
func Run(ctx context.Context, args []string, e Env, connect Connect, helped func(*flag.FlagSet)) error {
	var f flags
	fs := flag.NewFlagSet("rms ctl", flag.ContinueOnError)
	fs.SetOutput(io.Discard)
	f.place.Declare(fs)
	fs.BoolVar(&f.json, "json", false, "print JSON")
	name, before, rest := CommandWord(fs, args)
	if name == "help" {
		if name, _, rest = CommandWord(fs, rest); name != "" {
			rest = append([]string{"--help"}, rest...)
		}
	}
	c := FindCommand(name)
	var run func(context.Context, *Env, []string) error
	if c != nil {
		run = c.Flags(fs)
	} else if name != "" {
		fs.StringVar(&f.wait, "wait", "", "wait for the verb's event, so `long` at most: 30s")
	}
	words, help, err := parse(fs, append(before, rest...), c == nil)
	if err != nil {
		return err
	}
	if name == "" && !help {
		help = true
	}
	if help && c != nil {
		c.help(e.Out)
		helped(fs)
		return nil
	}
	if e.Client, err = connect(f.place); err != nil {
		return err
	}
	defer e.Client.Close()
	e.JSON = f.json
	switch {
	case name == "":
		overview(ctx, &e)
		helped(fs)
		return nil
	case c != nil:
		return run(ctx, &e, words)
	}
	return e.verb(ctx, name, words, help, f.wait, func() { helped(fs) })
}

// CommandWord finds the first word that is no flag of a set nor the value of one.
func CommandWord(fs *flag.FlagSet, args []string) (name string, before, rest []string) {
	for i := 0; i < len(args); i++ {
		word := args[i]
		if !strings.HasPrefix(word, "-") || word == "-" {
			return word, args[:i:i], args[i+1:]
		}
		if known := fs.Lookup(strings.TrimLeft(word, "-")); known != nil && !isBool(known) {
			i++
		}
	}
	return "", args, nil
}

func isBool(f *flag.Flag) bool {
	b, ok := f.Value.(interface{ IsBoolFlag() bool })
	return ok && b.IsBoolFlag()
}

// parse reads flags, which may stand behind words, and returns the words. A number
// with a minus is a word. With verb, what is behind -- is too.
func parse(fs *flag.FlagSet, args []string, verb bool) (words []string, help bool, err error) {
	fs.Usage = func() {}
	for len(args) > 0 {
		_, notNumber := strconv.ParseFloat(args[0], 64)
		if args[0] == "-" || !strings.HasPrefix(args[0], "-") || notNumber == nil {
			words, args = append(words, args[0]), args[1:]
			continue
		}
		if args[0] == "--" {
			return append(words, args[1:]...), help, nil
		}
		err := fs.Parse(args)
		switch {
		case errors.Is(err, flag.ErrHelp):
			help, args = true, args[1:]
			continue
		case err != nil && verb:
			return nil, false, usage("%w (a value that begins with a minus goes behind --)", err)
		case err != nil:
			return nil, false, usage("%w (--help lists the flags)", err)
		}
		left := fs.Args()
		if len(left) < len(args) && args[len(args)-len(left)-1] == "--" {
			return append(words, left...), help, nil
		}
		args = left
	}
	return words, help, nil
}

// verb runs a verb, or says what it takes.
func (e *Env) verb(ctx context.Context, name string, words []string, help bool, wait string, helped func()) error {
	v, err := e.Client.Verb(ctx, name)
	if err != nil && help {
		v, err = ownVerb(name), nil // without a server: this program's table
	}
	switch {
	case err != nil:
		return err
	case v == nil:
		return usage("there is no command or verb %q; \"rms ctl\" lists them", Clean(name))
	case help:
		v.Help(e.Out)
		helped()
		return nil
	}
	id := ""
	if len(words) > 0 && e.Client.isCall(ctx, v, words[0]) {
		if id, err = e.Client.Find(ctx, words[0]); err != nil {
			return err
		}
		words = words[1:]
	} else if !v.NoCall {
		return usage("rms_%s is for a call: rms ctl %s CALL ...; \"rms ctl calls\" lists them", v.Name, v.Name)
	}
	answer, err := e.Client.Use(ctx, v, id, words, wait)
	if err != nil {
		return err
	}
	if e.JSON {
		return printJSON(e.Out, answer)
	}
	return show(e.Out, answer)
}

func ownVerb(name string) *Verb {
	name = strings.TrimPrefix(name, "rms_")
	for _, v := range OwnVerbs() {
		if v.Name == name {
			return &v
		}
	}
	return nil
}

func (c *Command) help(w io.Writer) {
	fmt.Fprintf(w, "rms ctl %s: %s\n\n    %s\n", c.Name, c.Short, strings.TrimSpace("rms ctl "+c.Name+" "+c.Args))
	if c.Long != "" {
		fmt.Fprintf(w, "\n%s\n", strings.TrimSpace(c.Long))
	}
}

// overview lists commands and verbs.
func overview(ctx context.Context, e *Env) {
	fmt.Fprint(e.Out, "rms ctl: look at a server that runs, and tell it what to do.\n\n    rms ctl COMMAND [flags]      rms ctl COMMAND --help\n\n")
	for _, c := range Commands() {
		fmt.Fprintf(e.Out, "  %-8s %s\n", c.Name, c.Short)
	}
	fmt.Fprintf(e.Out, "  %-8s %s\n", "top", "a live table of calls (also: rms top)")
	verbs, err := e.Client.Verbs(ctx)
	if err != nil {
		verbs = OwnVerbs()
	}
	fmt.Fprint(e.Out, "\nVerbs, each for a CALL: rms ctl play CALL welcome.wav. An id may be shortened to what tells it apart.\n\n")
	printVerbs(e.Out, verbs)
	fmt.Fprint(e.Out, "\nExit status: 0 done, 1 it did not work, 2 wrong words, 3 no server, 4 no such call.\n")
}

func printVerbs(w io.Writer, verbs []Verb) {
	for i := range verbs {
		v := &verbs[i]
		doc, _, _ := strings.Cut(Clean(v.Doc), ". ")
		fmt.Fprintln(w, strings.TrimRight(Fit(fmt.Sprintf("  %-20s %s", Clean(v.Name), doc), 100), " "))
	}
}

// isNoServer is errors.As for a server that does not answer.
func isNoServer(err error, to **NoServerError) bool { return errors.As(err, to) }
