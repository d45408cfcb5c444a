package main

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"rms/config"
)

// newLog opens the log of the server: console lines on a terminal, JSON elsewhere,
// unless log.format says which.
func newLog(cfg *config.Config, stdout, stderr io.Writer) (zerolog.Logger, func(), error) {
	level, err := zerolog.ParseLevel(cfg.Log.Level)
	if err != nil {
		return zerolog.Nop(), nil, err
	}
	var out io.Writer
	closer := func() {}
	switch cfg.Log.File {
	case "stderr":
		out = stderr
	case "stdout":
		out = stdout
	default:
		f, err := os.OpenFile(cfg.Log.File, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o640)
		if err != nil {
			return zerolog.Nop(), nil, fmt.Errorf("open the log (log.file): %w", err)
		}
		out, closer = f, func() { _ = f.Close() }
	}
	f, isFile := out.(*os.File)
	out = cleanWriter{out}
	if cfg.Log.Format == "console" || cfg.Log.Format == "auto" && isFile && isatty.IsTerminal(f.Fd()) {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05.000"}
	}
	preciseTime()
	return zerolog.New(zerolog.SyncWriter(out)).Level(level).With().Timestamp().Logger(), closer, nil
}

// preciseTime sets how zerolog writes times, which is one for the whole program.
var preciseTime = sync.OnceFunc(func() { zerolog.TimeFieldFormat = time.RFC3339Nano })
