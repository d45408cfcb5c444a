//go:build linux

package interop_test

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"unsafe"
)

// Most of the time these tests wait, and all use the same addresses. So each runs in a
// process with a loopback of its own (a network namespace), some at a time. Where that is
// not allowed, and with RMS_INTEROP_SHARDS=1, one follows the other in this process.
const (
	shardsVariable  = "RMS_INTEROP_SHARDS"
	programVariable = "RMS_INTEROP_PROGRAM" // the rms that a process with one test uses
)

// carried are the flags that each test gets, too; any other one needs a single process.
var carried = []string{"test.v", "test.short", "test.timeout", "test.count", "test.failfast", "test.paniconexit0"}

// plan says which tests a run has, when they can run in processes of their own.
type plan struct {
	tests []string
	below string // pattern of their subtests
	args  []string
	loud  bool
}

// newPlan returns nil when the tests are to run in this process.
func newPlan() *plan {
	p, plain, top := &plan{loud: testing.Verbose()}, true, "."
	flag.Visit(func(f *flag.Flag) {
		switch {
		case f.Name == "test.run":
			top = f.Value.String()
		case slices.Contains(carried, f.Name):
			p.args = append(p.args, "-"+f.Name+"="+f.Value.String())
		case f.Name != "test.testlogfile":
			plain = false
		}
	})
	if before, below, found := strings.Cut(top, "/"); found {
		top, p.below = before, "/"+below
		plain = plain && !strings.Contains(below, "|") // of other tests
	}
	if !plain || shards() < 2 || !separate("-test.list", "^$").ran() {
		return nil
	}
	list := separate("-test.list", top)
	list.ran()
	for _, name := range strings.Fields(list.out.String()) {
		if strings.HasPrefix(name, "Test") {
			p.tests = append(p.tests, name)
		}
	}
	if len(p.tests) < 2 {
		return nil
	}
	return p
}

// shards is how many tests run at a time: all of them together need half a core.
func shards() int {
	if n, err := strconv.Atoi(os.Getenv(shardsVariable)); err == nil {
		return n
	}
	return 2 * runtime.NumCPU()
}

// run runs all tests and returns the exit status.
func (p *plan) run() int {
	todo := make(chan string)
	var wait sync.WaitGroup
	var say sync.Mutex
	status := 0
	for range shards() {
		wait.Go(func() {
			for test := range todo {
				s := separate(append(p.args, "-test.run", "^"+test+"$"+p.below)...)
				passed := s.ran()
				say.Lock()
				if !passed {
					status = 1
				}
				if p.loud || !passed {
					os.Stdout.Write(bytes.TrimSuffix(s.out.Bytes(), []byte("PASS\n")))
				}
				say.Unlock()
			}
		})
	}
	for _, test := range p.tests {
		todo <- test
	}
	close(todo)
	wait.Wait()
	fmt.Println([]string{"PASS", "FAIL"}[status])
	return status
}

// shard is this test binary in a process with a network of its own.
type shard struct {
	cmd *exec.Cmd
	out bytes.Buffer
}

func separate(args ...string) *shard {
	s := &shard{cmd: exec.Command("/proc/self/exe", args...)}
	s.cmd.Args[0] = os.Args[0]
	s.cmd.Stdout, s.cmd.Stderr = &s.out, &s.out
	s.cmd.Env = append(os.Environ(), programVariable+"="+program)
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	return s
}

func (s *shard) ran() bool { return s.cmd.Run() == nil }

// raiseLoopback makes the addresses of a new network namespace work.
func raiseLoopback() error {
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_DGRAM|syscall.SOCK_CLOEXEC, 0)
	if err != nil {
		return err
	}
	defer syscall.Close(fd)
	request := struct { // struct ifreq
		name  [syscall.IFNAMSIZ]byte
		flags uint16
		_     [22]byte
	}{flags: syscall.IFF_UP}
	copy(request.name[:], "lo")
	if _, _, number := syscall.Syscall(syscall.SYS_IOCTL, uintptr(fd), syscall.SIOCSIFFLAGS, uintptr(unsafe.Pointer(&request))); number != 0 {
		return number
	}
	return nil
}
