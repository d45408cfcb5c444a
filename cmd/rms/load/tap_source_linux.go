package load

import (
	"io"
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// tapSource is the connection of one stream. It is read as things come until calm,
// and rarely from then on, without the poller of the runtime: its wake-ups would be
// paid by whoever sends, which is the server that is measured.
type tapSource struct {
	conn net.Conn
	fd   int // of calm, else -1
	quit <-chan struct{}
	thaw <-chan struct{} // nothing is read before it is closed; nil: all is
	lazy time.Duration   // how often it is looked at once it is calm
}

// stall keeps the stream unread until thaw is closed. The receive buffer stays as the
// kernel has it: one of a fixed size drops segments instead of closing the window, and the
// far end sends again when its timer says so, seconds after the stream is read again.
func (s *tapSource) stall(thaw <-chan struct{}) { s.thaw, s.lazy = thaw, tapShort }

// calm takes the connection away from the runtime's poller.
func (s *tapSource) calm() {
	tcp, ok := s.conn.(*net.TCPConn)
	if !ok || s.fd >= 0 {
		return
	}
	file, err := tcp.File()
	if err != nil {
		return
	}
	fd, err := unix.FcntlInt(file.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	_ = file.Close()
	if err != nil {
		return
	}
	_ = s.conn.Close() // the descriptor, not the connection: fd is another of it
	s.fd = fd
}

func (s *tapSource) release() {
	if s.fd >= 0 {
		_ = unix.Close(s.fd)
	}
}

// Read reads what has come, and waits until something has.
func (s *tapSource) Read(b []byte) (int, error) {
	if s.fd < 0 {
		return s.conn.Read(b)
	}
	if s.thaw != nil {
		select {
		case <-s.thaw:
			s.thaw = nil
		case <-s.quit:
		}
	}
	for tries := 0; ; {
		n, _, err := unix.Recvfrom(s.fd, b, unix.MSG_DONTWAIT)
		switch {
		case n > 0:
			return n, nil
		case err == nil:
			return 0, io.EOF
		case err != unix.EAGAIN && err != unix.EINTR:
			return 0, err
		}
		if !s.wait() {
			if tries++; tries > tapFarewell {
				return 0, net.ErrClosed
			}
		}
	}
}

// tapFarewell is how often a stream is still looked at once the run is over.
const tapFarewell = int(tapPatient / tapShort)

const tapShort = 20 * time.Millisecond

// wait lets some time pass; false: the run is over.
func (s *tapSource) wait() bool {
	pause, open := s.lazy, true
	select {
	case <-s.quit:
		pause, open = tapShort, false
	default:
	}
	timer := time.NewTimer(pause)
	defer timer.Stop()
	if !open {
		<-timer.C
		return false
	}
	select {
	case <-timer.C:
		return true
	case <-s.quit:
		return false
	}
}

// Write answers: pongs and goodbyes.
func (s *tapSource) Write(b []byte) (int, error) {
	if s.fd < 0 {
		return s.conn.Write(b)
	}
	return unix.Write(s.fd, b)
}
