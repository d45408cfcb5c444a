package call

import (
	"sort"
	"sync"
	"sync/atomic"
	"time"
)

// Buckets are the upper bounds of the histograms in Stats, in the order of the
// counts; what took longer is in the last count.
var Buckets = []time.Duration{
	100 * time.Microsecond, 250 * time.Microsecond, 500 * time.Microsecond, time.Millisecond, 2500 * time.Microsecond,
	5 * time.Millisecond, 10 * time.Millisecond, 25 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond,
	250 * time.Millisecond, 500 * time.Millisecond, time.Second, 2500 * time.Millisecond, 5 * time.Second, 10 * time.Second,
}

// buckets is the length of Buckets and one for what took longer.
const buckets = 17

// Histogram is how long something took.
type Histogram struct {
	Counts [buckets]uint64 // of each bucket alone, not added up
	Count  uint64
	Sum    time.Duration
}

type histogram struct {
	counts [buckets]atomic.Uint64
	sum    atomic.Int64
}

func (h *histogram) observe(d time.Duration) {
	h.counts[sort.Search(buckets-1, func(i int) bool { return d <= Buckets[i] })].Add(1)
	h.sum.Add(int64(d))
}

func (h *histogram) read() Histogram {
	var out Histogram
	for i := range h.counts {
		out.Counts[i] = h.counts[i].Load()
		out.Count += out.Counts[i]
	}
	out.Sum = time.Duration(h.sum.Load())
	return out
}

// meters count what all calls do.
type meters struct {
	setup  histogram // from INVITE to our answer
	routes histogram // of script routes, from the event to the end, waits in queues too
	events atomic.Uint64
	peak   atomic.Int64 // most calls that were live together
	verbs  sync.Map     // name to *verbMeter

	gone MediaStats // of calls that are over; under the manager's lock
}

type verbMeter struct{ uses, failed atomic.Uint64 }

// rise notes how many calls are live; the manager's lock is held.
func (m *meters) rise(live int) { m.peak.Store(max(m.peak.Load(), int64(live))) }

// used counts one use of a verb.
func (m *Manager) used(v *Verb, err error) {
	entry, ok := m.meters.verbs.Load(v.Name)
	if !ok {
		entry, _ = m.meters.verbs.LoadOrStore(v.Name, new(verbMeter))
	}
	meter, _ := entry.(*verbMeter)
	meter.uses.Add(1)
	if err != nil {
		meter.failed.Add(1)
	}
}

// VerbStats counts the uses of one verb.
type VerbStats struct {
	Uses, Failed uint64
}

// MediaStats adds up the RTP of calls: those that live and those that are over.
type MediaStats struct {
	PacketsIn, PacketsOut uint64
	BytesIn, BytesOut     uint64 // of payload
	Lost                  int64
	Late, Concealed       uint64
	Duplicate, Malformed  uint64

	// Of the calls that live.
	Sessions  int           // with RTP
	Jitter    time.Duration // mean
	JitterMax time.Duration
	Delay     time.Duration // mean, of jitter buffers
	RTT       time.Duration // mean of those who know theirs
}

// add counts the traffic of one call in.
func (s *MediaStats) add(c *Call) {
	l := c.glance.leg.Load()
	if l == nil {
		return
	}
	if l.rtp == nil {
		in, out := l.frames()
		s.PacketsIn += in
		s.PacketsOut += out
		return
	}
	st := l.rtp.session.Stats()
	s.PacketsIn += st.PacketsIn
	s.PacketsOut += st.PacketsOut
	s.BytesIn += st.BytesIn
	s.BytesOut += st.BytesOut
	s.Lost += st.Lost
	s.Late += st.Late
	s.Concealed += st.Concealed
	s.Duplicate += st.Duplicate
	s.Malformed += st.Malformed
}

// media adds up all calls, and counts those that live by state.
func (m *Manager) media() (sum MediaStats, states map[string]int) {
	states = make(map[string]int)
	m.mu.RLock()
	defer m.mu.RUnlock()
	sum = m.meters.gone
	known := 0
	for _, c := range m.calls {
		states[state(c.glance.state.Load()).String()]++
		sum.add(c)
		l := c.glance.leg.Load()
		if l == nil || l.rtp == nil || c.glance.state.Load() > int32(answered) {
			continue
		}
		st := l.rtp.session.Stats()
		sum.Sessions++
		sum.Jitter += st.Jitter
		sum.JitterMax = max(sum.JitterMax, st.Jitter)
		sum.Delay += st.Delay
		if st.RTT > 0 {
			known++
			sum.RTT += st.RTT
		}
	}
	if sum.Sessions > 0 {
		sum.Jitter /= time.Duration(sum.Sessions)
		sum.Delay /= time.Duration(sum.Sessions)
	}
	if known > 0 {
		sum.RTT /= time.Duration(known)
	}
	return sum, states
}

// verbStats returns the uses of all verbs that were used.
func (m *meters) verbStats() map[string]VerbStats {
	out := make(map[string]VerbStats)
	m.verbs.Range(func(name, entry any) bool {
		meter, _ := entry.(*verbMeter)
		text, _ := name.(string)
		out[text] = VerbStats{Uses: meter.uses.Load(), Failed: meter.failed.Load()}
		return true
	})
	return out
}
