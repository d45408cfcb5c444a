//go:build linux

// Package interop_test places real calls: SIPp and baresip, both from Debian, call rms
// through Kamailio on loopback addresses, and what they hear is measured by ffmpeg and
// sox. A missing program skips its tests, or fails them when CI=true is set.
//
// Addresses, as in testdata/kamailio: Kamailio 127.77.2.1:5060, rms 127.77.2.11:5070
// and 127.77.2.12:5070, SIPp 127.77.2.21, our RTP sockets 127.77.2.31, baresip
// 127.77.2.41.
package interop_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

const (
	kamailioAddr = "127.77.2.1:5060"
	firstServer  = "127.77.2.11:5070"
	secondServer = "127.77.2.12:5070"
	sixServer    = "[::1]:5077"
	sippAddr     = "127.77.2.21"
	earAddr      = "127.77.2.31"
	baresipAddr  = "127.77.2.41"
)

// program is the rms binary under test; root is the top of the source tree.
var program, root string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	var err error
	if root, err = filepath.Abs("../../.."); err != nil {
		return failed(err)
	}
	if program = os.Getenv(programVariable); program != "" { // one test, see shards_test.go
		if err := raiseLoopback(); err != nil {
			return failed(err)
		}
		return m.Run()
	}
	dir, err := os.MkdirTemp("", "rms-interop-")
	if err != nil {
		return failed(err)
	}
	defer os.RemoveAll(dir)
	program = filepath.Join(dir, "rms")
	build := exec.Command("go", "build", "-o", program, "rms/cmd/rms")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		return failed(fmt.Errorf("build rms: %w\n%s", err, out))
	}
	if p := newPlan(); p != nil {
		return p.run()
	}
	unlock, err := lock()
	if err != nil {
		return failed(err)
	}
	defer unlock()
	return m.Run()
}

func failed(err error) (status int) {
	fmt.Fprintln(os.Stderr, "interop:", err)
	return 1
}

// lock keeps two test runs on one machine from using the same addresses.
func lock() (unlock func(), err error) {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), "rms-interop.lock"), os.O_CREATE|os.O_RDWR, 0o666)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX); err != nil {
		f.Close()
		return nil, err
	}
	return func() { f.Close() }, nil
}

// need skips a test whose peer is not installed; continuous integration must have all.
func need(t *testing.T, programs ...string) {
	t.Helper()
	for _, p := range programs {
		if _, err := exec.LookPath(p); err == nil {
			continue
		}
		if os.Getenv("CI") == "true" {
			t.Fatalf("%s is not installed: apt-get install kamailio kamailio-extra-modules sip-tester baresip-core sox ffmpeg nodejs npm openssl s3cmd", p)
		}
		t.Skipf("%s is not installed", p)
	}
}

// eventually polls until done is true; it fails the test with what it waited for.
func eventually(t *testing.T, limit time.Duration, what string, done func() bool) {
	t.Helper()
	if !soon(limit, done) {
		t.Fatalf("waited %v for %s", limit, what)
	}
}

// soon polls until done is true, and returns whether it was within the limit.
func soon(limit time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(limit); !done(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}
