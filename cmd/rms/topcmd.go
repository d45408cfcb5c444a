package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"rms/cmd/rms/ctl"
	"rms/cmd/rms/ctl/top"
)

var topCommand = &command{
	name: "top", args: "[flags]", short: "a live table of the calls of a server that runs",
	long: `
Shows the calls of a server and how it is doing, anew each second: sorted by any
column, filtered, with details of one call. ? lists the keys. It can be left open:
when the server is started anew it goes on. Where the output is no terminal it is a
line each second.

    rms top
    rms top --url https://pbx.example.com:8443     the token is in RMS_CTL_TOKEN
    rms top -n 1 | cat                             one line`,
	run: runTop,
}

func runTop(ctx context.Context, c *command, args []string, stdout, _ io.Writer) error {
	var p ctl.Place
	fs := c.flags(stdout)
	p.Declare(fs)
	every := fs.Duration("every", time.Second, "between two looks at the server")
	n := fs.Int("n", 0, "end after so many lines; 0: never")
	asJSON := fs.Bool("json", false, "lines of JSON")
	ascii := fs.Bool("ascii", false, "without Unicode")
	words, err := parse(fs, args)
	switch {
	case err != nil:
		return notHelp(err)
	case len(words) > 0:
		return usageError{fmt.Errorf("unexpected word %q", words[0])}
	case *every < 100*time.Millisecond || *n < 0:
		return usageError{errors.New("--every: at least 100ms; -n: not below 0")}
	}
	client, err := connect(p)
	if err != nil {
		return err
	}
	defer client.Close()
	o := top.Options{Client: client, Every: *every, ASCII: *ascii, Color: os.Getenv("NO_COLOR") == ""}
	if file, isFile := stdout.(*os.File); isFile && isTerminal(file) && *n == 0 && !*asJSON && os.Getenv("TERM") != "dumb" {
		return top.Run(ctx, o, file)
	}
	return top.Lines(ctx, o, stdout, *n, *asJSON)
}
