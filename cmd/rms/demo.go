package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/rs/zerolog"

	"rms/cmd/rms/phone"
	"rms/config"
)

var demoCommand = &command{
	name: "demo", args: "[--save FILE.wav]", short: "start a server, call it, show what was heard",
	long: `
Starts the server on free ports of this machine, calls its "welcome" user with the
softphone of "rms call", shows the SIP exchange and the result, and keeps what was
heard as a WAV file. Nothing leaves the machine.`,
	run: runDemo,
}

func runDemo(ctx context.Context, c *command, args []string, stdout, stderr io.Writer) error {
	fs := c.flags(stdout)
	save := fs.String("save", "", "WAV `file` that takes what is heard; empty: in the temporary folder")
	verbose := fs.Bool("log", false, "show the server's log")
	words, err := parse(fs, args)
	if err != nil {
		return notHelp(err)
	}
	if len(words) > 0 {
		return usageError{fmt.Errorf("unexpected word %q", words[0])}
	}
	if *save == "" {
		*save = filepath.Join(os.TempDir(), "rms-demo.wav")
	}
	s, err := demoServer(*verbose, stderr)
	if err != nil {
		return err
	}
	defer s.close()
	addr, ok := s.dialable()
	if !ok {
		return errors.New("the server has no UDP listener")
	}
	fmt.Fprintf(stdout, "rms serves on udp://%s; a softphone calls sip:welcome@%s\n\n", addr, addr)
	res, err := phone.Run(ctx, phone.Options{To: "sip:welcome@" + addr, Save: *save, For: 10 * time.Second}, stdout)
	if err != nil {
		return err
	}
	if err := res.Print(stdout); err != nil {
		return err
	}
	if !res.Heard {
		return errors.New("the call was not heard")
	}
	fmt.Fprintf(stdout, "\nWhat was heard is in %s. Next: rms serve, then rms call sip:echo@127.0.0.1\n", *save)
	return nil
}

// demoServer starts a server on loopback, with free ports and nothing of the
// machine's own configuration.
func demoServer(verbose bool, stderr io.Writer) (*server, error) {
	cfg, err := config.Load(config.Options{Flags: map[string][]string{
		"sip.listen": {"udp://127.0.0.1:0", "tcp://127.0.0.1:0"}, "rtp.ports": {"20000-20999"}, "media.roots": {""},
		"http.listen": {""}, "http.socket": {""},
	}})
	if err != nil {
		return nil, err
	}
	log := zerolog.Nop()
	if verbose {
		log = zerolog.New(zerolog.ConsoleWriter{Out: stderr, TimeFormat: "15:04:05.000"}).With().Timestamp().Logger()
	}
	return newServer(cfg, log, nil)
}
