package main

import (
	"bytes"
	"context"
	"os"
	"sync"
	"syscall"
	"testing"
	"time"
)

// hasty sends SIGHUP in the moment in which the server says that it is there.
type hasty struct {
	output
	once sync.Once
}

func (h *hasty) Write(p []byte) (int, error) {
	if bytes.Contains(p, []byte("listening")) {
		h.once.Do(func() {
			_ = syscall.Kill(os.Getpid(), syscall.SIGHUP)
			time.Sleep(100 * time.Millisecond) // until it has come
		})
	}
	return h.output.Write(p)
}

func TestAHangupSignalAtTheGreetingReloadsTheScript(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	s := &served{t: t, signal: cancel, code: make(chan int, 1)}
	out := &hasty{}
	go func() {
		s.code <- run(ctx, []string{
			"serve", "--listen", "udp://127.0.0.1:0", "--rtp-ports", "21000-21999", "--media-root", "", "--log.format", "json", "--http", "", "--http.socket", "",
			"--script", file(t, "ivr.lua", route("one")),
		}, out, &s.log)
	}()
	s.logs("script reloaded")
	s.signal()
	s.ends(exitOK)
}
