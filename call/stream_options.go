package call

import (
	"net/url"
	"time"

	"rms/media/target"
)

// StreamOptions are what the streams of all calls work with. The zero value works.
type StreamOptions struct {
	Buffer         time.Duration     // audio that waits while a far end is slow; 0: 2 s
	ConnectTimeout time.Duration     // of one attempt; 0: 5 s
	Playout        time.Duration     // audio of a far end that waits for the caller; 0: 60 s
	Compat         string            // form of the events' bodies: "best", "g1", "g2"; "": best
	Max            int               // streams of one call; 0: 8
	Retries        int               // attempts to connect after the first
	TempDir        string            // of the files that play events name; "": the system's
	Variables      map[string]string // STREAM_* of calls that do not set them

	// Dialers, for streams that a script asks for and for those that a remote door does.
	Scripts, Remote *target.Dialer

	RSTServer     string // host:port of rst:// URLs without a host; "": 127.0.0.1:9527
	RSTGeneration int    // 0: 1
	RSTFraming    string // "": bare
	RSTHexDir     string // folder of hex dumps; "": none
	RSTTimeout    time.Duration
	RSTPorts      [2]int

	// Of AudioSocket clients. "fork", or "upstream" and "": keys are sent as upstream does,
	// and what comes is read by its value, as either.
	Dialect string
}

func (o StreamOptions) withDefaults() StreamOptions {
	if o.Buffer == 0 {
		o.Buffer = 2 * time.Second
	}
	if o.ConnectTimeout == 0 {
		o.ConnectTimeout = 5 * time.Second
	}
	if o.Playout == 0 {
		o.Playout = time.Minute
	}
	if o.Compat == "" {
		o.Compat = "best"
	}
	if o.Max == 0 {
		o.Max = 8
	}
	if o.Dialect == "upstream" {
		o.Dialect = ""
	}
	if o.RSTGeneration == 0 {
		o.RSTGeneration = 1
	}
	return o
}

// shownURL is a URL as logs and events show it: without a password, and without the
// query, where keys are often put.
func shownURL(u *url.URL) string {
	if u == nil {
		return ""
	}
	shown := *u
	if shown.RawQuery != "" {
		shown.RawQuery = "..."
	}
	return shown.Redacted()
}
