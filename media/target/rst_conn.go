package target

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"rms/media"
	"rms/media/wire/rst"
)

// byeGap lies between the three BYE of generation 2, so that one burst of loss does
// not take all.
const byeGap = 20 * time.Millisecond

// closeTime is what a last BYE may take when a stream is broken off.
const closeTime = 50 * time.Millisecond

// rstConn is one stream to an RST server.
type rstConn struct {
	id         string
	generation int // as the server answered
	framing    string
	pt         uint8
	channels   int
	samples    int // of a frame, one channel

	server netip.AddrPort
	main   *net.UDPConn // INV, BYE, and the audio of generation 1 or of R
	second *net.UDPConn // audio of W in generation 2
	joined bool         // main is connected to the server

	mu    sync.Mutex // Write against Finish
	sides []rstSide
	dump  *rstDump

	framesOut, bytesOut         atomic.Uint64
	dropped, ignored, malformed atomic.Uint64

	bye   sync.Once
	once  sync.Once
	done  chan struct{} // closed when ended is set
	ended Ended
}

func newRSTConn(o *Options, main *net.UDPConn) *rstConn {
	c := &rstConn{
		id: rstID(o), generation: 1, framing: framingData, pt: rst.L16, channels: o.Format.Channels,
		samples: media.Format{Rate: 8000, Channels: 1}.Samples(o.Frame),
		main:    main, joined: true, done: make(chan struct{}),
	}
	switch {
	case strings.EqualFold(o.Codec.Name, "PCMU"):
		c.pt = rst.PCMU
	case strings.EqualFold(o.Codec.Name, "PCMA"):
		c.pt = rst.PCMA
	}
	if a, ok := main.RemoteAddr().(*net.UDPAddr); ok {
		c.server = unmapPort(a.AddrPort())
	}
	c.arm(newRSTSide(rst.Read, main, netip.AddrPort{}), newRSTSide(rst.Write, main, netip.AddrPort{}))
	return c
}

// arm takes as many sides as there are channels.
func (c *rstConn) arm(sides ...rstSide) {
	c.sides = sides[:c.channels]
	for i := range c.sides {
		c.sides[i].buf = make([]byte, 0, rst.MaxDatagram)
		c.sides[i].begin(c, c.frameBytes())
	}
}

func (c *rstConn) frameBytes() int {
	if c.pt == rst.L16 {
		return 2 * c.samples
	}
	return c.samples
}

// Remote returns the address of the server, to which INV and BYE go.
func (c *rstConn) Remote() netip.AddrPort { return c.server }

// Write cuts f into datagrams. A server that is not there costs what is sent to it,
// never the stream.
func (c *rstConn) Write(f *media.Frame) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.done:
		return ErrClosed
	default:
	}
	if f.Lost {
		c.gap(f.Samples)
	}
	if len(f.PCM) > 0 && (f.Format.Rate != 8000 || f.Format.Channels != c.channels) {
		return fmt.Errorf("rst: %w: got %v, want 8000 Hz x%d", media.ErrFormat, f.Format, c.channels)
	}
	for pcm := f.PCM; len(pcm) >= c.channels; {
		n := min(len(pcm)/c.channels, c.samples-c.sides[0].have) * c.channels
		for i := range c.sides {
			c.sides[i].add(c, pcm[:n], i)
		}
		if c.sides[0].have == c.samples {
			c.send()
		}
		pcm = pcm[n:]
	}
	return nil
}

// Prompt returns true: datagrams never wait.
func (c *rstConn) Prompt() bool { return true }

// TryWrite is Write.
func (c *rstConn) TryWrite(f *media.Frame) bool { return c.Write(f) == nil }

// gap makes the time stamps of RTP tell of audio that was lost before it came here.
func (c *rstConn) gap(samples int) {
	if c.framing != framingRTP || samples <= 0 {
		return
	}
	c.flush()
	for i := range c.sides {
		c.sides[i].timestamp += uint32(samples)
		c.sides[i].marker = true
	}
}

// flush sends what Write kept.
func (c *rstConn) flush() {
	if c.sides[0].have == 0 {
		return
	}
	for i := range c.sides {
		c.sides[i].short(c)
	}
	c.send()
}

