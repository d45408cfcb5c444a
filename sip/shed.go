package sip

import (
	"net/netip"
	"sync"
	"time"
)

// folded counts what happens too often for a line each, and says it once a
// second: the first at once, the rest when their second is over.
type folded struct {
	mu      sync.Mutex
	pending map[string]*fold
}

type fold struct {
	n      int
	source netip.Addr
	said   time.Time
}

// note counts one event of a kind. It returns how many there were since the last
// time it said so, or 0 when it is too early to say it.
func (f *folded) note(kind string, source netip.Addr, now time.Time) int {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.pending == nil {
		f.pending = map[string]*fold{}
	}
	e := f.pending[kind]
	if e == nil {
		e = &fold{}
		f.pending[kind] = e
	}
	e.n++
	e.source = source
	if now.Sub(e.said) < time.Second {
		return 0
	}
	n := e.n
	e.n, e.said = 0, now
	return n
}

// due returns what was counted but not said for at least a second.
func (f *folded) due(now time.Time) map[string]fold {
	f.mu.Lock()
	defer f.mu.Unlock()
	var out map[string]fold
	for kind, e := range f.pending {
		if e.n == 0 || now.Sub(e.said) < time.Second {
			continue
		}
		if out == nil {
			out = map[string]fold{}
		}
		out[kind] = *e
		e.n, e.said = 0, now
	}
	return out
}

// malformedKind is the fold of what could not be read; all others are keys of the
// configuration.
const malformedKind = "malformed"

// shed logs that a limit refused something, naming the key that lifts it.
func (u *UA) shed(key string, source netip.Addr) {
	if n := u.folds.note(key, source, time.Now()); n > 0 {
		u.say(key, n, source)
	}
}

// malformed counts and logs what could not be read.
func (u *UA) malformed(source netip.Addr) {
	u.count.malformed.Add(1)
	u.shed(malformedKind, source)
}

func (u *UA) say(kind string, n int, source netip.Addr) {
	if kind == malformedKind {
		u.o.Log.Warn().Int("messages", n).Stringer("last_source", source).Msg("received malformed SIP")
		return
	}
	u.o.Log.Warn().Str("raise", kind).Int("refused", n).Stringer("last_source", source).
		Msg("refused by a limit")
}

// housekeeping says once a second what was folded.
func (u *UA) housekeeping() {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case <-u.ctx.Done():
			return
		case now := <-tick.C:
			for kind, e := range u.folds.due(now) {
				u.say(kind, e.n, e.source)
			}
		}
	}
}
