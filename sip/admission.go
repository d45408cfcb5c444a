package sip

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

const (
	// reserved is the share of every limit that only trusted sources may use, so
	// that a flood from strangers leaves room for the proxies.
	reserved = 0.25
	// requestFactor makes the limit of other requests outside a dialog from that
	// of new calls.
	requestFactor = 4
	// refusalRate bounds the 503s of a second; beyond it requests are dropped.
	refusalRate = 10000
)

// admission decides about requests that begin something, before they are parsed.
type admission struct {
	mu       sync.Mutex
	calls    bucket
	requests bucket
	refusals bucket
	perCall  *sourceBuckets
	perOther *sourceBuckets
}

func newAdmission() *admission {
	return &admission{
		perCall:  &sourceBuckets{seed: maphash.MakeSeed()},
		perOther: &sourceBuckets{seed: maphash.MakeSeed()},
	}
}

func (u *UA) trusted(ip netip.Addr) bool {
	for _, p := range u.o.Trusted {
		if p.Contains(ip.WithZone("")) {
			return true
		}
	}
	return false
}

// refusedBy names the configuration key whose limit stands against a new request,
// or returns "".
func (u *UA) refusedBy(g glimpse, f flow) string {
	now, source := time.Now(), f.remote.Addr()
	trusted := u.trusted(source)
	keep := reserved
	if trusted {
		keep = 0
	}
	invite := string(g.method) == "INVITE"
	total, per, factor := &u.admit.requests, u.admit.perOther, requestFactor
	if invite {
		if key := u.full(keep); key != "" {
			return key
		}
		total, per, factor = &u.admit.calls, u.admit.perCall, 1
	}
	if !trusted && u.o.PerSource > 0 && !per.take(source, now, u.o.PerSource*factor) {
		return "sip.per_source"
	}
	u.admit.mu.Lock()
	defer u.admit.mu.Unlock()
	if !total.take(now, u.o.NewCalls*factor, keep) {
		return "sip.new_calls_per_second"
	}
	return ""
}

// full compares the calls there are with their limits.
func (u *UA) full(keep float64) string {
	over := func(n int64, limit int) bool {
		return limit > 0 && float64(n) >= float64(limit)*(1-keep)
	}
	switch {
	case u.draining.Load():
		return "draining"
	case over(u.count.calls.Load(), u.o.MaxCalls):
		return "sip.max_calls"
	case over(u.count.halfOpen.Load(), u.o.HalfOpen):
		return "sip.half_open"
	}
	return ""
}

// mayRefuse bounds the answers that a flood can draw from us.
func (u *UA) mayRefuse() bool {
	u.admit.mu.Lock()
	defer u.admit.mu.Unlock()
	return u.admit.refusals.take(time.Now(), refusalRate, 0)
}

// overload answers a request statelessly with 503.
func (u *UA) overload(b []byte, f flow, key string) {
	u.count.refused.Add(1)
	if key != "draining" {
		u.shed(key, f.remote.Addr())
	}
	if !u.mayRefuse() {
		u.count.dropped.Add(1)
		return
	}
	u.refuseText(string(b), f, Refuse(503, "", Header{"Retry-After", retryAfter(key)}))
}

// retryAfter is in seconds: a full bucket refills in one, calls take longer.
func retryAfter(key string) string {
	switch key {
	case "draining":
		return "30"
	case "sip.max_calls", "sip.half_open":
		return "5"
	}
	return "1"
}
