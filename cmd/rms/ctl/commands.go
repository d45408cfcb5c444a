package ctl

import (
	"bytes"
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"net/url"
	"strings"
	"time"
)

var statusCommand = &Command{
	Name: "status", Short: "how the server is doing",
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if err := nothingMore(words); err != nil {
			return err
		}
		if e.JSON {
			return e.raw(ctx, "/v1/status")
		}
		s, err := e.Client.Status(ctx)
		if err != nil {
			return err
		}
		s.print(e.Out)
		return nil
	}),
}

// raw prints the JSON of a path.
func (e *Env) raw(ctx context.Context, path string) error {
	var text []byte
	if err := e.Client.Get(ctx, path, &text); err != nil {
		return err
	}
	return printJSON(e.Out, text)
}

func nothingMore(words []string) error {
	if len(words) > 0 {
		return usage("unexpected word %q", Clean(words[0]))
	}
	return nil
}

// callFilters are the members of a call that a list can be cut down by.
var callFilters = []string{"state", "from", "to", "source", "codec", "transport", "kind"}

var callsCommand = &Command{
	Name: "calls", Args: "[--state STATE] [--from URI] ...", Short: "the live calls, the oldest first",
	Long: `
The filters take a * at the end: --from 'sip:+49*'. An id may be shortened everywhere
to what tells it apart; the table shows how much of it that is.`,
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		filters := map[string]*list{}
		for _, name := range callFilters {
			filters[name] = &list{}
			fs.Var(filters[name], name, "only calls with this `"+name+"`, or one that begins so: x*")
		}
		ids := fs.Bool("ids", false, "only their ids, one a line")
		wide := fs.Bool("wide", false, "whole ids and URIs")
		all := fs.Bool("all", false, "all, not the first 1000 only")
		return func(ctx context.Context, e *Env, words []string) error {
			if err := nothingMore(words); err != nil {
				return err
			}
			q := url.Values{}
			for name, values := range filters {
				if len(*values) > 0 {
					q[name] = *values
				}
			}
			most := page
			if *all || *ids {
				most = everyCall
			}
			calls, total, err := e.Client.Calls(ctx, q, most)
			switch {
			case err != nil:
				return err
			case *ids:
				for i := range calls {
					fmt.Fprintln(e.Out, Clean(calls[i].ID))
				}
				return nil
			case e.JSON:
				text, err := json.Marshal(map[string]any{"calls": calls, "total": total})
				if err != nil {
					return fmt.Errorf("write the calls: %w", err)
				}
				return printJSON(e.Out, text)
			}
			printCalls(e.Out, calls, total, *wide)
			return nil
		}
	},
}

var callCommand = &Command{
	Name: "call", Args: "CALL", Short: "all that is known of a call, and its graph", Call: true,
	Long: `
CALL is the id of a call or the beginning of one; - is the only call that there is.`,
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		noGraph := fs.Bool("no-graph", false, "without the picture")
		ascii := fs.Bool("ascii", false, "picture without Unicode")
		return func(ctx context.Context, e *Env, words []string) error {
			id, err := e.theCall(ctx, words)
			if err != nil {
				return err
			}
			if e.JSON {
				return e.raw(ctx, "/v1/calls/"+url.PathEscape(id))
			}
			i, err := e.Client.Info(ctx, id)
			if err != nil {
				return err
			}
			PrintCall(e.Out, i, time.Now())
			if *noGraph || i.Codec == "" {
				return nil
			}
			dot, err := e.Client.Graph(ctx, id)
			if err != nil {
				return nil //nolint:nilerr // it has no media yet, or no more
			}
			fmt.Fprintln(e.Out)
			return drawText(e.Out, dot, *ascii)
		}
	},
}

// theCall is the call that the only word means.
func (e *Env) theCall(ctx context.Context, words []string) (string, error) {
	switch len(words) {
	case 0:
		return "", usage("which call? \"rms ctl calls\" lists them")
	case 1:
		return e.Client.Find(ctx, words[0])
	}
	return "", nothingMore(words[1:])
}

var eventsCommand = &Command{
	Name: "events", Args: "[-f] [--call CALL] [--name NAME]", Short: "what happens in calls, while it does",
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		var calls, names list
		fs.Var(&calls, "call", "only of this `CALL`; may be given several times")
		fs.Var(&names, "name", "only events of this `NAME`, or one that begins so: rms:stream_*")
		stay := fs.Bool("f", false, "go on when the server is started anew")
		return func(ctx context.Context, e *Env, words []string) error {
			if err := nothingMore(words); err != nil {
				return err
			}
			for i := range calls {
				id, err := e.Client.Find(ctx, calls[i])
				if err != nil {
					return err
				}
				calls[i] = id
			}
			return e.Client.Events(ctx, e.Out, calls, names, e.JSON, *stay)
		}
	},
}

