package config

import (
	"net/netip"
	"net/url"
	"strings"
	"time"

	"rms/config/place"
)

// Webhook holds the keys of section webhook.
type Webhook struct {
	URL     WebURL        `doc:"Where each event is posted to as JSON (docs/webhooks.md)." empty:"nowhere" key:"url"`
	Events  []string      `doc:"Names of the events that are posted, or their beginnings with * behind: rms:stream_*." empty:"all" key:"events"`
	Secret  Secret        `doc:"What each post is signed with (HMAC-SHA256)." empty:"no signature" key:"secret"`
	Timeout time.Duration `default:"5s" doc:"How long one attempt may take." key:"timeout" max:"1m" min:"100ms"`
	Retries int           `default:"8" doc:"Attempts after the first one that failed, with pauses that grow from 0.5 s to 30 s." key:"retries" max:"100" min:"0"`
	Queue   int           `default:"10000" doc:"Events that may wait; the oldest are dropped when there are more, and the receiver is told how many." key:"queue" max:"1000000" min:"1"`
	Memory  Size          `default:"8MiB" doc:"What waits may take together." key:"memory" max:"1GiB" min:"1MiB"`
	TLSCA   string        `doc:"PEM file with the authorities that the receiver's certificate is checked against." empty:"those of the system" key:"tls_ca"`
}

// check looks at names, and at what goes over the network in the clear.
func (h *Webhook) check(c *Config) []error {
	var bad []error
	for _, name := range h.Events {
		if i := strings.IndexByte(name, '*'); i >= 0 && i < len(name)-1 {
			bad = append(bad, &Problem{Where: c.origins["webhook.events"], Key: "webhook.events", What: "a * can only stand at the end of a name: rms:stream_*"})
		}
	}
	if u, err := url.Parse(string(h.URL)); err == nil && u.Scheme == "http" && !loopback(u.Hostname()) {
		c.Warnings = append(c.Warnings, "webhook.url begins with http://: everybody on the way to "+u.Host+" can read the events; use https://")
	}
	return bad
}

func loopback(host string) bool {
	addr, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && addr.Unmap().IsLoopback()
}

// WebURL is an http:// or https:// URL.
type WebURL string

// UnmarshalText reads the URL. Its errors do not repeat path and query.
func (u *WebURL) UnmarshalText(text []byte) error {
	if err := place.CheckWebURL(string(text)); err != nil {
		return err
	}
	*u = WebURL(text)
	return nil
}
