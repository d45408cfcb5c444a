package audiosocket

import (
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"
	"time"
)

// sendBuffer bounds what the kernel holds of audio that the far end does not take, in
// bytes.
const sendBuffer = 64 << 10

// Peer is a connection from Asterisk that has said its UUID. Next is for one
// goroutine, Write for one; the other methods are for any.
type Peer struct {
	ID string // UUID of the call, in lower case

	server *Server
	conn   net.Conn
	remote netip.AddrPort
	in     *Reader
	over   bool // the peer said goodbye: nothing more to read
	trap   trap

	dialect atomic.Int32
	hungup  atomic.Bool
	ignored atomic.Uint64
	out     []byte // one message, of Write
	stall   *WriteStall

	taken chan struct{} // closed: no more silence
	take  sync.Once
	fed   sync.WaitGroup
}

func newPeer(s *Server, c net.Conn) *Peer {
	p := &Peer{server: s, conn: c, in: NewReader(c, s.options.Stall), taken: make(chan struct{})}
	p.remote, _ = netip.ParseAddrPort(c.RemoteAddr().String())
	p.dialect.Store(int32(s.options.Dialect))
	p.stall = NewWriteStall(c, s.options.WriteStall)
	if t, ok := c.(*net.TCPConn); ok {
		_ = t.SetWriteBuffer(sendBuffer) // TCP_NODELAY is Go's default
	}
	return p
}

// Remote returns the address of the peer.
func (p *Peer) Remote() netip.AddrPort { return p.remote }

// Dialect returns Upstream, or Fork when the server was told so or the peer showed it.
func (p *Peer) Dialect() Dialect { return Dialect(p.dialect.Load()) }

// Ignored returns how many messages of the peer meant nothing.
func (p *Peer) Ignored() uint64 { return p.ignored.Load() }

// Next returns the next message of the peer; Interpret(m, true, p.Dialect()) says what
// it means. A second UUID is skipped. After a hang-up or an error nothing more is read:
// io.EOF.
func (p *Peer) Next() (Message, error) {
	for {
		if p.over {
			return Message{}, io.EOF
		}
		m, err := p.in.Next()
		if err != nil {
			return Message{}, err
		}
		switch Interpret(m, true, p.Dialect()).What {
		case Identity:
			p.ignored.Add(1)
			continue
		case Nothing:
			p.ignored.Add(1)
		case Audio:
			if p.trap.saw(m) && p.server.options.Suspect != nil && p.server.options.Encoding == Linear {
				p.server.options.Suspect(p)
			}
		case Hangup, Failure:
			p.over = true
		case Key:
			if m.Kind == FrameDTMF {
				p.dialect.Store(int32(Fork))
			}
		}
		return m, nil
	}
}

// PCM appends the samples of a message of audio that Next returned, in the encoding
// that the server's options say, at the rate of the message's kind.
func (p *Peer) PCM(dst []int16, m Message) []int16 {
	return p.server.options.Encoding.AppendPCM(dst, m)
}

// Write sends samples at a rate in Hz, in one message and one system call; none for no
// samples. It is for the owner that paces, 20 ms after 20 ms, and ends the silence. It
// blocks as long as the peer does not read, until Close or WriteStall. Fork's peers
// know 8000 Hz only, and Asterisk before 20.17, 22.7 and 23.1 too.
func (p *Peer) Write(pcm []int16, rate int) error {
	k, ok := KindOf(rate)
	if !ok || !p.Dialect().Carries(k) {
		return fmt.Errorf("%w: %d Hz", ErrRate, rate)
	}
	p.Take()
	p.fed.Wait() // silence behind audio of another rate would end the call
	for len(pcm) > 0 {
		n := min(len(pcm), MaxPayload/2)
		p.out = AppendAudio(p.out[:0], k, pcm[:n])
		if err := p.send(p.out); err != nil {
			return err
		}
		pcm = pcm[n:]
	}
	return nil
}

// Digit plays a digit at a peer of Fork, whose calls know how long they play it; it
// does nothing for Upstream, which drops the call for such a message.
func (p *Peer) Digit(digit byte, duration time.Duration) error {
	if p.Dialect() != Fork {
		return nil
	}
	if b := AppendDigit(nil, Fork, digit, duration); len(b) > 0 {
		return p.send(b)
	}
	return nil
}

// Signal sends one of the Signal codes to a peer of Fork, whose channel is answered
// only by SignalAnswer; it does nothing for Upstream, which drops the call for it.
func (p *Peer) Signal(code byte) error {
	if p.Dialect() != Fork {
		return nil
	}
	return p.send(AppendSignal(nil, code))
}

// Hangup says goodbye. Nothing can be sent after it; the peer's own end may still be
// read.
func (p *Peer) Hangup() error {
	p.Take()
	p.fed.Wait()
	if p.hungup.Swap(true) {
		return nil
	}
	return p.write(AppendMessage(nil, Terminate, nil))
}

// Close breaks off: Next and Write return soon. It may come twice.
func (p *Peer) Close() {
	p.Take()
	_ = p.conn.Close()
}

func (p *Peer) send(b []byte) error {
	if p.hungup.Load() {
		return ErrClosed
	}
	return p.write(b)
}

// write sends whole messages in one system call. The connection keeps the calls of
// several goroutines apart.
func (p *Peer) write(b []byte) error {
	if err := p.stall.Extend(); err != nil {
		return fmt.Errorf("write to %s: %w", p.remote, err)
	}
	_, err := p.conn.Write(b)
	if err == nil {
		return nil
	}
	p.hungup.Store(true)
	if errors.Is(err, os.ErrDeadlineExceeded) {
		_ = p.conn.Close() // else what the peer sent before it went can still be read
	}
	return fmt.Errorf("write to %s: %w", p.remote, err)
}