var apiCommand = &Command{
	Name: "api", Args: "COMMAND...", Short: "a command of FreeSWITCH: uuid_kill, show calls, ...",
	Long: `
    rms ctl api "uuid_broadcast 5f0c2d1e-... welcome.wav"`,
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if len(words) == 0 {
			return usage("which command? For example: rms ctl api show calls")
		}
		var text []byte
		if err := e.Client.Post(ctx, "/v1/api", map[string]string{"command": strings.Join(words, " ")}, &text); err != nil {
			return err
		}
		if e.JSON {
			return printJSON(e.Out, text)
		}
		var answer struct {
			Result string `json:"result"`
		}
		if err := json.Unmarshal(text, &answer); err != nil {
			return fmt.Errorf("read the reply: %w", err)
		}
		fmt.Fprintln(e.Out, strings.TrimSuffix(CleanLines(answer.Result), "\n"))
		if strings.HasPrefix(answer.Result, "-") {
			return ErrQuiet
		}
		return nil
	}),
}

var verbsCommand = &Command{
	Name: "verbs", Short: "the server's verbs",
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if err := nothingMore(words); err != nil {
			return err
		}
		if e.JSON {
			return e.raw(ctx, "/v1/verbs")
		}
		all, err := e.Client.Verbs(ctx)
		if err != nil {
			return err
		}
		printVerbs(e.Out, all)
		return nil
	}),
}

var reloadCommand = &Command{
	Name: "reload", Short: "load the script again; calls in progress keep theirs",
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if err := nothingMore(words); err != nil {
			return err
		}
		var text []byte
		if err := e.Client.Post(ctx, "/v1/reload", nil, &text); err != nil {
			return err
		}
		if e.JSON {
			return printJSON(e.Out, text)
		}
		var answer struct {
			Version int `json:"version"`
		}
		if json.Unmarshal(text, &answer) == nil && answer.Version > 0 {
			fmt.Fprintf(e.Out, "the script is loaded, version %d: new calls take it\n", answer.Version)
		}
		return nil
	}),
}

var drainCommand = &Command{
	Name: "drain", Short: "refuse new calls; the server ends with its last call",
	Flags: func(fs *flag.FlagSet) func(context.Context, *Env, []string) error {
		wait := fs.Bool("wait", false, "return when the server has ended")
		return func(ctx context.Context, e *Env, words []string) error {
			if err := nothingMore(words); err != nil {
				return err
			}
			var text []byte
			if err := e.Client.Post(ctx, "/v1/drain", nil, &text); err != nil {
				return err
			}
			if e.JSON && !*wait {
				return printJSON(e.Out, text)
			}
			return e.drained(ctx, text, *wait)
		}
	},
}

// drained says how many calls are left, and waits for the end of the server.
func (e *Env) drained(ctx context.Context, answer []byte, wait bool) error {
	var a struct {
		Calls int `json:"calls"`
	}
	_ = json.Unmarshal(answer, &a)
	if !e.JSON {
		fmt.Fprintf(e.Out, "draining: new calls are refused, %d in progress\n", a.Calls)
	}
	if !wait {
		return nil
	}
	tick := time.NewTicker(time.Second / 4)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
		if _, err := e.Client.Status(ctx); err != nil {
			var gone *NoServerError
			if isNoServer(err, &gone) {
				return nil
			}
			return err
		}
	}
}

// logLevels are the words for how much is written.
var logLevels = []string{"trace", "debug", "info", "warn", "error"}

var logCommand = &Command{
	Name: "log", Args: "level [LEVEL]", Short: "show or change what the server writes to its log", Words: []string{"level"}, Rest: logLevels,
	Long: `
LEVEL is one of trace (with every SIP message), debug, info, warn, error. It holds
until the server ends. "rms ctl rms_log TEXT" writes a line to the log.`,
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if len(words) == 0 || words[0] != "level" || len(words) > 2 {
			return usage("write it as: rms ctl log level [%s]", strings.Join(logLevels, "|"))
		}
		if len(words) == 1 {
			s, err := e.Client.Status(ctx)
			if err != nil {
				return err
			}
			return e.level(s.LogLevel)
		}
		var answer struct {
			Result string `json:"result"`
		}
		if err := e.Client.Post(ctx, "/v1/log", map[string]string{"level": words[1]}, &answer); err != nil {
			return err
		}
		return e.level(answer.Result)
	}),
}

func (e *Env) level(level string) error {
	if !e.JSON {
		fmt.Fprintln(e.Out, Clean(level))
		return nil
	}
	text, err := json.Marshal(map[string]string{"level": level})
	if err != nil {
		return fmt.Errorf("write the level: %w", err)
	}
	return printJSON(e.Out, text)
}

var versionCommand = &Command{
	Name: "version", Short: "the server's version",
	Flags: noFlags(func(ctx context.Context, e *Env, words []string) error {
		if err := nothingMore(words); err != nil {
			return err
		}
		if e.JSON {
			return e.raw(ctx, "/v1/version")
		}
		var v struct {
			Version, Go, OS, Arch string
		}
		if err := e.Client.Get(ctx, "/v1/version", &v); err != nil {
			return err
		}
		var b bytes.Buffer
		fmt.Fprintf(&b, "rms %s %s %s/%s", v.Version, v.Go, v.OS, v.Arch)
		fmt.Fprintln(e.Out, Clean(b.String()))
		return nil
	}),
}
