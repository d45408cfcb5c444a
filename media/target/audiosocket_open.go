package target

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"sync/atomic"
	"syscall"

	"rms/media"
	"rms/media/wire/audiosocket"
)

// audioSocket is a connection to an AudioSocket server, as Asterisk would make it.
type audioSocket struct {
	// What each frame needs lies together.
	busy   turn // who has it writes, and what follows is theirs
	prompt bool // TryWrite may be used
	bye    bool // nothing more is sent
	kind   audiosocket.Kind
	fill   int                   // bytes of buf
	buf    []byte                // one message: the header, and samples until it is full
	ended  atomic.Pointer[Ended] // the first end counts
	sock   *promptConn
	format media.Format
	stats  audioSocketStats

	conn    net.Conn // sock
	remote  netip.AddrPort
	dialect audiosocket.Dialect
	stall   *audiosocket.WriteStall

	in      *audiosocket.Reader
	pcm     []int16 // of one message, for the handler
	serving atomic.Bool
	done    chan struct{} // closed when nobody reads any more
}

// audioSocketStats are the counters of Stats.
type audioSocketStats struct{ framesOut, bytesOut, framesIn, bytesIn, ignored, malformed atomic.Uint64 }

// openAudioSocket connects, 2 s for each address of the host, and says the UUID.
func openAudioSocket(ctx context.Context, o *Options) (Conn, error) {
	opts := *o
	if err := checkAudioSocket(&opts); err != nil {
		return nil, &ConnectError{Code: CodeNotSupported, Text: err.Error(), Final: true, Err: err}
	}
	conn, err := dialAudioSocket(ctx, &opts)
	if err != nil {
		return nil, audioSocketFailed(err)
	}
	c := newAudioSocket(conn, &opts)
	if err := c.identify(ctx, opts.UUID); err != nil {
		_ = conn.Close()
		return nil, audioSocketFailed(err)
	}
	return c, nil
}

// dialAudioSocket hides the deadline of ctx, but not its end, from the Dialer, which
// would leave all that remains of it to the last address.
func dialAudioSocket(ctx context.Context, o *Options) (net.Conn, error) {
	each, cancel := context.WithCancel(context.WithoutCancel(ctx))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	conn, err := o.Dial.DialContext(each, "tcp", net.JoinHostPort(o.URL.Hostname(), o.URL.Port()))
	if err != nil && ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return conn, err
}

// newAudioSocket takes over conn, with options that were checked.
func newAudioSocket(conn net.Conn, o *Options) *audioSocket {
	sock := newPromptConn(conn)
	c := &audioSocket{
		conn: sock, sock: sock, prompt: o.StallTimeout == 0, format: o.Format, done: make(chan struct{}),
		in: audiosocket.NewReader(conn, DialTimeout), stall: audiosocket.NewWriteStall(conn, o.StallTimeout),
	}
	c.busy.init()
	c.kind, _ = audiosocket.KindOf(o.Format.Rate)
	c.dialect, _ = audiosocket.ParseDialect(o.Dialect)
	c.buf = audiosocket.AppendMessage(nil, c.kind, make([]byte, 2*o.Format.Samples(o.Frame)))
	c.fill = audioSocketHeader
	c.remote, _ = netip.ParseAddrPort(conn.RemoteAddr().String())
	c.remote = netip.AddrPortFrom(c.remote.Addr().Unmap(), c.remote.Port())
	return c
}

// identify sends the first message, in one write, before ctx ends.
func (c *audioSocket) identify(ctx context.Context, uuid string) error {
	id, err := audiosocket.ParseID(uuid)
	if err != nil {
		return err
	}
	stop := context.AfterFunc(ctx, func() { _ = c.conn.Close() })
	err = c.send(audiosocket.AppendMessage(nil, audiosocket.ID, id[:]))
	if !stop() {
		return ctx.Err()
	}
	return err
}

// Remote returns the address of the far end.
func (c *audioSocket) Remote() netip.AddrPort { return c.remote }

// Stats returns the counters.
func (c *audioSocket) Stats() Stats {
	s := &c.stats
	return Stats{
		FramesOut: s.framesOut.Load(), BytesOut: s.bytesOut.Load(),
		FramesIn: s.framesIn.Load(), BytesIn: s.bytesIn.Load(),
		Ignored: s.ignored.Load(), Malformed: s.malformed.Load(),
	}
}

// audioSocketFailed puts what went wrong before the audio in words.
func audioSocketFailed(err error) *ConnectError {
	e := &ConnectError{Code: CodeConnectFailed, Text: err.Error(), Err: err}
	var (
		refused *RefusedError
		number  syscall.Errno
	)
	switch {
	case errors.As(err, &refused):
		e.Final = true
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, os.ErrDeadlineExceeded):
		e.Code, e.Text = CodeTimeout, "Connection timed out"
	case errors.As(err, &number):
		e.Text = systemError(number)
	}
	return e
}
