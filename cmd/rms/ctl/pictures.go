package ctl

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"

	"rms/cmd/rms/graph"
)

var traceCommand = &Command{
	Name: "trace", Args: "CALL | --next [TEXT] | --all", Short: "SIP messages as a ladder, while they come", Call: true,
	Long: `
Draws the SIP messages of a call from now on, until it ends. --next waits for the next
INVITE, or the next with TEXT in its start line, From or To, and shows that call from
there on. --all writes a line for each message of all calls.

    rms ctl trace 5f0c
    rms ctl trace --next +4930
    rms ctl trace --all --full      every message in full`,
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		var o TraceOptions
		next := fs.Bool("next", false, "the next call")
		all := fs.Bool("all", false, "all calls, a line for each message")
		fs.BoolVar(&o.ASCII, "ascii", false, "ladder without Unicode")
		fs.BoolVar(&o.Full, "full", false, "with every message in full")
		return func(ctx context.Context, e *Env, words []string) error {
			o.Out, o.JSON = e.Out, e.JSON
			switch {
			case *all && *next:
				return usage("--all and --next do not go together")
			case *all:
				if err := nothingMore(words); err != nil {
					return err
				}
				return e.Client.TraceAll(ctx, o)
			case *next:
				text := ""
				if len(words) > 0 {
					text = words[0]
					if err := nothingMore(words[1:]); err != nil {
						return err
					}
				}
				return e.Client.TraceNext(ctx, text, o)
			}
			id, err := e.theCall(ctx, words)
			if err != nil {
				return err
			}
			return e.Client.Trace(ctx, id, o)
		}
	},
}

var graphCommand = &Command{
	Name: "graph", Args: "CALL [--svg|--dot|--text]", Short: "the filter graph of a call", Call: true,
	Long: `
On a terminal a picture of characters, elsewhere the language of Graphviz.

    rms ctl graph 5f0c --svg > call.svg`,
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		svg := fs.Bool("svg", false, "an SVG picture")
		dot := fs.Bool("dot", false, "the language of Graphviz")
		text := fs.Bool("text", false, "a picture of characters")
		ascii := fs.Bool("ascii", false, "one without Unicode")
		return func(ctx context.Context, e *Env, words []string) error {
			id, err := e.theCall(ctx, words)
			if err != nil {
				return err
			}
			picture, err := e.Client.Graph(ctx, id)
			switch {
			case err != nil:
				return err
			case *dot || !*svg && !*text && !*ascii && !e.Terminal:
				_, err = io.WriteString(e.Out, CleanLines(picture))
				return err
			case *svg:
				g, err := graph.Parse(picture)
				if err != nil {
					return fmt.Errorf("read the graph: %w", err)
				}
				g.JoinSockets()
				return g.SVG(e.Out, "rms: call "+id)
			}
			return drawText(e.Out, picture, *ascii)
		}
	},
}

// drawText draws a graph with characters.
func drawText(w io.Writer, dot string, ascii bool) error {
	g, err := graph.Parse(dot)
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	g.JoinSockets()
	return g.Text(w, ascii || os.Getenv("TERM") == "dumb")
}
