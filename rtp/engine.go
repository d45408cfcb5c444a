package rtp

import (
	"time"

	pion "github.com/pion/rtp"
)

// Clock is what the engine needs of a media clock: how many shards it has, and a
// call on each shard before and after the graphs of a phase.
type Clock interface {
	N() int
	Hooks(before, after func(shard int))
}

// Engine moves the packets of all sessions. The packets of a phase wait in their
// shard's outbox and leave together at its end; sockets that have been silent for
// 100 ms are watched by the shard's epoll set instead of being read each tick.
type Engine struct {
	now    func() time.Time
	base   time.Time
	late   func(shard int) time.Duration // how late its phase began; nil: never
	shards []*shard
}

// Option changes how an Engine works.
type Option func(*Engine)

// WithNow sets the engine's time. The default follows the Clock's own Now where it
// has one, as a media.ManualClock does, else time.Now. It is called from several
// goroutines.
func WithNow(now func() time.Time) Option { return func(e *Engine) { e.now = now } }

// NewEngine returns an engine that works on the shards of c. Call it before the
// first graph is attached.
func NewEngine(c Clock, options ...Option) *Engine {
	e := &Engine{now: time.Now}
	if t, ok := c.(interface{ Now() time.Duration }); ok {
		began := time.Now()
		e.now = func() time.Time { return began.Add(t.Now()) }
	}
	if l, ok := c.(interface{ Late(shard int) time.Duration }); ok {
		e.late = l.Late
	}
	for _, o := range options {
		o(e)
	}
	e.base = e.now()
	for range max(c.N(), 1) {
		e.shards = append(e.shards, newShard(e))
	}
	c.Hooks(e.before, e.after)
	return e
}

// Close frees what the engine holds of the system. No session may be ticked after
// it; packets that still wait are dropped.
func (e *Engine) Close() {
	for _, sh := range e.shards {
		sh.out.drop()
		sh.watch.close()
	}
}

func (e *Engine) before(shard int) {
	sh := e.shards[shard]
	if e.late != nil {
		sh.late = int64(e.late(shard))
	}
	sh.before()
}

func (e *Engine) after(shard int) { e.shards[shard].out.flush() }

// extraBudget is how many datagrams a phase reads in all for sessions that are
// past their own budget: a flood on many ports takes its time from nobody.
const extraBudget = 1024

// shard is what the sessions of one clock shard share. Only its thread uses it.
type shard struct {
	engine *Engine
	mono   int64 // ns since the engine began, of this phase; never jumps
	wall   int64 // ns since the Unix epoch, of this phase
	late   int64 // ns that the phase began later than it should
	extra  int   // datagrams that floods may still cost in this phase
	batch  *Batch
	header pion.Header // of the packet that is being received
	packet Packet      // the one that is being received
	sent   Packet      // the one that is being sent
	slots  slotPool
	out    outbox
	watch  watcher
}

func newShard(e *Engine) *shard {
	sh := &shard{engine: e, batch: NewBatch(), header: newHeader()}
	sh.setTime()
	sh.watch.open()
	return sh
}

func (sh *shard) before() {
	sh.setTime()
	sh.extra = extraBudget
	sh.watch.poll()
}

func (sh *shard) setTime() { sh.mono, sh.wall = sh.engine.time() }

// time returns the ns since the engine began, which never jump, and the ns since
// the Unix epoch.
func (e *Engine) time() (mono, wall int64) {
	now := e.now()
	return int64(now.Sub(e.base)), now.UnixNano()
}
