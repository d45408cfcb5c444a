package target

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// wsWire lies between the library and the socket. What it reads are data frames
// only, see wsFrames; what it writes leaves in one system call a frame, with our
// control frames in between.
type wsWire struct {
	raw   net.Conn // TLS, or the same as tcp
	tcp   net.Conn
	sock  *promptConn   // tcp, when raw is the same; nil with TLS
	stall time.Duration // 0 is none

	mine   bool       // the lock is held, by who is writing
	mu     sync.Mutex // held while a frame is written: frames must not mix
	bye    bool       // our CLOSE was written, or begun
	broken error      // of a frame that was cut off

	// Of the goroutine that reads.
	early  []byte // came along with the answer to the handshake
	opened bool   // the handshake is over
	frames wsFrames
	failed error // why nothing more is read
	idle   wsIdle

	// Of the library's writer.
	part  *[]byte // frame that is not complete; nil: none
	total int     // its length

	cutOff atomic.Bool // we broke the connection off
	pongs  wsPongs
	work   wsWork
}

// wsDroppedError is a connection that ended without CLOSE. It does not unwrap: for the
// library io.EOF would be the end of a message.
type wsDroppedError struct{ err error }

// Error returns what the socket said.
func (d *wsDroppedError) Error() string { return d.err.Error() }

// Read returns bytes of data frames.
func (w *wsWire) Read(p []byte) (int, error) {
	if !w.opened {
		return 0, io.EOF // the library looks for the body of a refusal
	}
	for w.failed == nil {
		n, err := w.receive(p)
		kept, bad := w.frames.filter(p[:n])
		switch {
		case bad != nil:
			w.failed = bad
		case err != nil:
			w.failed = &wsDroppedError{err}
		}
		if kept > 0 {
			return kept, nil
		}
	}
	return 0, w.failed
}

func (w *wsWire) receive(p []byte) (int, error) {
	if len(w.early) > 0 {
		n := copy(p, w.early)
		if w.early = w.early[n:]; len(w.early) == 0 {
			w.early = nil
		}
		return n, nil
	}
	w.idle.begin()
	defer w.idle.end()
	return w.raw.Read(p)
}

// wsParts hold frames that are longer than the library's buffer.
var wsParts = sync.Pool{New: func() any { return new([]byte) }}

// wsPartMost is the longest storage that is kept: a second of 48 kHz in two channels.
const wsPartMost = 256 << 10

// Write takes a frame in the pieces that the library makes of it. A piece that
// begins a frame holds its whole header.
func (w *wsWire) Write(p []byte) (int, error) {
	if w.part == nil {
		total := wsFrameLength(p)
		if total == len(p) {
			return len(p), w.pass(p)
		}
		w.total = total
		w.part, _ = wsParts.Get().(*[]byte)
	}
	*w.part = append(*w.part, p...)
	if len(*w.part) < w.total {
		return len(p), nil
	}
	err := w.pass(*w.part)
	if cap(*w.part) <= wsPartMost {
		*w.part = (*w.part)[:0]
		wsParts.Put(w.part)
	}
	w.part = nil
	return len(p), err
}

// wsFrameLength returns the length of the frame of a client that begins with b.
func wsFrameLength(b []byte) int {
	if len(b) < 2 {
		return len(b)
	}
	switch n := int(b[1] & 0x7f); {
	case n == 126 && len(b) >= 4:
		return 8 + int(binary.BigEndian.Uint16(b[2:]))
	case n == 127 && len(b) >= 10:
		return 14 + int(binary.BigEndian.Uint64(b[2:]))
	default:
		return 6 + n
	}
}

// pass writes a frame of the library's.
func (w *wsWire) pass(frame []byte) error {
	if w.mine {
		return w.put(frame, false)
	}
	return w.send(frame, false)
}

// send writes one frame. The lock is held meanwhile, as the socket's own would be;
// nobody waits for it but who has a frame to write. The last frame is CLOSE.
func (w *wsWire) send(frame []byte, last bool) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.put(frame, last)
}

// put writes one frame, with the lock.
func (w *wsWire) put(frame []byte, last bool) error {
	if w.bye {
		return ErrClosed
	}
	if w.broken != nil {
		return w.broken
	}
	w.bye = last
	if w.stall > 0 {
		_ = w.raw.SetWriteDeadline(time.Now().Add(w.stall))
	}
	if _, err := w.raw.Write(frame); err != nil {
		w.broken = err
		return err
	}
	return nil
}

// saidBye says whether our CLOSE went out.
func (w *wsWire) saidBye() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.bye && w.broken == nil
}

// cut breaks the connection off, whoever reads or writes it.
func (w *wsWire) cut() {
	w.cutOff.Store(true)
	_ = w.tcp.Close()
}

// Close is for the library.
func (w *wsWire) Close() error {
	w.cut()
	return nil
}

// wsIdle measures how long a connection has been waited for, without the time that
// was spent on what it sent.
type wsIdle struct {
	on    bool // measure
	since atomic.Int64
	sum   atomic.Int64
}

var wsEpoch = time.Now()

func (i *wsIdle) begin() {
	if i.on {
		i.since.Store(int64(time.Since(wsEpoch)))
	}
}

func (i *wsIdle) end() {
	if i.on {
		i.sum.Add(int64(time.Since(wsEpoch)) - i.since.Swap(0))
	}
}

// waited returns the time so far. It may be short by a turn of the reader.
func (i *wsIdle) waited() time.Duration {
	n := i.sum.Load()
	if since := i.since.Load(); since > 0 {
		n += int64(time.Since(wsEpoch)) - since
	}
	return time.Duration(n)
}
