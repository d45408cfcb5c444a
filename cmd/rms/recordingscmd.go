package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"
	"os/user"
	"strings"

	"golang.org/x/term"

	archive "rms/cmd/rms/recordcmd"
	"rms/config"
)

var recordingsCommand = &command{
	name: "recordings", args: "COMMAND [flags]", short: "list, show, play, export and keep what was recorded",
	run: runRecordings,
}

func runRecordings(ctx context.Context, _ *command, args []string, stdout, stderr io.Writer) error {
	e := &archive.Env{
		Out: stdout, Err: stderr, Terminal: isTerminal(stdout), ErrTerminal: isTerminal(stderr), Color: isTerminal(stdout) && os.Getenv("NO_COLOR") == "",
		ASCII: os.Getenv("TERM") == "dumb", By: whoIsHere(), Root: recordRoot, Connect: connect, Parse: parse,
		PrintFlags: func(fs *flag.FlagSet) { printFlags(stdout, fs) },
		Verify: func(ctx context.Context, words []string) error {
			return verifyCommand.run(ctx, verifyCommand, words, stdout, stderr)
		},
	}
	if file, ok := stdout.(*os.File); ok && e.Terminal {
		e.Width = terminalWidth(file)
	}
	err := e.Run(ctx, args)
	if errors.Is(err, errHelp) {
		return nil
	}
	return ctlError(err)
}

// terminalWidth is how wide a terminal is, 0 when it does not say.
func terminalWidth(f *os.File) int {
	w, _, err := term.GetSize(int(f.Fd()))
	if err != nil {
		return 0
	}
	return w
}

// recordRoot is where the server of this machine records, and where its key is.
func recordRoot(file string) (root, key string, err error) {
	if file == "" {
		file = os.Getenv(envFile)
	}
	cfg, err := config.Load(config.Options{File: file, Env: os.Environ()})
	if err != nil {
		return "", "", usageError{err}
	}
	if cfg.Record.Root == "" {
		return "", "", usageError{errors.New("the configuration records nothing (record.root is empty): --root names a folder")}
	}
	if key = cfg.Record.Key; key == "auto" {
		key = ""
	}
	return cfg.Record.Root, key, nil
}

// whoIsHere is who the books say has looked.
func whoIsHere() string {
	name := "somebody"
	if u, err := user.Current(); err == nil {
		name = u.Username
	}
	return "cli " + strings.ToValidUTF8(name, "?")
}
