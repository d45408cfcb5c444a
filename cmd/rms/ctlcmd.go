package main

import (
	"context"
	"errors"
	"flag"
	"io"
	"os"

	"github.com/mattn/go-isatty"

	"rms/cmd/rms/ctl"
	"rms/config"
)

var ctlCommand = &command{
	name: "ctl", args: "COMMAND [flags]", short: "look at a server that runs, and tell it what to do",
	run: func(ctx context.Context, _ *command, args []string, stdout, stderr io.Writer) error {
		name, before, rest := ctl.CommandWord(ctlFlags(), args)
		if name == "help" && len(rest) > 0 && rest[0] == "top" {
			name, rest = "top", []string{"--help"}
		}
		if name == "top" {
			return topCommand.run(ctx, topCommand, append(before, rest...), stdout, stderr)
		}
		e := ctl.Env{Out: stdout, Err: stderr, Terminal: isTerminal(stdout)}
		return ctlError(ctl.Run(ctx, args, e, connect, func(fs *flag.FlagSet) { printFlags(stdout, fs) }))
	},
}

func isTerminal(w io.Writer) bool {
	f, isFile := w.(*os.File)
	return isFile && isatty.IsTerminal(f.Fd())
}

// ctlError turns the end of a command of ctl into one of rms: Ctrl-C is no failure.
func ctlError(err error) error {
	switch {
	case errors.Is(err, ctl.ErrQuiet):
		return errQuiet
	case errors.Is(err, context.Canceled):
		return nil
	}
	return err
}

// connect finds the server: by flags, then by the environment, then where the
// configuration of this machine's server says.
func connect(p ctl.Place) (*ctl.Client, error) {
	o := ctl.Options{Socket: p.Socket, URL: p.URL, Token: p.Token, CA: p.CA}
	if o.Token == "" {
		o.Token = os.Getenv("RMS_CTL_TOKEN")
	}
	if o.Socket == "" && o.URL == "" && p.Config == "" {
		o.Socket, o.URL = os.Getenv("RMS_CTL_SOCKET"), os.Getenv("RMS_CTL_URL")
	}
	if o.Socket == "" && o.URL == "" {
		if err := configured(p.Config, &o); err != nil {
			return nil, err
		}
	}
	return ctl.NewClient(o)
}

// configured fills in where the server of a configuration is: its socket, or its TCP
// when there is no socket.
func configured(file string, o *ctl.Options) error {
	if file == "" {
		file = os.Getenv(envFile)
	}
	cfg, err := config.Load(config.Options{File: file, Env: os.Environ()})
	if err != nil {
		return usageError{err}
	}
	h := &cfg.HTTP
	path := config.SocketPath(h.Socket)
	if path != "" && h.Socket == config.AutoSocket {
		if _, err := os.Stat(path); err != nil {
			path = ""
		}
	}
	switch {
	case path != "":
		o.Socket = path
		return nil
	case !h.Listen.IsValid():
		return usageError{errors.New("the configuration serves no HTTP (http.socket, http.listen): where is the server? --socket or --url")}
	}
	o.URL = "http://" + h.Listen.String()
	if h.TLSCert != "" {
		o.URL = "https://" + h.Listen.String()
	}
	for _, t := range h.Tokens {
		if o.Token == "" && !t.Read {
			o.Token = t.Secret
		}
	}
	return nil
}
