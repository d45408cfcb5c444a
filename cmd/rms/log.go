package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/mattn/go-isatty"
	"github.com/rs/zerolog"

	"rms/config"
	"rms/scripting/esl"
)

// newLog opens the log of the server: console lines on a terminal, JSON elsewhere,
// unless log.format says which. Its level can be changed while it is written.
func newLog(cfg *config.Config, stdout, stderr io.Writer) (zerolog.Logger, *logLevel, func(), error) {
	level := &logLevel{lines: esl.NewLogRing()}
	if _, err := level.set(cfg.Log.Level); err != nil {
		return zerolog.Nop(), nil, nil, err
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
			return zerolog.Nop(), nil, nil, fmt.Errorf("open the log (log.file): %w", err)
		}
		out, closer = f, func() { _ = f.Close() }
	}
	f, isFile := out.(*os.File)
	out = cleanWriter{out}
	if cfg.Log.Format == "console" || cfg.Log.Format == "auto" && isFile && isatty.IsTerminal(f.Fd()) {
		out = zerolog.ConsoleWriter{Out: out, TimeFormat: "15:04:05.000"}
	}
	preciseTime()
	log := zerolog.New(zerolog.MultiLevelWriter(zerolog.SyncWriter(out), level.lines)).Level(zerolog.TraceLevel).Sample(level).With().Timestamp().Logger()
	return log, level, closer, nil
}

// preciseTime sets how zerolog writes times, which is one for the whole program.
var preciseTime = sync.OnceFunc(func() { zerolog.TimeFieldFormat = time.RFC3339Nano })

// logLevel is the level of the least important lines that are written. A logger and
// all that were made from it ask it for each line, so that it can be changed while
// they are used.
type logLevel struct {
	least atomic.Int32
	lines *esl.LogRing // for clients of the Event Socket
}

// levels are the words for them.
var levels = []string{"trace", "debug", "info", "warn", "error"}

// Sample tells whether a line is written. It is part of zerolog.Sampler.
func (l *logLevel) Sample(level zerolog.Level) bool { return int32(level) >= l.least.Load() }

// set changes the level, unless it is "", and returns that in force.
func (l *logLevel) set(word string) (string, error) {
	switch {
	case l == nil:
		return "", errors.New("this server has no log")
	case slices.Contains(levels, word):
		level, err := zerolog.ParseLevel(word)
		if err != nil {
			return "", err
		}
		l.least.Store(int32(level))
	case word != "":
		return "", fmt.Errorf("there is no log level %q: want one of %s", word, strings.Join(levels, ", "))
	}
	return zerolog.Level(l.least.Load()).String(), nil
}

// logLevel changes the level of the log, unless it is "", and returns that in force.
func (s *server) logLevel(word string) (string, error) {
	before, err := s.level.set("")
	if err != nil {
		return "", err
	}
	now, err := s.level.set(word)
	if err != nil {
		return "", err
	}
	s.trace.hook()
	if now != before {
		loud := s.log.Sample(nil)
		loud.Info().Str("from", before).Str("to", now).Msg("log level changed")
	}
	return now, nil
}
