package esl

import (
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rs/zerolog"
)

// maxLines bounds the lines of the log that wait for clients.
const maxLines = 1024

// maxLineBytes bounds one of them.
const maxLineBytes = 16 << 10

// LogRing has the lines of a log for clients that asked for them. It is a writer of
// zerolog, beside the real one; while nobody listens it costs next to nothing. Whoever
// logs never waits: the oldest lines are dropped.
type LogRing struct {
	readers atomic.Int32
	wake    chan struct{}

	mu    sync.Mutex
	lines []logLine
	lost  int
	to    map[*conn]int // level by client
}

type logLine struct {
	level int
	text  []byte
}

// NewLogRing returns a ring that nobody listens to.
func NewLogRing() *LogRing {
	return &LogRing{wake: make(chan struct{}, 1), to: make(map[*conn]int)}
}

// Write takes a line without a level.
func (r *LogRing) Write(p []byte) (int, error) { return r.WriteLevel(zerolog.InfoLevel, p) }

// WriteLevel takes a line of JSON.
func (r *LogRing) WriteLevel(level zerolog.Level, p []byte) (int, error) {
	if r == nil || r.readers.Load() == 0 {
		return len(p), nil
	}
	r.mu.Lock()
	if len(r.lines) >= maxLines {
		r.lines = r.lines[1:]
		r.lost++
	}
	r.lines = append(r.lines, logLine{levelOf(level), slices.Clone(p[:min(len(p), maxLineBytes)])})
	r.mu.Unlock()
	select {
	case r.wake <- struct{}{}:
	default:
	}
	return len(p), nil
}

// levelOf is the number that the original has for a level.
func levelOf(l zerolog.Level) int {
	switch l {
	case zerolog.TraceLevel, zerolog.DebugLevel:
		return 7
	case zerolog.WarnLevel:
		return 4
	case zerolog.ErrorLevel:
		return 3
	case zerolog.FatalLevel:
		return 2
	case zerolog.PanicLevel:
		return 1
	case zerolog.InfoLevel, zerolog.NoLevel, zerolog.Disabled:
	}
	return 6
}

// levelNames are the levels of the original by number.
var levelNames = []string{"CONSOLE", "ALERT", "CRIT", "ERR", "WARNING", "NOTICE", "INFO", "DEBUG"}

func (r *LogRing) ready() <-chan struct{} {
	if r == nil {
		return nil
	}
	return r.wake
}

// hand gives what waits to the clients, on the goroutine of the bus.
func (r *LogRing) hand() {
	r.mu.Lock()
	lines := r.lines
	r.lines = nil
	to := maps.Clone(r.to)
	r.mu.Unlock()
	for _, l := range lines {
		var wire []byte
		for c, level := range to {
			if l.level > level {
				continue
			}
			if wire == nil {
				wire = logData(l)
			}
			c.out.offer(wire)
		}
	}
}

// logData is a line as a client gets it.
func logData(l logLine) []byte {
	var fields map[string]any
	message, id, source := "", "", ""
	var more []string
	if json.Unmarshal(l.text, &fields) == nil {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			value := textOf(fields[name])
			switch name {
			case zerolog.MessageFieldName:
				message = value
			case zerolog.LevelFieldName, zerolog.TimestampFieldName:
			default:
				if name == "call_id" {
					id = value
				}
				more = append(more, name+"="+value)
			}
		}
	} else {
		message = strings.TrimSpace(string(l.text))
	}
	source = strings.Join(append([]string{message}, more...), " ")
	body := time.Now().Format("2006-01-02 15:04:05.000000") + " [" + levelNames[l.level] + "] rms:0 " + oneLine(source) + "\n"
	return []byte("Content-Type: log/data\nContent-Length: " + strconv.Itoa(len(body)) + "\nLog-Level: " + strconv.Itoa(l.level) +
		"\nText-Channel: 3\nLog-File: rms\nLog-Func: log\nLog-Line: 0\nUser-Data: " + oneLine(id) + "\n\n" + body)
}

// add has a client get lines up to a level.
func (r *LogRing) add(c *conn, level int) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.to[c] = level
	r.readers.Store(int32(len(r.to))) //nolint:gosec // as many as connections
}

func (r *LogRing) remove(c *conn) {
	if r == nil {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.to, c)
	r.readers.Store(int32(len(r.to))) //nolint:gosec // as many as connections
}

// log has lines of the log come: up to a level from 0 to 7, or by its name.
func (c *conn) log(_ *command, args string) string {
	level := 7
	if args != "" {
		if level = levelFrom(args); level < 0 {
			return "-ERR invalid log level"
		}
	}
	c.logging = true
	c.server.opts.Logs.add(c, level)
	return "+OK log level " + args + " [" + strconv.Itoa(level) + "]"
}

func levelFrom(text string) int {
	if n, err := strconv.Atoi(text); err == nil {
		if n < 0 || n > 7 {
			return -1
		}
		return n
	}
	return slices.Index(levelNames, strings.ToUpper(text))
}

func (c *conn) nolog(*command, string) string {
	c.server.opts.Logs.remove(c)
	if !c.logging {
		return "-ERR not loging" // the original writes it so
	}
	c.logging = false
	return "+OK no longer logging"
}
