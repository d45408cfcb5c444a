package rtp

import (
	"time"

	"rms/media"
)

// sessionBudget is how many datagrams a session may always read in a tick; a flood
// beyond it is read only while the shard has time, and waits in the kernel's
// bounded buffer.
const (
	sessionBudget = 64
	floodBudget   = 512
)

// quietAfter is when a silent socket is handed to the epoll set, in ns.
const quietAfter = int64(100 * time.Millisecond)

// poller is the filter that receives: it drains the sockets, and judges and sorts
// what came.
type poller struct {
	s        *Session
	tick     time.Duration
	timedOut bool
	got      int64 // mono ns of the last datagram of any kind
	heard    int64 // mono ns of the last packet that was accepted
}

// Name names the filter in a graph's picture.
func (f *poller) Name() string { return "rtp receive" }

// Prepare sets the length of a tick.
func (f *poller) Prepare(tick time.Duration) {
	f.tick = tick
	f.s.jitter.configure(&f.s.config, tick)
}

// Placed tells the session its shard.
func (f *poller) Placed(shard int) { f.s.place(shard) }

// Skip tells the jitter buffer that the clock gave up some ticks.
func (f *poller) Skip(int) { f.s.jitter.skip() }

// Process receives everything that came since the last tick.
func (f *poller) Process(_, _ []*media.Frame) {
	s := f.s
	if s.closed.Load() {
		return
	}
	if s.shard == nil {
		s.place(0)
	}
	s.jitter.told = false
	now := s.shard.mono
	if s.watched[Media].ready && f.drain(Media) == 0 && now-f.got >= quietAfter {
		s.watched[Media].sleep()
	}
	if s.watched[Control].ready {
		f.drain(Control)
		s.watched[Control].sleep()
	}
	if d, ok := s.digitsIn.expire(now); ok {
		s.reportDigit(d)
	}
	if s.reports.due(s, now) {
		s.reports.send(s)
	}
	f.watchSilence(now)
}

// drain reads a socket until it is empty or the budget is spent, and returns how
// many datagrams came.
func (f *poller) drain(c Channel) int {
	s := f.s
	sh := s.shard
	total := 0
	for total < floodBudget {
		if total >= sessionBudget {
			if sh.extra <= 0 {
				break
			}
			sh.extra -= batchSize
		}
		sh.batch.n = 0
		n := s.transport.Receive(c, sh.batch)
		for i := range n {
			s.receive(c, &sh.batch.data[i])
		}
		total += n
		if n < batchSize {
			break
		}
	}
	if total > 0 && c == Media {
		f.got = sh.mono
	}
	return total
}

func (f *poller) watchSilence(now int64) {
	c := &f.s.config
	if !c.Receive || c.Timeout <= 0 || f.timedOut || now-f.heard < int64(c.Timeout) {
		return
	}
	f.timedOut = true
	f.s.events.Timeout()
}
