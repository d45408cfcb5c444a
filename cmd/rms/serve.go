package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"rms/config"
	"rms/sip"
)

var serveCommand = &command{
	name: "serve", args: "[-c rms.yaml] [flags]", short: "run the server",
	long: `
Answers calls, runs the script and plays prompts until it is told to stop. With no
flags it listens on UDP and TCP port 5060 and serves its own script:

    sip:welcome@HOST   plays a prompt and hangs up
    sip:loop@HOST      plays the prompt for ever
    sip:tone@HOST      a 440 Hz tone
    sip:echo@HOST      sends back what you say
    any other user     hears the same as welcome

A first SIGTERM or Ctrl-C refuses new calls with 503 and lets the calls in progress
end by themselves; after --drain, or at a second signal, they are hung up.

A script with a mistake that can be seen is refused with file and line. SIGHUP loads it
again, script.watch does so whenever it changes: calls in progress keep the version that
they began with, a version with a mistake is logged and not used. SIGHUP also opens the
call records (log.records) anew. "rms ctl" and "rms top" look at a server that runs. To see the
SIP messages, --log-level trace writes those of all calls to the log, and
rms.trace{on = true} in a script those of one call, whatever the level is.

    rms serve --listen udp://127.0.0.1:5070 --script ivr.lua --media-root /srv/prompts`,
	run: runServe,
}

func runServe(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	var drain time.Duration
	cfg, words, err := loadConfig(c, args, stdout, func(fs *flag.FlagSet) {
		fs.DurationVar(&drain, "drain", 60*time.Second, "how long calls in progress may go on after SIGTERM")
	})
	if err != nil {
		return notHelp(err)
	}
	if len(words) > 0 {
		return usageError{fmt.Errorf("unexpected word %q (flags only)", words[0])}
	}
	log, level, closeLog, err := newLog(cfg, stdout, stderr)
	if err != nil {
		return usageError{err}
	}
	defer closeLog()
	for _, w := range cfg.Warnings {
		log.Warn().Msg(w)
	}
	s, err := newServer(cfg, log, level)
	if err != nil {
		return err
	}
	collectOften()
	hup := hangups() // before anybody is told that the server is there
	s.greet(stdout, cfg)
	log.Info().Str("version", version()).Str("script", cfg.Script.File).Int("script_version", s.script.Version()).Int("max_calls", s.maxCalls).Msg("server started")
	s.wait(ctx, hup)
	s.stop(stdout, drain)
	return nil
}

// drained is how often a server that ends with its last call looks for one.
const drained = 100 * time.Millisecond

// hangups tells of each SIGHUP from now on, which would end the process otherwise.
func hangups() <-chan os.Signal {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	return hup
}

// wait returns when ctx ends, or when somebody asked for the end and no call is left.
// At each SIGHUP it reloads the script and opens the call records anew.
func (s *server) wait(ctx context.Context, hup <-chan os.Signal) {
	var tick <-chan time.Time
	for {
		select {
		case <-hup:
			_ = s.script.Reload() // it is logged
			s.records.reopen()
		case <-s.ending:
			ticker := time.NewTicker(drained)
			defer ticker.Stop()
			tick = ticker.C
		case <-tick:
			if s.calls.Len() == 0 {
				return
			}
		case <-ctx.Done():
			return // a SIGHUP while the server drains changes nothing, and does not end it
		}
	}
}

// gcPercent lets the heap grow by half of what is live before it is collected, where
// Go's default is all of it. A call in progress allocates nothing, so that this
// costs little time, and what thousands of calls hold is a third smaller.
const gcPercent = 50

// collectOften sets gcPercent unless GOGC says otherwise.
func collectOften() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
}

// greet says what the server listens on and what to dial.
func (s *server) greet(w io.Writer, cfg *config.Config) {
	fmt.Fprintf(w, "rms %s\n", version())
	for _, l := range s.ua.Listeners() {
		fmt.Fprintf(w, "  listening   %s://%s\n", l.Transport, l.Addr)
	}
	if s.sockets != nil {
		fmt.Fprintf(w, "  listening   audiosocket://%s\n", s.sockets.Addr())
	}
	s.greetESL(w, cfg)
	if s.http != nil {
		for _, url := range s.http.URLs() {
			fmt.Fprintf(w, "  listening   %s\n", url)
		}
	}
	script := cfg.Script.File
	if script == "" {
		script = "built in (dial welcome, loop, tone or echo)"
	}
	fmt.Fprintf(w, "  script      %s\n", script)
	fmt.Fprintf(w, "  rtp ports   %s, at most %d calls\n", cfg.RTP.Ports, s.maxCalls)
	if l, ok := s.dialable(); ok {
		fmt.Fprintf(w, "  try         rms call sip:welcome@%s\n", l)
	}
}

// dialable returns an address of ours that this machine can call.
func (s *server) dialable() (string, bool) {
	for _, l := range s.ua.Listeners() {
		if l.Transport == "udp" {
			return dialAddr(l), true
		}
	}
	return "", false
}

func dialAddr(l sip.Listener) string {
	switch addr := l.Addr.Addr(); {
	case !addr.IsUnspecified():
		return l.Addr.String()
	case addr.Is4():
		return fmt.Sprintf("127.0.0.1:%d", l.Addr.Port())
	}
	return fmt.Sprintf("[::1]:%d", l.Addr.Port())
}
