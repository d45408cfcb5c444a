package load

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

const (
	tcpPatience = 3 * time.Second
	tcpQueue    = 4096
)

// tcpTransport keeps one connection to each address it sends to and accepts
// connections on the same port, since a server may open its own for a BYE.
type tcpTransport struct {
	dial     func(to string) (net.Conn, error)
	addr     netip.AddrPort
	listener net.Listener
	arrived  chan arrival
	quit     chan struct{}
	readers  sync.WaitGroup

	mu    sync.Mutex
	conns map[netip.AddrPort]net.Conn
}

type arrival struct {
	msg  []byte
	from netip.AddrPort
	at   int64
}

func reusePort(_, _ string, raw syscall.RawConn) error {
	var failed error
	err := raw.Control(func(fd uintptr) {
		failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEADDR, 1)
		if failed == nil {
			failed = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
		}
	})
	if err != nil {
		return err
	}
	return failed
}

func newTCPTransport(ctx context.Context, host netip.Addr) (*tcpTransport, error) {
	config := net.ListenConfig{Control: reusePort}
	listener, err := config.Listen(ctx, "tcp", netip.AddrPortFrom(host, 0).String())
	if err != nil {
		return nil, err
	}
	t := &tcpTransport{
		listener: listener, arrived: make(chan arrival, tcpQueue),
		quit: make(chan struct{}), conns: map[netip.AddrPort]net.Conn{},
	}
	t.addr = addrPort(listener.Addr())
	dialer := net.Dialer{Timeout: tcpPatience, Control: reusePort, LocalAddr: net.TCPAddrFromAddrPort(t.addr)}
	t.dial = func(to string) (net.Conn, error) { return dialer.DialContext(ctx, "tcp", to) }
	t.readers.Go(t.accept)
	return t, nil
}

func addrPort(a net.Addr) netip.AddrPort {
	if tcp, ok := a.(*net.TCPAddr); ok {
		return netip.AddrPortFrom(tcp.AddrPort().Addr().Unmap(), uint16(tcp.Port))
	}
	return netip.AddrPort{}
}

func (t *tcpTransport) accept() {
	for {
		conn, err := t.listener.Accept()
		if err != nil {
			return
		}
		if !t.keep(addrPort(conn.RemoteAddr()), conn) {
			return
		}
	}
}

// keep remembers a connection and starts its reader.
func (t *tcpTransport) keep(peer netip.AddrPort, conn net.Conn) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	select {
	case <-t.quit:
		_ = conn.Close()
		return false
	default:
	}
	t.conns[peer] = conn
	t.readers.Go(func() { t.read(peer, conn) })
	return true
}

func (t *tcpTransport) connection(to netip.AddrPort) (net.Conn, error) {
	t.mu.Lock()
	conn := t.conns[to]
	t.mu.Unlock()
	if conn != nil {
		return conn, nil
	}
	conn, err := t.dial(to.String())
	if err != nil {
		return nil, err
	}
	if !t.keep(to, conn) {
		return nil, net.ErrClosed
	}
	return conn, nil
}

func (t *tcpTransport) send(to netip.AddrPort, msg []byte) error {
	conn, err := t.connection(to)
	if err != nil {
		return err
	}
	_ = conn.SetWriteDeadline(time.Now().Add(tcpPatience))
	if _, err = conn.Write(msg); err != nil {
		t.forget(to, conn)
	}
	return err
}

func (t *tcpTransport) forget(peer netip.AddrPort, conn net.Conn) {
	_ = conn.Close()
	t.mu.Lock()
	if t.conns[peer] == conn {
		delete(t.conns, peer)
	}
	t.mu.Unlock()
}

func (t *tcpTransport) read(peer netip.AddrPort, conn net.Conn) {
	defer t.forget(peer, conn)
	buffer, held := make([]byte, 2*maxMessage), 0
	for {
		n, err := conn.Read(buffer[held:])
		if err != nil {
			return
		}
		at := time.Now().UnixNano()
		held += n
		rest := buffer[:held]
		for {
			msg, used, bad := cutStream(rest)
			if bad != nil {
				return
			}
			if used == 0 {
				break
			}
			select {
			case t.arrived <- arrival{append([]byte(nil), msg...), peer, at}:
			case <-t.quit:
				return
			}
			rest = rest[used:]
		}
		held = copy(buffer, rest)
		if held == len(buffer) {
			return
		}
	}
}

func (t *tcpTransport) poll(take func(msg []byte, from netip.AddrPort, at int64)) {
	for {
		select {
		case a := <-t.arrived:
			take(a.msg, a.from, a.at)
		default:
			return
		}
	}
}

func (t *tcpTransport) local() netip.AddrPort { return t.addr }
func (t *tcpTransport) reliable() bool        { return true }

func (t *tcpTransport) close() {
	t.mu.Lock()
	close(t.quit)
	for _, conn := range t.conns {
		_ = conn.Close()
	}
	t.mu.Unlock()
	_ = t.listener.Close()
	t.readers.Wait()
}
