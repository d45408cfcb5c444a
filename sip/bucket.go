package sip

import (
	"hash/maphash"
	"net/netip"
	"sync"
	"time"
)

// bucket is a token bucket: rate tokens a second, at most a second's worth.
type bucket struct {
	tokens float64
	last   time.Time
}

// take removes a token when more than reserve are left. A rate of 0 or less is
// no limit.
func (b *bucket) take(now time.Time, rate int, reserve float64) bool {
	if rate <= 0 {
		return true
	}
	full := float64(rate)
	if b.last.IsZero() {
		b.tokens = full
	} else {
		b.tokens = min(full, b.tokens+now.Sub(b.last).Seconds()*full)
	}
	b.last = now
	if b.tokens < 1+reserve*full {
		return false
	}
	b.tokens--
	return true
}

const (
	bucketSets = 1024
	bucketWays = 4
)

// sourceBuckets holds buckets for the sources seen last, 4,096 of them and never
// more: a flood of made-up addresses pushes out other strangers' buckets, it does
// not grow the table.
type sourceBuckets struct {
	mu   sync.Mutex
	seed maphash.Seed
	sets [bucketSets][bucketWays]sourceBucket
}

type sourceBucket struct {
	source netip.Addr
	bucket bucket
}

func (s *sourceBuckets) take(source netip.Addr, now time.Time, rate int) bool {
	if source.Is6() { // a host has a whole /64
		if p, err := source.WithZone("").Prefix(64); err == nil {
			source = p.Addr()
		}
	}
	key := source.As16()
	s.mu.Lock()
	defer s.mu.Unlock()
	set := &s.sets[maphash.Bytes(s.seed, key[:])%bucketSets]
	old := &set[0]
	for i := range set {
		e := &set[i]
		if e.source == source {
			return e.bucket.take(now, rate, 0)
		}
		if e.bucket.last.Before(old.bucket.last) {
			old = e
		}
	}
	*old = sourceBucket{source: source}
	return old.bucket.take(now, rate, 0)
}
