package target_test

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"rms/media/target"
)

// deafListener returns an address of this machine that answers no connection: its queue
// is full.
func deafListener(t *testing.T) string {
	t.Helper()
	return deafListenerAt(t, 0)
}

func deafListenerAt(t *testing.T, port int) string {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { syscall.Close(fd) })
	if err := syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 78}, Port: port}); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Listen(fd, 0); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(fd)
	if err != nil {
		t.Fatal(err)
	}
	in := name.(*syscall.SockaddrInet4)
	addr := netip.AddrPortFrom(netip.AddrFrom4(in.Addr), uint16(in.Port)).String()
	c, err := net.Dial("tcp", addr) // the one that a queue of length 0 takes
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return addr
}

func TestDialKeepsTheKernelsQueueShort(t *testing.T) {
	t.Parallel()
	at, _ := ear(t, "127.0.0.1:0")
	c, err := dialer(t, target.DialOptions{Scripts: true}).DialContext(t.Context(), "tcp", at.String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	raw, err := c.(*net.TCPConn).SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	err = raw.Control(func(fd uintptr) {
		size, err1 := syscall.GetsockoptInt(int(fd), syscall.SOL_SOCKET, syscall.SO_SNDBUF)
		nodelay, err2 := syscall.GetsockoptInt(int(fd), syscall.IPPROTO_TCP, syscall.TCP_NODELAY)
		// The kernel doubles what it is told (socket(7)).
		if err1 != nil || err2 != nil || size != 2*64<<10 || nodelay == 0 {
			t.Errorf("send buffer of %d bytes, TCP_NODELAY %d, %v %v", size, nodelay, err1, err2)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
}

func TestDialGivesEachAddressAnEnd(t *testing.T) {
	t.Parallel()
	at, _ := ear(t, "127.0.0.1:0")
	deaf := deafListenerAt(t, int(at.Port())) // nobody else has a port of its address
	var lookups atomic.Int32
	d := dialer(t, target.DialOptions{Scripts: true, Lookup: answers(&lookups, []netip.Addr{netip.MustParseAddrPort(deaf).Addr(), at.Addr()})})
	_, port, _ := net.SplitHostPort(deaf)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	start := time.Now()
	c, err := d.DialContext(ctx, "tcp", "bot.example:"+port)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if took := time.Since(start); took < target.DialTimeout || c.RemoteAddr().String() != at.String() {
		t.Errorf("connected to %s after %s", c.RemoteAddr(), took)
	}
}

func TestDialEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	var nd target.Dialer
	_, err := nd.DialContext(ctx, "tcp", deafListener(t))
	var timeout net.Error
	if !errors.As(err, &timeout) || !timeout.Timeout() {
		t.Errorf("%v", err)
	}
}
