package load

import (
	"runtime"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// startThread runs f on an operating system thread of its own and returns a
// channel that is closed when it ends. The thread dies with f, so that its
// timer slack and niceness go with it. nice > 0 lets the server under test be
// scheduled first.
func startThread(nice int, f func()) <-chan struct{} {
	done := make(chan struct{})
	go func() {
		defer close(done)
		runtime.LockOSThread()
		_ = unix.Prctl(unix.PR_SET_TIMERSLACK, 1, 0, 0, 0)
		if nice > 0 {
			_ = unix.Setpriority(unix.PRIO_PROCESS, unix.Gettid(), nice)
		}
		f()
	}()
	return done
}

// monotonic is the clock of sleepUntil, in nanoseconds.
func monotonic() int64 {
	var t unix.Timespec
	_ = unix.ClockGettime(unix.CLOCK_MONOTONIC, &t)
	return t.Nano()
}

// sleepUntil waits for a time of the monotonic clock in a raw system call: the
// scheduler is not told, so the thread keeps its P and GOMAXPROCS must hold
// one more. A signal of the collector interrupts it and is served here.
func sleepUntil(deadline int64) {
	t := unix.NsecToTimespec(deadline)
	for {
		const absolute = 1
		_, _, errno := unix.RawSyscall6(unix.SYS_CLOCK_NANOSLEEP, unix.CLOCK_MONOTONIC, absolute,
			uintptr(unsafe.Pointer(&t)), 0, 0, 0)
		if errno != unix.EINTR {
			return
		}
		runtime.Gosched()
	}
}

// idleLateness says how late this machine wakes a thread that only sleeps:
// what no server can do better than, in the same minute as the measurement.
func idleLateness(d time.Duration, stop func() bool) Spread {
	const period = int64(5 * time.Millisecond)
	var h histogram
	<-startThread(0, func() {
		next := monotonic()
		for end := next + int64(d); next < end && !stop(); {
			next += period
			sleepUntil(next)
			h.add(monotonic() - next)
		}
	})
	return h.spread()
}
