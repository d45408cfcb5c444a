package record

import "time"

// Still returns the options with goroutines that hardly ever do anything by themselves:
// the test takes the turns.
func (o Options) Still() Options {
	o.Interval, o.syncEvery = time.Hour, time.Hour
	return o
}

// TurnAll gives each recording a turn.
func (s *Store) TurnAll() {
	w := &worker{}
	for _, r := range s.Live() {
		r.turn(w)
	}
}

// SaveSidecar lets the next turn write the sidecar if there is news.
func (r *Recording) SaveSidecar() {
	r.turns.Lock()
	defer r.turns.Unlock()
	r.work.saved = time.Time{}
}

// SidecarIs lets the sidecar be so old.
func (r *Recording) SidecarIs(age time.Duration) {
	r.turns.Lock()
	defer r.turns.Unlock()
	r.work.saved = time.Now().Add(-age)
}

// NewsAfter is how long the news of a gap waits to be written.
func NewsAfter(gaps int) time.Duration { return newsAfter(gaps) }

// SyncAll is one group sync.
func (s *Store) SyncAll() { s.syncAll(s.Live()) }

// Look asks for the free space.
func (s *Store) Look() { s.look() }

// Harmless is what a value of a template becomes.
func Harmless(value string) string { return harmless(value) }

// SyncEvery is the time between two group syncs.
const SyncEvery = syncEvery

// Interval is the time between two turns of a recording.
const Interval = defaultInterval

// Pay enters what a full disk put off.
func (s *Store) Pay() { s.pay() }
