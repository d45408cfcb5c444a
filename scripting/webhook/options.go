package webhook

import (
	"cmp"
	"context"
	"net"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
)

// Options are what a Hook works with. URL and Calls must be given.
type Options struct {
	URL     string        // http:// or https://
	Events  []string      // names, or their beginnings with "*" behind; none: all
	Secret  string        // of the signature; "": none is made
	Timeout time.Duration // of one attempt; 0: 5 s
	Retries int           // after the first attempt

	Size        int // events that may wait; 0: 10000
	Bytes       int // of what waits; 0: 8 MiB
	Connections int // attempts at one time; 0: 8

	CAFile string // PEM file with the authorities of a server; "": those of the system
	// Dial opens the connections, under a rule where there is one; nil: no rule.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Agent string // User-Agent; "": "rms"

	Pause    time.Duration // before the second attempt, doubled for each that follows; 0: 500 ms
	MaxPause time.Duration // 0: 30 s

	Calls *call.Manager
	Log   zerolog.Logger
}

// Defaults of Options.
const (
	defaultSize  = 10000
	defaultBytes = 8 << 20
)

func (o Options) withDefaults() Options {
	o.Timeout = cmp.Or(o.Timeout, 5*time.Second)
	o.Size = cmp.Or(o.Size, defaultSize)
	o.Bytes = cmp.Or(o.Bytes, defaultBytes)
	o.Connections = cmp.Or(o.Connections, 8)
	o.Pause = cmp.Or(o.Pause, 500*time.Millisecond)
	o.MaxPause = cmp.Or(o.MaxPause, 30*time.Second)
	o.Agent = cmp.Or(o.Agent, "rms")
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	return o
}
