package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"rms/cmd/rms/graph"
	"rms/cmd/rms/phone"
	"rms/config"
)

var graphCommand = &command{
	name: "graph", args: "[--script FILE] [--dial USER] [--svg]", short: "show the filter graph of a call",
	long: `
Starts the server on free ports of this machine, calls it with the softphone of "rms
call", and shows the filters that the call's audio goes through, a second later: what
formats the links have, where the packets go, how full the rings are. Nothing leaves
the machine but what the script sends. On a terminal it is a picture of characters,
elsewhere the language of Graphviz.

    rms graph                                     the welcome of the script built in
    rms graph --script ivr.lua --dial echo        a user of your own script
    rms graph --svg > call.svg                    a picture for a browser
    rms graph --dot | dot -Tpng > call.png        if you have Graphviz`,
	run: runGraph,
}

// graphFlags are the flags of rms graph.
type graphFlags struct {
	script, dial, codec, roots string
	after                      time.Duration
	svg, dot, text, ascii, log bool
}

func runGraph(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	var f graphFlags
	fs := c.flags(stdout)
	fs.StringVar(&f.script, "script", "", "script `file` to run; empty: the script built in")
	fs.StringVar(&f.roots, "media-root", "", "folders with prompts, separated by commas; empty: only the prompts built in")
	fs.StringVar(&f.dial, "dial", "welcome", "`user` that is called")
	fs.StringVar(&f.codec, "codec", "", "one or more of PCMU, PCMA, G722, L16 with commas; empty: all")
	fs.DurationVar(&f.after, "after", time.Second, "how long the call has had media when the graph is taken")
	fs.BoolVar(&f.svg, "svg", false, "write an SVG picture")
	fs.BoolVar(&f.dot, "dot", false, "write the language of Graphviz")
	fs.BoolVar(&f.text, "text", false, "write a picture of characters")
	fs.BoolVar(&f.ascii, "ascii", false, "picture without Unicode")
	fs.BoolVar(&f.log, "log", false, "show the server's log")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) > 0 {
		return usageError{fmt.Errorf("unexpected word %q", words[0])}
	}
	if f.after < 0 || f.after > time.Minute {
		return usageError{errors.New("--after: from 0s to 1m")}
	}
	dot, err := graphOfCall(ctx, &f, stderr)
	if err != nil {
		return err
	}
	return f.show(dot, stdout)
}

// show writes the picture in the form that was asked for.
func (f *graphFlags) show(dot string, stdout io.Writer) error {
	file, isFile := stdout.(*os.File)
	terminal := isFile && isatty.IsTerminal(file.Fd())
	if f.dot || !f.svg && !f.text && !f.ascii && !terminal {
		_, err := io.WriteString(stdout, dot)
		return err
	}
	g, err := graph.Parse(dot)
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	g.JoinSockets()
	if f.svg {
		return g.SVG(stdout, "rms: a call to "+f.dial)
	}
	return g.Text(stdout, f.ascii)
}

// graphOfCall starts a server, calls it, and returns the graph of the call.
func graphOfCall(ctx context.Context, f *graphFlags, stderr io.Writer) (string, error) {
	s, err := graphServer(f, stderr)
	if err != nil {
		return "", err
	}
	defer s.close()
	addr, ok := s.dialable()
	if !ok {
		return "", errors.New("the server has no UDP listener")
	}
	ctx, hangUp := context.WithCancel(ctx)
	type outcome struct {
		res phone.Result
		err error
	}
	over := make(chan outcome, 1)
	go func() {
		res, err := phone.Run(ctx, phone.Options{To: "sip:" + f.dial + "@" + addr, Codec: f.codec, For: -1}, io.Discard)
		over <- outcome{res, err}
	}()
	dot, err := s.watchGraph(ctx, f.after)
	hangUp()
	o := <-over
	switch {
	case o.err != nil:
		return "", o.err
	case err != nil && o.res.Code >= 300:
		return "", fmt.Errorf("the call got %d %s", o.res.Code, o.res.Reason)
	}
	return dot, err
}

// graphLook is how often the call is looked at, and graphPatience how long it may take
// to have media.
const (
	graphLook     = 20 * time.Millisecond
	graphPatience = 10 * time.Second
)

// watchGraph returns the graph of the only call when it has had media for so long, or
// the last one when it ends before.
func (s *server) watchGraph(ctx context.Context, after time.Duration) (last string, err error) {
	look := time.NewTicker(graphLook)
	defer look.Stop()
	start := time.Now()
	var began time.Time
	for {
		text, err := s.graphOf()
		switch {
		case err == nil && began.IsZero():
			began = time.Now()
			last = text
		case err == nil:
			last = text
		case !began.IsZero():
			return last, nil
		case time.Since(start) > graphPatience:
			return "", fmt.Errorf("look at the call: %w", err)
		}
		if !began.IsZero() && time.Since(began) >= after {
			return last, nil
		}
		select {
		case <-look.C:
		case <-ctx.Done():
			return "", ctx.Err()
		}
	}
}

// graphOf returns the graph of the only call.
func (s *server) graphOf() (string, error) {
	calls := s.calls.Calls()
	if len(calls) == 0 {
		return "", errors.New("there is no call")
	}
	var b strings.Builder
	err := s.calls.Graph(calls[0].ID(), &b)
	return b.String(), err
}

// graphServer starts a server on loopback, with free ports.
func graphServer(f *graphFlags, stderr io.Writer) (*server, error) {
	flags := map[string][]string{
		"sip.listen": {"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}, "rtp.ports": {"20000-20999"}, "media.roots": {f.roots}, "script.file": {f.script},
		"http.listen": {""}, "http.socket": {""},
	}
	cfg, err := config.Load(config.Options{Flags: flags})
	if err != nil {
		return nil, usageError{err}
	}
	log := zerolog.Nop()
	if f.log {
		log = zerolog.New(zerolog.ConsoleWriter{Out: stderr, TimeFormat: "15:04:05.000"}).With().Timestamp().Logger()
	}
	return newServer(cfg, log, nil)
}
