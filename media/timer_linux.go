package media

import (
	"syscall"
	"time"
	"unsafe"
)

// timer sleeps to absolute deadlines of the monotonic clock, on the thread that
// made it. Its time is that of CLOCK_MONOTONIC.
type timer struct {
	begin time.Time
	zero  time.Duration // of CLOCK_MONOTONIC at begin
}

const (
	clockMonotonic  = 1
	timerAbsolute   = 1
	setTimerSlackNS = 29 // PR_SET_TIMERSLACK
)

// newTimer asks for a timer slack of 1 ns, where the default of 50 us would come on
// top of every sleep. Where that is not allowed, the sleeps are that much longer.
func newTimer() timer {
	_, _, _ = syscall.RawSyscall(syscall.SYS_PRCTL, setTimerSlackNS, 1, 0)
	var ts syscall.Timespec
	_, _, _ = syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, clockMonotonic, uintptr(unsafe.Pointer(&ts)), 0)
	return timer{begin: time.Now(), zero: time.Duration(ts.Nano())}
}

func (t timer) now() time.Duration { return t.zero + time.Since(t.begin) }

// until sleeps to deadline. Go wakes a thread that it wants to stop by a signal;
// the sleep then returns early, and the call of nap is where the goroutine stops.
func (t timer) until(deadline time.Duration) {
	ts := syscall.NsecToTimespec(int64(deadline))
	for {
		switch nap(&ts) {
		case 0:
			return
		case syscall.EINTR:
		default:
			time.Sleep(deadline - t.now())
			return
		}
	}
}

// nap is not inlined: its prologue is the point where the collector may stop the
// goroutine between two sleeps.
//
//go:noinline
func nap(ts *syscall.Timespec) syscall.Errno {
	_, _, e := syscall.RawSyscall6(syscall.SYS_CLOCK_NANOSLEEP, clockMonotonic, timerAbsolute,
		uintptr(unsafe.Pointer(ts)), 0, 0, 0)
	return e
}
