package main

import (
	"context"
	_ "embed"
	"errors"
	"io"
	"strings"
)

// The scripts, in which a line holds the place of the table.
var (
	//go:embed completion/bash.sh
	bashCompletion string
	//go:embed completion/zsh.sh
	zshCompletion string
)

const tableLine = "#TABLE#\n"

var completionCommand = &command{
	name: "completion", args: "bash|zsh", short: "completion for bash and zsh",
	long: `
Writes a script that completes commands, flags, verbs with their parameters, and the
ids of the calls of the server that runs.

    source <(rms completion bash)                           in ~/.bashrc
    rms completion zsh > "${fpath[1]}/_rms"`,
}

func init() { completionCommand.run = runCompletion } // it lists itself

func runCompletion(ctx context.Context, c *command, args []string, stdout, _ io.Writer) error {
	words, err := parse(c.flags(stdout), args)
	if err != nil {
		return notHelp(err)
	}
	script := ""
	switch strings.Join(words, " ") {
	case "bash":
		script = bashCompletion
	case "zsh":
		script = zshCompletion
	default:
		return usageError{errors.New("which shell? bash or zsh")}
	}
	var table strings.Builder
	for _, p := range completionTable(ctx) {
		table.WriteString("    " + quoted(p.key) + ") flags=" + quoted(strings.Join(p.flags, " ")) +
			" first=" + quoted(strings.Join(p.first, " ")) + " rest=" + quoted(strings.Join(p.rest, " ")) + " ;;\n")
	}
	_, err = io.WriteString(stdout, strings.Replace(script, tableLine, table.String(), 1))
	return err
}

// quoted is a word of a shell.
func quoted(text string) string { return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'" }
