//go:build linux

package interop_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is a peer that runs beside the test. Its output is kept, and shown when the
// test fails.
type process struct {
	name string
	cmd  *exec.Cmd
	done chan struct{}
	err  error

	mu  sync.Mutex
	out bytes.Buffer
}

// start runs a program in dir until the test ends or it is stopped.
func start(t *testing.T, dir, name string, args ...string) *process {
	t.Helper()
	p := &process{name: name, cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.run(t, dir)
	return p
}

// run starts the program that cmd holds.
func (p *process) run(t *testing.T, dir string) {
	t.Helper()
	p.cmd.Dir, p.cmd.Stdout, p.cmd.Stderr = dir, p, p
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM}
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", p.name, err)
	}
	go func() {
		p.err = p.cmd.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		p.stop(t, 30*time.Second)
		if t.Failed() {
			t.Logf("output of %s:\n%s", strings.Join(p.cmd.Args, " "), p.tail(6000))
		}
	})
}

// Write collects output; os/exec calls it.
func (p *process) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.Write(b)
}

func (p *process) output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.out.String()
}

func (p *process) tail(n int) string {
	s := p.output()
	return s[max(0, len(s)-n):]
}

func (p *process) says(text string) bool { return strings.Contains(p.output(), text) }

// soonSays waits for a text: the output of a process is behind what it does.
func (p *process) soonSays(text string) bool {
	return soon(30*time.Second, func() bool { return p.says(text) })
}

func (p *process) signal(t *testing.T, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		t.Errorf("signal %s: %v", p.name, err)
	}
}

// stop ends the process as an operator would, and by force after the limit.
func (p *process) stop(t *testing.T, limit time.Duration) {
	t.Helper()
	p.signal(t, syscall.SIGTERM)
	if p.wait(limit) {
		return
	}
	p.signal(t, syscall.SIGKILL)
	<-p.done
	t.Errorf("%s did not stop within %v of SIGTERM", p.name, limit)
}

// wait returns whether the process ended within the limit.
func (p *process) wait(limit time.Duration) bool {
	timer := time.NewTimer(limit)
	defer timer.Stop()
	select {
	case <-p.done:
		return true
	case <-timer.C:
		return false
	}
}
