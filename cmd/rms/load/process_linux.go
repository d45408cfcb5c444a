package load

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

// clockTick is the unit of /proc/PID/stat. The kernel gives user space 100 a
// second on every architecture that Go runs on.
const clockTick = 100

// usage is what a process has used at one moment.
type usage struct {
	cpu     float64 // seconds of user and system time
	rss     int64   // bytes
	threads int
}

func readProcess(pid int) (usage, error) {
	raw, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return usage{}, fmt.Errorf("pid %d: no such process; --pid wants the number of the running server (pidof NAME)", pid)
	}
	_, after, ok := bytes.Cut(raw[max(0, bytes.LastIndexByte(raw, ')')):], []byte(") "))
	fields := strings.Fields(string(after))
	if !ok || len(fields) < 22 {
		return usage{}, fmt.Errorf("pid %d: /proc/%d/stat is not understood", pid, pid)
	}
	number := func(i int) int64 {
		n, bad := strconv.ParseInt(fields[i], 10, 64)
		err = errors.Join(err, bad)
		return n
	}
	// Counted from field 3, the state, in proc(5).
	u := usage{cpu: float64(number(11)+number(12)) / clockTick, threads: int(number(17)), rss: number(21) * int64(os.Getpagesize())}
	return u, err
}

func processName(pid int) string {
	raw, _ := os.ReadFile(fmt.Sprintf("/proc/%d/comm", pid))
	return strings.TrimSpace(string(raw))
}

// machine is what all processors together have done at one moment, in ticks.
type machine struct{ total, idle, steal uint64 }

func readMachine() machine {
	raw, _ := os.ReadFile("/proc/stat")
	line, _, _ := strings.Cut(string(raw), "\n")
	var m machine
	for i, field := range strings.Fields(line) {
		n, err := strconv.ParseUint(field, 10, 64)
		if err != nil || i > 8 { // guest time is part of user time
			continue
		}
		m.total += n
		switch i {
		case 4, 5: // idle, waiting for a disk
			m.idle += n
		case 8:
			m.steal += n
		}
	}
	return m
}

func loadAverage() float64 {
	raw, _ := os.ReadFile("/proc/loadavg")
	first, _, _ := strings.Cut(string(raw), " ")
	v, _ := strconv.ParseFloat(first, 64)
	return v
}

// ownCPU is what this process has used, in seconds.
func ownCPU() float64 {
	var r unix.Rusage
	if unix.Getrusage(unix.RUSAGE_SELF, &r) != nil {
		return 0
	}
	return float64(r.Utime.Nano()+r.Stime.Nano()) / 1e9
}

// allowFiles raises the limit of open files so that n more fit.
func allowFiles(n int) error {
	need := uint64(n + 64)
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return err
	}
	if limit.Cur >= need {
		return nil
	}
	wish := unix.Rlimit{Cur: need, Max: max(need, limit.Max)}
	if limit.Max >= need {
		wish.Max = limit.Max
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &wish); err != nil {
		return fmt.Errorf("%d calls need %d open files and this shell allows %d: raise it with `ulimit -n %d`, or place fewer calls",
			n, need, limit.Max, need)
	}
	return nil
}
