package record

import (
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"rms/media"
	"rms/media/timeline"
	"rms/media/wav"
)

// Recording is one file that is being written. Packet, PCM, SetCodec, Anchor, Tick and
// Line are for the clock's thread: none waits, none allocates for a frame. The other
// methods are for anybody.
type Recording struct {
	// What each packet needs, on one line of the processor's cache.
	tick  atomic.Int64 // the time line's now, ns
	state atomic.Int32
	q     queue

	store *Store
	spec  Spec
	id    string
	slot  int // of the pool's wheel
	file  atomic.Pointer[string]

	queued  atomic.Bool // waits for a worker
	again   atomic.Bool // somebody wanted a turn while one was taken
	turns   sync.Mutex  // held during a turn, across the disk's waiting; guards work
	work    work
	mark    watermarks
	unsure  atomic.Pointer[error] // a group sync failed
	follow  followers
	settled atomic.Int64  // bytes that do not change any more
	reader  sync.RWMutex  // held to read the file, and to close it
	shift   atomic.Int64  // samples from the time line's 0 to that in the file
	fell    atomic.Int64  // 1 + the tick at which the queue began to be full; 0: told
	events  sync.Mutex    // held while Events is called; guards told
	told    bool          // that it is stopped
	over    chan struct{} // closed when it is stopped
}

func newRecording(s *Store, spec Spec) (*Recording, error) {
	if spec.Rate == 0 {
		spec.Rate = 8000
	}
	if spec.Encoding == 0 {
		spec.Encoding = wav.PCM
	}
	if spec.Threshold == 0 {
		spec.Threshold = defaultThreshold
	}
	if spec.ID == "" {
		spec.ID = newID()
	}
	if err := spec.check(s.o.Now()); err != nil {
		return nil, err
	}
	r := &Recording{store: s, spec: spec, id: spec.ID, over: make(chan struct{})}
	r.q.mem = &s.mem
	r.file.Store(&r.spec.File)
	r.work.init(r)
	return r, nil
}

// check makes the name and refuses what cannot be recorded.
func (o *Spec) check(now time.Time) error {
	format := media.Format{Rate: o.Rate, Channels: o.Sides.Channels()}
	if err := format.Check(); err != nil || o.Rate < 1000 {
		return fmt.Errorf("record at %d Hz: %w", o.Rate, media.ErrFormat)
	}
	switch o.Encoding {
	case wav.PCM, wav.Mulaw, wav.Alaw:
	default:
		return fmt.Errorf("record as %s: only PCM, mu-law and A-law are written", o.Encoding)
	}
	sealed := len(o.Recipients) > 0
	if sealed && (o.Trim || o.Append) {
		return fmt.Errorf("record encrypted: neither trim nor append can be had with encryption")
	}
	if o.File == "" {
		if o.Template == "" {
			o.Template = DefaultTemplate
		}
		name, err := expand(o.Template, func(name string) string { return o.value(name, now) })
		if err != nil {
			return err
		}
		if o.File = name; sealed && checkEnding(name, true) != nil {
			o.File += sealedEnd[len(wavEnd):]
		}
		return nil
	}
	o.Template = ""
	if sealed && checkEnding(o.File, true) != nil {
		o.File += sealedEnd[len(wavEnd):]
	}
	return checkName(o.File, sealed)
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}

// ID names the recording.
func (r *Recording) ID() string { return r.id }

// Call is the id of the call that is recorded.
func (r *Recording) Call() string { return r.spec.Call }

// Name is what the script calls the recording.
func (r *Recording) Name() string { return r.spec.Name }

// File is the file's name relative to the root. A name from a template may still get a
// number until Started, when it is taken.
func (r *Recording) File() string { return *r.file.Load() }

// State tells how far the recording is.
func (r *Recording) State() State { return State(r.state.Load()) }

// Position is the time line's now, as the last Tick said.
func (r *Recording) Position() time.Duration { return time.Duration(r.tick.Load()) }

// Done is closed when the recording is stopped and Events.Stopped has returned.
func (r *Recording) Done() <-chan struct{} { return r.over }

// Tick says that the time line has come to at.
func (r *Recording) Tick(at time.Duration) { r.tick.Store(int64(at)) }

// Packet takes a packet of a side (0 caller, 1 callee) and copies it. p.Arrival is on the
// time line.
func (r *Recording) Packet(side int, p *timeline.Packet) {
	if side != side&1 {
		return
	}
	r.put(&item{
		kind: packetItem, side: uint8(side), pt: p.PayloadType, marker: p.Marker, sequence: p.Sequence,
		timestamp: p.Timestamp, ssrc: p.SSRC, at: p.Arrival, payload: p.Payload,
	})
}

// PCM takes mono audio of a side that has no RTP; at is the place of its first sample.
func (r *Recording) PCM(side int, at time.Duration, pcm []int16, rate int) {
	if side != side&1 || rate < 1000 {
		return
	}
	const most = 480 // samples in an item: two go into a block
	var buf [2 * most]byte
	for len(pcm) > 0 {
		n := min(len(pcm), most)
		for i, v := range pcm[:n] {
			buf[2*i], buf[2*i+1] = byte(v), byte(uint16(v)>>8)
		}
		r.put(&item{kind: pcmItem, side: uint8(side), ssrc: uint32(rate), at: at, payload: buf[:2*n]})
		at += time.Duration(n) * time.Second / time.Duration(rate)
		pcm = pcm[n:]
	}
}

// Anchor says that the sample with this RTP timestamp is heard at this time: a jitter
// buffer read it there.
func (r *Recording) Anchor(side int, timestamp uint32, at time.Duration) {
	if side == side&1 {
		r.put(&item{kind: anchorItem, side: uint8(side), timestamp: timestamp, at: at})
	}
}

func (r *Recording) put(i *item) {
	if len(i.payload) > mostPayload {
		r.store.stats.oversized.Add(1)
		return
	}
	if !r.State().takes() {
		return
	}
	if _, begins := r.q.put(i, r.Position()); begins {
		r.fell.Store(1 + r.tick.Load())
		r.store.stats.gaps.Add(1)
	}
}

func (s State) takes() bool { return s < Stopping }

// SetCodec says what a payload type of a side means from now on.
func (r *Recording) SetCodec(side int, pt uint8, c media.Codec) {
	r.order(order{kind: codecOrder, side: side, pt: pt, codec: c})
}

// Line begins an RTP stream of a side anew. ours says that we send it; delay is the
// nominal depth of the jitter buffer of one that we receive (timeline.Options). A side
// whose Line was never called takes packets as timeline's defaults say; side 1 is ours.
func (r *Recording) Line(side int, ours bool, delay time.Duration) {
	r.order(order{kind: lineOrder, side: side, ours: ours, at: delay})
}

func (r *Recording) order(o order) {
	if o.side == o.side&1 && r.State().takes() {
		r.q.order(o)
	}
}
