//go:build unix

package httpapi

import (
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// taken is the processor time and the resident memory of this process.
func taken() (cpu time.Duration, rss uint64) {
	var use syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &use) == nil {
		cpu = time.Duration(use.Utime.Nano() + use.Stime.Nano())
	}
	text, err := os.ReadFile("/proc/self/statm")
	if words := strings.Fields(string(text)); err == nil && len(words) > 1 {
		pages, _ := strconv.ParseUint(words[1], 10, 64)
		rss = pages * uint64(os.Getpagesize()) //nolint:gosec // it is positive
	}
	return cpu, rss
}
