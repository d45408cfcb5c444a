package esl

import (
	"net/netip"
	"os"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

// Options say what a Server serves, and whom. Manager must be given.
type Options struct {
	Manager *call.Manager

	// Listen is where clients are heard, host:port; "": nowhere, for Outbound only.
	Listen string
	// Password is what clients must know; Listen refuses to work without one.
	Password string
	// Allow are the networks that clients may come from; none: all.
	Allow []netip.Prefix

	MaxConns     int           // connections at a time; 0: 2000
	MaxStrangers int           // of them those without a password yet; 0: 500
	AuthTimeout  time.Duration // until the password must be there; 0: 25 s
	Heartbeat    time.Duration // between two events HEARTBEAT; 0: 20 s

	Version  string // of the program
	Hostname string // in events; "": that of the machine
	MaxCalls int    // for HEARTBEAT

	Logs *LogRing // of the command log; nil: no lines come
	Log  zerolog.Logger
}

func (o Options) withDefaults() Options {
	for _, n := range []struct {
		field *int
		value int
	}{{&o.MaxConns, 2000}, {&o.MaxStrangers, 500}} {
		if *n.field <= 0 {
			*n.field = n.value
		}
	}
	if o.AuthTimeout <= 0 {
		o.AuthTimeout = 25 * time.Second
	}
	if o.Heartbeat <= 0 {
		o.Heartbeat = 20 * time.Second
	}
	if o.Hostname == "" {
		if o.Hostname, _ = os.Hostname(); o.Hostname == "" {
			o.Hostname = "localhost"
		}
	}
	return o
}
