package main

import (
	"context"
	"flag"
	"io"
	"slices"
	"strings"

	"rms/cmd/rms/ctl"
	archive "rms/cmd/rms/recordcmd"
	"rms/config"
)

// completed is what can stand behind some words of a command line. A flag or parameter
// with "=" takes a value; behind it stands which: @file, @call, words with | between
// them, or nothing that is known.
type completed struct {
	key   string   // "", a command, or "ctl" and a command or verb
	flags []string // --listen=, --text
	first []string // first word that is no flag
	rest  []string // further ones
}

// placesOf are the words behind commands that no table tells.
var placesOf = map[string][2]string{
	"check": {"@file", "@file"}, "verify": {"@file", ""}, "sink": {"rst audiosocket ws", ""}, "completion": {"bash zsh", ""},
}

// completionTable lists all commands with their flags, and the verbs.
func completionTable(ctx context.Context) []completed {
	root := completed{key: ""}
	for _, c := range commands() {
		root.first = append(root.first, c.name)
	}
	help := completed{key: "help", first: root.first}
	root.first = append(slices.Clone(root.first), "help")
	out := []completed{root, help}
	for _, c := range commands() {
		p := completed{key: c.name, flags: flagsOf(ctx, c)}
		p.first, p.rest = strings.Fields(placesOf[c.name][0]), strings.Fields(placesOf[c.name][1])
		switch c {
		case ctlCommand:
			p = ctlPlace()
		case recordingsCommand:
			p = completed{key: c.name, flags: flagWords(archive.Flags("")), first: append(archive.Names(), "help")}
		}
		out = append(out, p)
	}
	for _, c := range ctl.Commands() {
		out = append(out, commandPlace(c))
	}
	top := completed{key: "ctl top", flags: flagsOf(ctx, topCommand)}
	out = append(out, top)
	for _, name := range archive.Names() {
		p := completed{key: "recordings " + name, flags: flagWords(archive.Flags(name))}
		if name != "list" {
			p.first, p.rest = []string{"@recording"}, []string{"@recording"}
		}
		out = append(out, p)
	}
	for _, v := range ctl.OwnVerbs() {
		out = append(out, verbPlaces(v)...)
	}
	return out
}

// flagCatcher is the output of a command that is asked for its flags only.
type flagCatcher struct{ fs *flag.FlagSet }

func (*flagCatcher) Write(p []byte) (int, error) { return len(p), nil }

// flagsOf lists the flags of a command by asking it for help.
func flagsOf(ctx context.Context, c *command) []string {
	if c == ctlCommand || c == recordingsCommand {
		return nil
	}
	catcher := &flagCatcher{}
	if err := c.run(ctx, c, []string{"--help"}, catcher, io.Discard); err != nil || catcher.fs == nil {
		return nil
	}
	return flagWords(catcher.fs)
}

// pathKeys are the ends of keys whose value is a file or a folder.
var pathKeys = []string{"file", "dir", "tls_cert", "tls_key", ".socket", ".records", ".roots"}

// flagWords spells the flags of a set.
func flagWords(fs *flag.FlagSet) []string {
	values := map[string]string{}
	for _, k := range config.Keys() {
		value := strings.Join(k.One, "|")
		if slices.ContainsFunc(pathKeys, func(end string) bool { return strings.HasSuffix(k.Path, end) }) {
			value = "@file"
		}
		values[k.Flag], values[k.Short] = value, value
	}
	out := []string{"--help"}
	fs.VisitAll(func(f *flag.Flag) {
		word := "--" + f.Name
		if len(f.Name) == 1 {
			word = "-" + f.Name
		}
		if b, ok := f.Value.(interface{ IsBoolFlag() bool }); !ok || !b.IsBoolFlag() {
			word += "="
			kind, _ := flag.UnquoteUsage(f)
			switch {
			case kind == "file" || kind == "path" || kind == "folder":
				word += "@file"
			case kind == "CALL":
				word += "@call"
			default:
				word += values[f.Name]
			}
		}
		out = append(out, word)
	})
	return out
}

// ctlFlags are those that every command of ctl has.
func ctlFlags() *flag.FlagSet {
	fs := flag.NewFlagSet("rms ctl", flag.ContinueOnError)
	new(ctl.Place).Declare(fs)
	fs.Bool("json", false, "")
	return fs
}

// ctlPlace lists what can stand behind "rms ctl".
func ctlPlace() completed {
	p := completed{key: "ctl", flags: flagWords(ctlFlags())}
	for _, c := range ctl.Commands() {
		p.first = append(p.first, c.Name)
	}
	p.first = append(p.first, "top", "help")
	for _, v := range ctl.OwnVerbs() {
		if ctl.FindCommand(v.Name) == nil {
			p.first = append(p.first, v.Name)
		} else {
			p.first = append(p.first, "rms_"+v.Name)
		}
	}
	return p
}

func commandPlace(c *ctl.Command) completed {
	fs := ctlFlags()
	c.Flags(fs)
	p := completed{key: "ctl " + c.Name, flags: flagWords(fs), first: c.Words, rest: c.Rest}
	if c.Call {
		p.first = append([]string{"@call"}, c.Words...)
	}
	return p
}

// verbPlaces are those of a verb, under its name where no command of ctl has that.
func verbPlaces(v ctl.Verb) []completed {
	fs := ctlFlags()
	fs.String("wait", "", "")
	p := completed{key: "ctl rms_" + v.Name, flags: flagWords(fs), first: []string{"@call"}}
	for _, param := range v.Params {
		word := param.Name + "="
		switch {
		case len(param.Enum) > 0:
			word += strings.Join(param.Enum, "|")
		case param.Kind == "boolean":
			word += "true|false"
		case param.Name == "file" || param.Name == "prompt" || strings.HasPrefix(param.Name, "tls_c"):
			word += "@file"
		}
		p.rest = append(p.rest, word)
	}
	if v.NoCall {
		p.first = append(p.first, p.rest...)
	}
	out := []completed{p}
	if ctl.FindCommand(v.Name) == nil {
		p.key = "ctl " + v.Name
		out = append(out, p)
	}
	return out
}
