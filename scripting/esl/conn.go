package esl

import (
	"bufio"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/netip"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// lineBuffer is what an idle connection holds for reading, in bytes.
const lineBuffer = 512

// conn is one connection: of a client, or to an application that has a call. Its
// commands are run one after the other on the goroutine that reads them.
type conn struct {
	server   *Server
	net      net.Conn
	out      *outbox
	in       *bufio.Reader
	remote   string
	from     netip.Addr
	outbound bool
	async    bool // of an application: sendmsg does not wait
	full     bool // all commands are allowed

	// Of the goroutine that reads.
	authed  bool
	leaving bool // exit was said, or the password was wrong
	resume  bool
	logging bool

	// Of the bus, under its lock.
	listening
	session string // id of the call that it controls
	ended   bool   // that call is over
	lingers bool
	linger  time.Duration // 0: as long as it likes
	timer   *time.Timer   // of the linger
}

func newConn(s *Server, nc net.Conn) *conn {
	c := &conn{server: s, net: nc, out: newOutbox(nc), in: bufio.NewReaderSize(nc, lineBuffer), remote: nc.RemoteAddr().String(), full: true}
	if a, err := netip.ParseAddrPort(c.remote); err == nil {
		c.from = a.Addr().Unmap()
	}
	return c
}

// inbound serves a client.
func (c *conn) inbound() {
	defer c.close()
	_ = c.net.SetReadDeadline(time.Now().Add(c.server.opts.AuthTimeout)) // a socket that just connected takes one
	c.send("Content-Type: auth/request\n\n")
	c.read()
}

// close lets go of the connection when what waits is written, or the client takes none
// of it.
func (c *conn) close() {
	c.server.leave(c)
	c.server.opts.Logs.remove(c)
	c.out.finish()
	c.out.wait.Wait()
	if c.authed {
		c.server.opts.Log.Info().Str("source", c.remote).Msg("Event Socket client left")
	}
}

// read runs commands until the client goes, or must.
func (c *conn) read() {
	for !c.leaving {
		c.out.pause()
		limit := maxStrangersBody
		if c.authed {
			limit = maxBody
		}
		cmd, err := readCommand(c.in, limit)
		if err != nil {
			c.broken(err)
			return
		}
		c.run(cmd)
	}
	c.send(c.notice())
}

// broken says why a connection ends that nobody said goodbye on.
func (c *conn) broken(err error) {
	log := c.server.opts.Log.Debug()
	var timeout net.Error
	switch {
	case errors.Is(err, errBlock) || errors.Is(err, errLength):
		log = c.server.opts.Log.Warn()
		c.send(c.notice())
	case errors.Is(err, io.EOF) || errors.Is(err, net.ErrClosed):
	case errors.As(err, &timeout) && timeout.Timeout() && !c.authed:
		log = c.server.opts.Log.Warn()
		err = errors.New("no password in time")
	}
	log.Str("source", c.remote).Err(err).Msg("Event Socket connection ended")
}

// send queues what must not be lost.
func (c *conn) send(text string) { c.out.reply([]byte(text)) }

// answer queues the reply to a command.
func (c *conn) answer(text string) {
	c.send("Content-Type: command/reply\nReply-Text: " + text + "\n\n")
}

// goodbye is the body of a notice.
const goodbye = "Disconnected, goodbye.\nSee you at ClueCon! http://www.cluecon.com/\n"

// notice is what a client gets last.
func (c *conn) notice() string { return c.noticeOf(c.controls()) }

func (c *conn) noticeOf(session string) string {
	switch {
	case session == "":
		return "Content-Type: text/disconnect-notice\nContent-Length: 67\n\n" + goodbye
	case c.outbound:
		return "Content-Type: text/disconnect-notice\nControlled-Session-UUID: " + session +
			"\nContent-Disposition: disconnect\nContent-Length: 67\n\n" + goodbye
	}
	return "Content-Type: text/disconnect-notice\nContent-Disposition: disconnect\nContent-Length: 67\n\n" + goodbye
}

// controls returns the id of the call that the connection controls, "" without one.
func (c *conn) controls() string {
	c.server.bus.mu.Lock()
	defer c.server.bus.mu.Unlock()
	return c.session
}

// newUUID makes an id for jobs and events.
func newUUID() string { return uuid.NewString() }

// NewPassword makes a password that nobody can guess.
func NewPassword() string { return rand.Text() }

func number(n int64) string { return strconv.FormatInt(n, 10) }
