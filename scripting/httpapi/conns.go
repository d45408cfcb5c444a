package httpapi

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// listener bounds the connections of one address. When there are too many, the one
// makes way that has been waiting for longest without a request at work: clients that
// connect and say nothing cannot keep others out.
type listener struct {
	net.Listener
	limit int

	mu    sync.Mutex
	conns map[*conn]struct{}
}

func newListener(l net.Listener, limit int) *listener {
	return &listener{Listener: l, limit: limit, conns: map[*conn]struct{}{}}
}

// conn is one connection. Its fields are under the lock of its listener.
type conn struct {
	net.Conn
	owner *listener
	busy  int       // requests at work: 0 or 1
	since time.Time // that it is not
}

// Accept waits for a connection that there is room for.
func (l *listener) Accept() (net.Conn, error) {
	for {
		c, err := l.Listener.Accept()
		if err != nil {
			return nil, err
		}
		kept, victim := l.take(c)
		if victim != nil {
			_ = victim.Close()
		}
		if kept != nil {
			return kept, nil
		}
	}
}

// take keeps a connection and returns which one has to go: one that waits, or c.
func (l *listener) take(c net.Conn) (kept *conn, victim net.Conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.conns) >= l.limit {
		oldest := l.oldest()
		if oldest == nil {
			return nil, c
		}
		delete(l.conns, oldest)
		victim = oldest.Conn
	}
	kept = &conn{Conn: c, owner: l, since: time.Now()}
	l.conns[kept] = struct{}{}
	return kept, victim
}

func (l *listener) oldest() *conn {
	var found *conn
	for c := range l.conns {
		if c.busy == 0 && (found == nil || c.since.Before(found.since)) {
			found = c
		}
	}
	return found
}

// Close forgets the connection, whoever closes it.
func (c *conn) Close() error {
	c.owner.mu.Lock()
	delete(c.owner.conns, c)
	c.owner.mu.Unlock()
	return c.Conn.Close()
}

// CloseWrite ends our side, so that the last answer is read before the connection goes.
func (c *conn) CloseWrite() error {
	if w, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return w.CloseWrite()
	}
	return nil
}

// works says that a request is at work, or no more.
func (c *conn) works(n int) {
	c.owner.mu.Lock()
	defer c.owner.mu.Unlock()
	c.busy += n
	c.since = time.Now()
}

func (l *listener) len() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.conns)
}

// closeIdle closes connections without a request at work.
func (l *listener) closeIdle() { l.closeIf(func(c *conn) bool { return c.busy == 0 }) }

func (l *listener) closeAll() { l.closeIf(func(*conn) bool { return true }) }

func (l *listener) closeIf(which func(*conn) bool) {
	l.mu.Lock()
	var list []*conn
	for c := range l.conns {
		if which(c) {
			list = append(list, c)
		}
	}
	l.mu.Unlock()
	for _, c := range list {
		_ = c.Close()
	}
}

type connKey struct{}

// withConn puts the connection into the context of its requests.
func withConn(ctx context.Context, c net.Conn) context.Context {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	return context.WithValue(ctx, connKey{}, c)
}

func connOf(r *http.Request) *conn {
	c, _ := r.Context().Value(connKey{}).(*conn)
	return c
}

// sendBuffer is how much the kernel keeps for a subscriber that does not read.
const sendBuffer = 64 << 10

// shrink bounds what waits in the kernel: it would be lost without a word.
func shrink(r *http.Request) {
	c := connOf(r)
	if c == nil {
		return
	}
	if b, ok := c.Conn.(interface{ SetWriteBuffer(bytes int) error }); ok {
		_ = b.SetWriteBuffer(sendBuffer)
	}
}
