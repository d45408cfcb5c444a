package upload

import (
	"cmp"
	"context"
	"net"
	"os"
	"time"
)

// Options are what a Queue works with. Root and To must be given.
type Options struct {
	Root *os.Root // where the recordings are; the queue lies in Dir below it
	Dir  string   // "": .rms/upload
	To   Target

	Parallel int // uploads at one time; 0: 4
	// During lets parts of recordings go before these have ended, where the target can
	// take parts (S3).
	During   bool
	PartSize int64 // bytes of a part, at least 5 MiB on most servers; 0: 5 MiB
	// Remove is called for what has arrived at url and was verified, and may remove the
	// local copy; nil: it stays. It is called again after an error.
	Remove func(i Item, url string) error

	Pause    time.Duration // before the second attempt, doubled for each that follows; 0: 1 s
	MaxPause time.Duration // 0: 5 min
	Refusals int           // so often a target may refuse a recording, then it is left; 0: 5
	Stall    time.Duration // an attempt that moves no byte for so long is ended; 0: 1 min
	Interval time.Duration // between looks at recordings that are still made; 0: 2 s

	Events Events // nil: nobody is told
	// Dial opens the connections, under a rule where there is one; nil: no rule.
	Dial  func(ctx context.Context, network, address string) (net.Conn, error)
	Agent string // User-Agent; "": "rms"
}

// Target is the place that recordings go to.
type Target struct {
	// URL is s3://bucket/prefix, or that of an HTTP server. A recording keeps its name
	// behind either.
	URL string

	Endpoint  string // of S3: https://host:port; "": Amazon's of the region
	Region    string // of S3; "": us-east-1
	AccessKey string
	SecretKey string
	HostStyle bool // the bucket is part of the host's name, not of the path

	Method string // of HTTP: PUT (""), or POST to the URL itself
	Token  string // of HTTP: sent as a bearer token

	CAFile string // PEM file with the authorities of the server; "": those of the system
}

// Item is a recording that is to be delivered.
type Item struct {
	ID      string `json:"id"` // letters, digits and ._-, at most 128
	Call    string `json:"call,omitempty"`
	File    string `json:"file"`                  // below the root, with slashes
	Tail    string `json:"tail,omitempty"`        // end of a sealed file that a crash left; goes after the file
	Sidecar string `json:"sidecar,omitempty"`     // goes last; "": there is none
	Bytes   int64  `json:"bytes"`                 // of the file
	SHA256  string `json:"sha256,omitempty"`      // of the file, hexadecimal; "": it is not compared
	TailSum string `json:"tail_sha256,omitempty"` // of the tail, likewise
}

// Events is told what becomes of uploads. Its methods are called on goroutines of the
// queue, one at a time for one recording, and hold only its upload up.
type Events interface {
	// Uploaded comes once a recording is delivered, sidecar and all. After a crash in
	// the wrong moment it may come twice.
	Uploaded(Delivery)
	// Failed comes after each attempt that failed.
	Failed(Failure)
}

// Delivery is a recording that has arrived.
type Delivery struct {
	Item
	URL      string // of the recording there, without secrets
	SHA256   string // of what arrived
	Verified bool   // the checksum was found right there; an HTTP server may not tell it
	Removed  bool   // the local copy was given to Remove
	Attempts int
}

// Failure is an attempt that failed.
type Failure struct {
	Item
	URL      string
	Err      error // holds no secrets
	Attempts int
	Next     time.Time // zero: there is none before Retry
}

func (o Options) withDefaults() Options {
	o.Dir = cmp.Or(o.Dir, ".rms/upload")
	o.Parallel = cmp.Or(o.Parallel, 4)
	o.PartSize = cmp.Or(o.PartSize, 5<<20)
	o.Pause = cmp.Or(o.Pause, time.Second)
	o.MaxPause = cmp.Or(o.MaxPause, 5*time.Minute)
	o.Refusals = cmp.Or(o.Refusals, 5)
	o.Stall = cmp.Or(o.Stall, time.Minute)
	o.Interval = cmp.Or(o.Interval, 2*time.Second)
	o.Agent = cmp.Or(o.Agent, "rms")
	if o.Dial == nil {
		o.Dial = new(net.Dialer).DialContext
	}
	if o.Events == nil {
		o.Events = nobody{}
	}
	return o
}

type nobody struct{}

func (nobody) Uploaded(Delivery) {}
func (nobody) Failed(Failure)    {}