// send sends the datagrams of all sides and begins the next.
func (c *rstConn) send() {
	for i := range c.sides {
		s := &c.sides[i]
		s.seal(c)
		if c.dump != nil {
			c.dump.put(i, s.buf[s.head:])
		}
		if c.datagram(s.socket, s.to, s.buf) {
			c.framesOut.Add(1)
			c.bytesOut.Add(uint64(len(s.buf)))
		}
		s.begin(c, c.frameBytes())
	}
}

// control sends INV or BYE to the server.
func (c *rstConn) control(b []byte) {
	to := c.server
	if c.joined {
		to = netip.AddrPort{}
	}
	c.datagram(c.main, to, b)
}

// datagram sends b and reports whether it went out. "Connection refused" is about
// the datagram before, so that one is counted and b sent once more.
func (c *rstConn) datagram(socket *net.UDPConn, to netip.AddrPort, b []byte) bool {
	for range 2 {
		var err error
		if to.IsValid() {
			_, err = socket.WriteToUDPAddrPort(b, to)
		} else {
			_, err = socket.Write(b)
		}
		if err == nil {
			return true
		}
		c.dropped.Add(1)
		if !errors.Is(err, syscall.ECONNREFUSED) {
			return false
		}
	}
	return false
}

// Text returns ErrNoText.
func (c *rstConn) Text(context.Context, string) error { return ErrNoText }

// Digit does nothing: the protocol has no message for it.
func (c *rstConn) Digit(byte, time.Duration) error { return nil }

// Finish sends the rest of the audio and BYE: once in generation 1, whose server
// writes a record for each, three times in generation 2. A server's ACK of it is not
// waited for.
func (c *rstConn) Finish(ctx context.Context, _ string) Ended {
	defer context.AfterFunc(ctx, func() { _ = c.Close() })()
	c.mu.Lock()
	select {
	case <-c.done: // the server said BYE, or Close was called
	default:
		c.flush()
		c.bye.Do(func() { c.farewell(ctx, byeGap) })
	}
	c.mu.Unlock()
	c.end(Ended{By: ByLocal, Code: 1000, Reason: "Normal closure"})
	if c.dump != nil {
		c.dump.wait(ctx)
	}
	return c.ended
}

// farewell sends BYE as often as the generation wants.
func (c *rstConn) farewell(ctx context.Context, gap time.Duration) {
	b := rst.AppendBye(nil, c.id)
	c.control(b)
	for i := 1; c.generation == 2 && i < 3; i++ {
		if gap > 0 {
			t := time.NewTimer(gap)
			select {
			case <-t.C:
			case <-ctx.Done():
			case <-c.done: // the server said it too
				return
			}
			t.Stop()
		}
		c.control(b)
	}
}

// Close breaks off, with a BYE if the socket takes it: UDP has no other way to tell.
func (c *rstConn) Close() error {
	select {
	case <-c.done:
		return nil
	default:
	}
	_ = c.main.SetWriteDeadline(time.Now().Add(closeTime)) // fails on a closed socket only
	c.bye.Do(func() { c.farewell(context.Background(), 0) })
	c.end(Ended{By: ByLocal, Code: 1006, Reason: "Abnormal closure"})
	return nil
}

// end closes the sockets; the first reason counts.
func (c *rstConn) end(e Ended) {
	c.once.Do(func() {
		c.ended = e
		close(c.done)
		_ = c.main.Close()
		if c.second != nil {
			_ = c.second.Close()
		}
		if c.dump != nil {
			c.dump.stop()
		}
	})
}

// Stats returns the counters. A frame is one datagram of audio; bytes are with its
// header.
func (c *rstConn) Stats() Stats {
	return Stats{
		FramesOut: c.framesOut.Load(), BytesOut: c.bytesOut.Load(),
		Dropped: c.dropped.Load(), Ignored: c.ignored.Load(), Malformed: c.malformed.Load(),
	}
}

func unmapPort(a netip.AddrPort) netip.AddrPort {
	return netip.AddrPortFrom(a.Addr().Unmap(), a.Port())
}
