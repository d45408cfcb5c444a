// Command rms is a SIP and RTP media server: it answers calls, runs a script and
// plays prompts, beside Kamailio or alone. "rms demo" shows it in one step.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// Exit codes of every command.
const (
	exitOK    = 0
	exitError = 1 // it was tried and did not work
	exitUsage = 2 // it could not be tried: wrong words, wrong configuration
)

// usageError is a mistake on the command line.
type usageError struct{ error }

// quiet is an error that the command has explained already.
var errQuiet = errors.New("explained already")

// run executes one command line and returns the exit code.
func run(ctx context.Context, args []string, stdout, stderr io.Writer) int {
	if len(args) == 0 {
		args = []string{"serve"}
	}
	name := args[0]
	if name == "help" || name == "-h" || name == "--help" || name == "-help" {
		return help(ctx, args[1:], stdout, stderr)
	}
	if name == "--version" || name == "-version" || name == "-v" {
		name = "version"
		args = []string{name}
	}
	if strings.HasPrefix(name, "-") { // rms --listen ... is rms serve --listen ...
		name, args = "serve", append([]string{"serve"}, args...)
	}
	c := find(name)
	if c == nil {
		fmt.Fprintf(stderr, "rms: there is no command %q; \"rms help\" lists them\n", name)
		return exitUsage
	}
	err := c.run(ctx, c, args[1:], stdout, stderr)
	var wrong usageError
	var coded interface{ ExitCode() int }
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errQuiet):
		return exitError
	case errors.As(err, &wrong):
		fmt.Fprintf(stderr, "rms %s: %v\n", name, err)
		return exitUsage
	}
	fmt.Fprintf(stderr, "rms %s: %v\n", name, err)
	if errors.As(err, &coded) {
		return coded.ExitCode()
	}
	return exitError
}
