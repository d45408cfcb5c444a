package rtp

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// ErrNoDTMF says that the far end did not agree to telephone-event, or that
// nothing is sent to it now.
var ErrNoDTMF = errors.New("no telephone-event was agreed, or the call is on hold")

// ErrDigitsFull says that too many digits wait to be sent.
var ErrDigitsFull = errors.New("too many digits wait to be sent, at most 64")

const (
	digitQueue     = 64
	digitVolume    = 10 // -dBm0
	digitEnds      = 3  // how often the end is sent (RFC 4733 section 2.5.1.4)
	minDigit       = 40 * time.Millisecond
	maxDigit       = 8 * time.Second
	minGap         = 60 * time.Millisecond
	defaultDigit   = 100 * time.Millisecond
	digitSize      = headerSize + 4
	digitsAllowed  = keys + "abcd"
	durationDigits = "0.04 to 8 s"
)

// sendingDigit is a digit in the queue.
type sendingDigit struct {
	event         uint8
	duration, gap time.Duration
}

// digitSender queues digits from any goroutine and sends them on the shard.
type digitSender struct {
	mu    sync.Mutex // of those who queue; the shard never takes it
	ring  *[digitQueue]sendingDigit
	head  atomic.Uint32 // next to be sent; the shard's
	tail  atomic.Uint32 // next free
	ready atomic.Bool   // digits can be sent at all

	// Of the digit that is being sent; the shard's.
	active    bool
	current   sendingDigit
	start     uint32 // timestamp of the segment
	before    int64  // units of the segments before
	units     uint16 // of this segment, as sent last
	elapsed   time.Duration
	ends      int
	remaining time.Duration // of the pause after it
	payload   [4]byte
}

// SendDigits queues keys (0-9, *, #, A-D) to be sent as RFC 4733 events, each as
// long as duration with a pause of gap after it; 0 means 100 ms and 60 ms. It is
// safe from any goroutine.
func (s *Session) SendDigits(digits string, duration, gap time.Duration) error {
	if duration == 0 {
		duration = defaultDigit
	}
	if duration < minDigit || duration > maxDigit {
		return fmt.Errorf("digit duration %v: allowed is %s", duration, durationDigits)
	}
	if i := strings.IndexFunc(digits, func(r rune) bool { return !strings.ContainsRune(digitsAllowed, r) }); i >= 0 {
		return fmt.Errorf("digit %q at position %d: allowed are 0-9, *, # and A-D", digits[i], i+1)
	}
	if !s.digitsOut.ready.Load() {
		return ErrNoDTMF
	}
	return s.digitsOut.queue(strings.ToUpper(digits), duration, max(gap, minGap))
}

func (d *digitSender) queue(digits string, duration, gap time.Duration) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	tail := d.tail.Load()
	if int(tail-d.head.Load())+len(digits) > digitQueue {
		return ErrDigitsFull
	}
	if d.ring == nil {
		d.ring = new([digitQueue]sendingDigit)
	}
	for i := range len(digits) {
		event := uint8(strings.IndexByte(keys, digits[i]))
		d.ring[tail%digitQueue] = sendingDigit{event: event, duration: duration, gap: gap}
		tail++
	}
	d.tail.Store(tail)
	return nil
}

// busy reports whether this tick belongs to a digit or the pause after it.
func (d *digitSender) busy() bool {
	return d.active || d.remaining > 0 || d.head.Load() != d.tail.Load()
}

// clear forgets everything that waits.
func (d *digitSender) clear() {
	d.head.Store(d.tail.Load())
	d.active, d.remaining = false, 0
}

// tick fills payload for a tick that begins at timestamp now, and reports whether
// there is a packet to send, its timestamp and marker.
func (d *digitSender) tick(now uint32, tick time.Duration, rate int) (timestamp uint32, marker, send bool) {
	if !d.active && d.remaining > 0 {
		d.remaining -= tick
		return 0, false, false
	}
	if !d.active {
		head := d.head.Load()
		d.current = d.ring[head%digitQueue]
		d.head.Store(head + 1)
		d.active, d.start, d.elapsed, d.ends = true, now, 0, 0
		d.before, d.units = 0, 0
		marker = true
	}
	d.elapsed = min(d.elapsed+tick, d.current.duration)
	units := int64(d.elapsed)*int64(rate)/int64(time.Second) - d.before
	if d.units == maxSegment && units > maxSegment {
		d.start += maxSegment
		d.before += maxSegment
		units -= maxSegment
	}
	d.units = uint16(min(units, maxSegment)) // a longer key goes on in the next segment
	end := d.elapsed == d.current.duration && units <= maxSegment
	d.fill(end, d.units)
	if end {
		d.countEnd(tick)
	}
	return d.start, marker, true
}

// countEnd lets the end out three times, one a tick, within the pause.
func (d *digitSender) countEnd(tick time.Duration) {
	d.ends++
	if d.ends < digitEnds {
		return
	}
	d.active = false
	d.remaining = d.current.gap - (digitEnds-1)*tick
}

func (d *digitSender) fill(end bool, units uint16) {
	b := &d.payload
	b[0] = d.current.event
	b[1] = digitVolume
	if end {
		b[1] |= 0x80
	}
	binary.BigEndian.PutUint16(b[2:], units)
}
