package main

import (
	"errors"
	"fmt"
	"io"
	"net/netip"
	"syscall"

	"rms/cmd/rms/graph"
	"rms/config"
	"rms/scripting/httpapi"
)

// listenHTTP serves the API where http.listen and http.socket say. A place that
// nobody chose and that is taken is only worth a warning: a second server on this
// machine starts as the first did.
func (s *server) listenHTTP(cfg *config.Config) error {
	o := s.httpOptions(&cfg.HTTP)
	for o.Listen.IsValid() || o.Socket != "" {
		door, err := httpapi.Open(o)
		var taken *httpapi.ListenError
		switch {
		case err == nil:
			s.http = door
			return nil
		case !errors.As(err, &taken):
			return fmt.Errorf("serve HTTP: %w", err)
		case taken.Socket && cfg.Origin("http.socket") == "default":
			s.log.Warn().Err(err).Msg("no HTTP socket: set http.socket to another path, or to nothing")
			o.Socket = ""
		case !taken.Socket && cfg.Origin("http.listen") == "default" && errors.Is(err, syscall.EADDRINUSE):
			s.log.Warn().Err(err).Msg("no HTTP over TCP: set http.listen to another address, or to nothing")
			o.Listen = netip.AddrPort{}
		case taken.Socket:
			return fmt.Errorf("%w (http.socket)", err)
		default:
			return fmt.Errorf("%w (http.listen, --http)", err)
		}
	}
	return nil
}

func (s *server) httpOptions(h *config.HTTP) httpapi.Options {
	o := httpapi.Options{
		Listen: h.Listen, Socket: config.SocketPath(h.Socket), TLSCert: h.TLSCert, TLSKey: h.TLSKey, MaxConns: h.MaxConnections,
		Calls: s.calls, Reload: s.script, Scripts: s.script.Stats, Clock: s.clock.Stats, Drain: s.drain, Trace: s.trace.watch,
		LogLevel: s.logLevel, Render: renderGraph, Version: version(), Log: s.log,
	}
	for _, t := range h.Tokens {
		o.Tokens = append(o.Tokens, httpapi.Token{Secret: t.Secret, Read: t.Read})
	}
	if s.keeper != nil {
		o.Recordings = s.keeper.shelf
	}
	if s.webhook != nil {
		o.Webhook = func() httpapi.WebhookStats {
			w := s.webhook.Stats()
			return httpapi.WebhookStats{
				Waiting: w.Waiting, Bytes: w.Bytes, Down: w.Down, Attempts: w.Attempts, Delivered: w.Delivered,
				Refused: w.Refused, GivenUp: w.GivenUp, Dropped: w.Dropped,
			}
		}
	}
	o.Ready = func() error {
		if s.draining.Load() {
			return errDraining
		}
		return s.keeper.ready()
	}
	return o
}

// renderGraph draws the graph of a call.
func renderGraph(w io.Writer, dot, title string) error {
	g, err := graph.Parse(dot)
	if err != nil {
		return fmt.Errorf("read the graph: %w", err)
	}
	g.JoinSockets()
	return g.SVG(w, title)
}
