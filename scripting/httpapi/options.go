package httpapi

import (
	"cmp"
	"io"
	"net/netip"
	"time"

	"github.com/rs/zerolog"

	"rms/call"
	"rms/media"
	"rms/media/record/shelf"
	"rms/scripting"
	"rms/sip"
)

// Options are what a Server works with. Calls must be given; a function that is nil
// makes what needs it "not available".
type Options struct {
	Listen          netip.AddrPort // of TCP; zero: none
	Socket          string         // path of a unix socket, for whoever runs this program; "": none
	Tokens          []Token        // of requests over TCP; none: everybody who can connect
	TLSCert, TLSKey string         // PEM files; "": no TLS

	MaxConns   int // connections at one time of each listener; 0: 1000
	MaxStreams int // of these, subscribers to events; 0: 100

	Calls    *call.Manager
	Reload   Reloader                                   // loads the script again
	Drain    func()                                     // begins to refuse new calls, and ends the server when there are none
	LogLevel func(level string) (string, error)         // sets the level unless it is "", and returns that in force
	Ready    func() error                               // why new calls are refused, nil when they are not
	Clock    func() media.ClockStats                    // of the clock that ticks the calls
	Scripts  func() scripting.ScriptsStats              // of the script
	Webhook  func() WebhookStats                        // of the events that are posted
	Render   func(w io.Writer, dot, title string) error // draws a graph as SVG
	// Trace begins to bring the SIP messages of a call by its Call-ID, "" those of all.
	Trace   func(sipCallID string) (lines <-chan sip.TraceLine, lost func() uint64, stop func())
	Version string

	Recordings *shelf.Shelf // what is below /v1/recordings; nil: nothing is recorded

	Log   zerolog.Logger
	Times Times
}

// Reloader loads the script again.
type Reloader interface {
	// Reload returns why the script was not loaded: the one before goes on.
	Reload() error
}

// WebhookStats count the events that are posted to a URL.
type WebhookStats struct {
	Waiting, Bytes int
	Down           bool // the receiver does not take them
	Attempts       uint64
	Delivered      uint64
	Refused        uint64 // by the receiver
	GivenUp        uint64 // after the last attempt
	Dropped        uint64 // there was no room for
}

// Token lets in who shows its secret as a bearer token (RFC 6750).
type Token struct {
	Secret string
	Read   bool // only GET and HEAD
}

// Times are how long things may take. The zero value of each is its default.
type Times struct {
	Header    time.Duration // from the connection to the end of a request's header fields: 5 s
	Body      time.Duration // from the same until the whole body is there: 10 s
	Idle      time.Duration // between two requests of a connection: 60 s
	Write     time.Duration // until the client took an answer: 30 s
	Stall     time.Duration // a subscriber that reads nothing for this long is cut off: 2 min
	Heartbeat time.Duration // between signs of life to a subscriber: 15 s
	Keep      time.Duration // the answer to a request with Idempotency-Key: 10 min
	Wait      time.Duration // at most, for ?wait: 10 min
}

// What a request may cost.
const (
	maxHeader = 16 << 10
	maxBody   = 1 << 20
)

func (o Options) withDefaults() Options {
	t := &o.Times
	t.Header = cmp.Or(t.Header, 5*time.Second)
	t.Body = cmp.Or(t.Body, 10*time.Second)
	t.Idle = cmp.Or(t.Idle, time.Minute)
	t.Write = cmp.Or(t.Write, 30*time.Second)
	t.Stall = cmp.Or(t.Stall, 2*time.Minute)
	t.Heartbeat = cmp.Or(t.Heartbeat, 15*time.Second)
	t.Keep = cmp.Or(t.Keep, 10*time.Minute)
	t.Wait = cmp.Or(t.Wait, 10*time.Minute)
	o.MaxConns = cmp.Or(o.MaxConns, 1000)
	o.MaxStreams = cmp.Or(o.MaxStreams, 100)
	o.Version = cmp.Or(o.Version, "unknown")
	return o
}
