package esl

import (
	"errors"
	"strconv"
	"strings"
)

// hangup ends the call with a cause.
func (r *run) hangup() (func() string, error) {
	return nil, r.command(strings.TrimSpace("uuid_kill " + r.id + " " + strings.TrimSpace(r.data)))
}

// respond refuses a call: "486 Busy Here".
func (r *run) respond() (func() string, error) {
	word, reason, _ := strings.Cut(strings.TrimSpace(r.data), " ")
	code, err := strconv.Atoi(word)
	if err != nil {
		return nil, errors.New("respond wants a status code")
	}
	args := map[string]any{"code": int64(code)}
	if reason != "" {
		args["reason"] = reason
	}
	return nil, r.verb("reject", args)
}

func (r *run) redirect() (func() string, error) {
	return nil, r.verb("redirect", map[string]any{"to": strings.TrimSpace(r.data)})
}

// set sets a variable: name=value. Without a value it is removed.
func (r *run) set() (func() string, error) {
	text := strings.TrimPrefix(strings.TrimSpace(r.data), "nolocal:")
	name, value, ok := strings.Cut(text, "=")
	if !ok {
		return nil, errors.New("set wants name=value")
	}
	return nil, r.setVariable(strings.TrimSpace(name), value)
}

func (r *run) setVariable(name, value string) error {
	args := map[string]any{"name": name}
	if value != "" {
		args["value"] = value
	}
	return r.verb("set", args)
}

// multiset sets several: "a=1 b=2", or with another character between them in front:
// "^^:a=1:b=2".
func (r *run) multiset() (func() string, error) {
	text, between := strings.TrimSpace(r.data), " "
	if rest, ok := strings.CutPrefix(text, "^^"); ok && rest != "" {
		between, text = rest[:1], rest[1:]
	}
	for pair := range strings.SplitSeq(text, between) {
		name, value, ok := strings.Cut(pair, "=")
		if !ok {
			continue
		}
		if err := r.setVariable(name, value); err != nil {
			return nil, err
		}
	}
	return nil, nil
}

func (r *run) unset() (func() string, error) {
	return nil, r.setVariable(strings.TrimSpace(r.data), "")
}

// logLevels are the levels of the original by their names here.
var logLevels = map[string]string{
	"console": "error", "alert": "error", "crit": "error", "err": "error", "error": "error", "warning": "warn", "warn": "warn",
	"notice": "info", "info": "info", "debug": "debug",
}

// log writes a line: "INFO text".
func (r *run) log() (func() string, error) {
	level, text, ok := strings.Cut(strings.TrimSpace(r.data), " ")
	name, known := logLevels[strings.ToLower(level)]
	if !ok || !known {
		name, text = "info", r.data
	}
	return nil, r.verb("log", map[string]any{"level": name, "text": text})
}

// maxExpanded bounds an argument with its variables put in.
const maxExpanded = 64 << 10

// expand puts variables of a call into an argument: ${name}.
func (s *Server) expand(id, text string) string {
	if !strings.Contains(text, "${") {
		return text
	}
	var b strings.Builder
	for b.Len() < maxExpanded {
		before, rest, ok := strings.Cut(text, "${")
		b.WriteString(before)
		if !ok {
			return b.String()
		}
		name, behind, closed := strings.Cut(rest, "}")
		if !closed {
			b.WriteString("${" + rest)
			return b.String()
		}
		b.WriteString(s.variable(id, name))
		text = behind
	}
	return b.String()
}
