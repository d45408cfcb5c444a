package sip

import (
	"net/netip"
	"runtime"
	"time"

	"github.com/rs/zerolog"
)

// Options says how a UA listens, what it admits and how long it waits. The zero
// value of a field means its default; a negative limit means no limit.
type Options struct {
	// Listen holds listeners as "udp://IP:PORT" or "tcp://IP:PORT"; port 0 picks a
	// free one. Empty is udp://0.0.0.0:0, which is enough for a client.
	Listen []string
	// Advertise is the host or IP for Contact and Via. Empty: the local address
	// that the request came to or leaves from.
	Advertise string
	// Agent is the value of Server and User-Agent; default "rms".
	Agent string
	// Trusted are the proxies that the limits for strangers never touch.
	Trusted []netip.Prefix

	// NewCalls and PerSource are new calls per second, in all (500) and for each
	// address that is not trusted (50).
	NewCalls, PerSource int
	// MaxCalls (5000) counts live calls, HalfOpen (1000) those without their ACK.
	MaxCalls, HalfOpen int
	// MaxConns (4096) and ConnsPerSource (128) count TCP connections.
	MaxConns, ConnsPerSource int

	// SessionExpires (1800 s) and MinSE (90 s) are of RFC 4028.
	SessionExpires, MinSE time.Duration
	// RingTimeout (60 s) ends an INVITE that nobody answered, with 480.
	RingTimeout time.Duration
	// ReplyTimeout (5 s) gives a request in a dialog its built-in answer when the
	// Owner has given none.
	ReplyTimeout time.Duration
	// HeaderTimeout (10 s) is for a whole message on TCP, IdleTimeout (10 min) for
	// a connection that no call uses.
	HeaderTimeout, IdleTimeout time.Duration
	// T1 (500 ms), T2 (4 s) and T4 (5 s) are of RFC 3261 section 17.
	T1, T2, T4 time.Duration

	// Workers is how many queues the Call-IDs are spread over; default the number
	// of processors, at least 2.
	Workers int
	// OnTrace gets every message that is sent or received. It must not block.
	OnTrace func(TraceLine)
	// Log gets one line for each thing an operator would ask about.
	Log zerolog.Logger
}

func (o Options) withDefaults() Options {
	def := func(v *int, d int) {
		if *v == 0 {
			*v = d
		}
	}
	wait := func(v *time.Duration, d time.Duration) {
		if *v <= 0 {
			*v = d
		}
	}
	def(&o.NewCalls, 500)
	def(&o.PerSource, 50)
	def(&o.MaxCalls, 5000)
	def(&o.HalfOpen, 1000)
	def(&o.MaxConns, 4096)
	def(&o.ConnsPerSource, 128)
	def(&o.Workers, max(2, runtime.NumCPU()))
	wait(&o.SessionExpires, 1800*time.Second)
	wait(&o.MinSE, 90*time.Second)
	wait(&o.RingTimeout, 60*time.Second)
	wait(&o.ReplyTimeout, 5*time.Second)
	wait(&o.HeaderTimeout, 10*time.Second)
	wait(&o.IdleTimeout, 10*time.Minute)
	wait(&o.T1, 500*time.Millisecond)
	wait(&o.T2, 4*time.Second)
	wait(&o.T4, 5*time.Second)
	if o.Agent == "" {
		o.Agent = "rms"
	}
	if len(o.Listen) == 0 {
		o.Listen = []string{"udp://0.0.0.0:0"}
	}
	if o.Workers < 1 {
		o.Workers = 1
	}
	return o
}
