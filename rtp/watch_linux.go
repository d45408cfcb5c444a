//go:build linux && !rtp_portable

package rtp

import (
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// watchEvents is how many sockets one look at the epoll set can wake; the rest
// wake a phase later.
const watchEvents = 128

// watcher is a shard's epoll set. A silent socket is armed for one event; the
// event marks it awake, and then its session reads it each tick until it is silent
// again.
type watcher struct {
	fd     int
	events [watchEvents]unix.EpollEvent

	mu      sync.Mutex // held for a look-up, never for a system call that waits
	entries []*watched
	free    []int32
}

// watched is one channel of a session in an epoll set. ready belongs to the
// shard.
type watched struct {
	ready bool // read the socket
	armed bool // the epoll set watches it
	fd    int
	slot  int32
	gen   int32
	w     *watcher
}

func (w *watcher) open() {
	fd, err := unix.EpollCreate1(unix.EPOLL_CLOEXEC)
	if err != nil {
		fd = -1 // every socket is read each tick
	}
	w.fd = fd
}

func (w *watcher) close() {
	if w.fd >= 0 {
		_ = unix.Close(w.fd)
		w.fd = -1
	}
}

// poll marks the sockets on which something came.
func (w *watcher) poll() {
	if w.fd < 0 {
		return
	}
	r, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_PWAIT, uintptr(w.fd), uintptr(unsafe.Pointer(&w.events[0])),
		watchEvents, 0, 0, 0)
	if errno != 0 || r == 0 {
		return
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, ev := range w.events[:r] {
		if e := w.entries[ev.Fd]; e != nil && e.gen == ev.Pad {
			e.ready, e.armed = true, false // one-shot: the kernel disarmed it
		}
	}
}

// add registers a channel of a transport, armed. A transport without a descriptor
// is always ready.
func (w *watcher) add(t Transport, c Channel, e *watched) {
	*e = watched{ready: true, fd: -1, gen: e.gen + 1}
	p, ok := t.(*Pair)
	if !ok || w.fd < 0 {
		return
	}
	e.fd, e.w = p.fds[c], w
	w.mu.Lock()
	if n := len(w.free); n > 0 {
		e.slot = w.free[n-1]
		w.free = w.free[:n-1]
		w.entries[e.slot] = e
	} else {
		e.slot = int32(len(w.entries))
		w.entries = append(w.entries, e)
	}
	w.mu.Unlock()
	if err := e.control(unix.EPOLL_CTL_ADD); err != nil {
		e.remove() // read each tick
		return
	}
	e.ready, e.armed = false, true
}

// sleep arms the channel: something that waits already wakes it at once.
func (e *watched) sleep() {
	if e.w == nil || e.armed {
		return
	}
	if e.control(unix.EPOLL_CTL_MOD) == nil {
		e.ready, e.armed = false, true
	}
}

// remove takes the channel out of its set. It may be called while the shard runs.
func (e *watched) remove() {
	w := e.w
	if w == nil {
		return
	}
	_ = e.control(unix.EPOLL_CTL_DEL)
	w.mu.Lock()
	w.entries[e.slot] = nil
	w.free = append(w.free, e.slot)
	w.mu.Unlock()
	e.w = nil
}

func (e *watched) control(op uintptr) error {
	ev := unix.EpollEvent{Events: unix.EPOLLIN | unix.EPOLLONESHOT, Fd: e.slot, Pad: e.gen}
	_, _, errno := unix.RawSyscall6(unix.SYS_EPOLL_CTL, uintptr(e.w.fd), op, uintptr(e.fd),
		uintptr(unsafe.Pointer(&ev)), 0, 0)
	if errno != 0 {
		return errno
	}
	return nil
}
