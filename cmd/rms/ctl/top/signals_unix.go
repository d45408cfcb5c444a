//go:build unix

package top

import (
	"os"
	"os/signal"
	"syscall"
)

// resized brings a token when the terminal has another size, and when the program goes
// on after it was stopped.
func resized() (tokens <-chan os.Signal, stop func()) {
	c := make(chan os.Signal, 1)
	signal.Notify(c, syscall.SIGWINCH, syscall.SIGCONT)
	return c, func() { signal.Stop(c) }
}

// suspend stops the program as Ctrl-Z does, and returns when it goes on.
func suspend() { _ = syscall.Kill(0, syscall.SIGTSTP) }
