package record

import (
	"time"

	"rms/media"
	"rms/media/record/ledger"
)

// Kinds of orders.
const (
	codecOrder = iota
	lineOrder
	pauseOrder
	resumeOrder
	markOrder
	stopOrder
	noteOrder
)

// order is what a worker is told beside audio.
type order struct {
	kind   int
	after  uint64 // so many items were put before it
	side   int
	at     time.Duration
	told   time.Duration // when, on the time line
	pt     uint8
	ours   bool
	codec  media.Codec
	text   string
	change func(*ledger.Sidecar)
}

// Pause leaves out of the file all sound at or behind at, also what waits already and
// what comes late, until Resume; and all that comes from the network meanwhile, wherever
// its timestamps place it. The file keeps its time line.
func (r *Recording) Pause(at time.Duration) { r.pause(at, false) }

// PauseMasked is Pause, and notes that digits are hidden meanwhile.
func (r *Recording) PauseMasked(at time.Duration) { r.pause(at, true) }

// pause tells the worker, whatever the state: that is only what others see, and the
// worker may change it just now.
func (r *Recording) pause(at time.Duration, masked bool) {
	r.order(order{kind: pauseOrder, at: at, told: r.Position(), ours: masked})
	r.state.CompareAndSwap(int32(Running), int32(Paused))
}

// Resume ends a pause at this sample.
func (r *Recording) Resume(at time.Duration) {
	r.order(order{kind: resumeOrder, at: at, told: r.Position()})
	r.state.CompareAndSwap(int32(Paused), int32(Running))
}

// Mark names a place in the sidecar.
func (r *Recording) Mark(at time.Duration, text string) {
	r.order(order{kind: markOrder, at: at, text: text})
}

// Annotate changes what the sidecar says of the call: parties, labels and parties of
// sides, headers, SIPREC metadata. It may be told any time before Stopped;
// change is called on a goroutine of the store.
func (r *Recording) Annotate(change func(s *ledger.Sidecar)) {
	r.order(order{kind: noteOrder, change: change})
}

// Stop ends the recording at this sample. Events.Stopped follows. Only the first Stop
// counts.
func (r *Recording) Stop(at time.Duration, reason string) {
	for {
		state := r.State()
		if state >= Stopping {
			return
		}
		r.q.order(order{kind: stopOrder, at: at, text: reason})
		if r.state.CompareAndSwap(int32(state), int32(Stopping)) {
			break
		}
	}
	r.store.pool.push(r)
}
