package lua

import (
	"errors"
	"strings"

	glua "github.com/yuin/gopher-lua"

	"rms/call"
	"rms/scripting/sandbox"
)

// scriptError tells where a run failed. stopped, when not nil, is the reason
// why the meter ended it.
func (s *State) scriptError(route string, failed, stopped error) error {
	e := &call.ScriptError{Route: route}
	defer func() { e.Text = sandbox.Line(e.Text) }()
	var api *glua.ApiError
	if !errors.As(failed, &api) {
		if stopped != nil {
			e.Text = stopped.Error()
		}
		return e
	}
	e.Where, e.Text = s.split(api.Object.String())
	if e.Where == "" {
		e.Where = s.traced(api.StackTrace)
	}
	if api.Type == glua.ApiErrorPanic {
		s.unfit = true // Go code broke off half way
	}
	if stopped != nil {
		e.Text = stopped.Error()
	}
	return e
}

// split takes "file:line:" off a message.
func (s *State) split(message string) (where, text string) {
	for _, name := range s.program.names() {
		rest, ok := strings.CutPrefix(message, name+":")
		if !ok {
			continue
		}
		if line, text, ok := strings.Cut(rest, ":"); ok && strings.Trim(line, "0123456789") == "" {
			return name + ":" + line, strings.TrimSpace(text)
		}
	}
	return "", message
}

// traced finds the innermost line of the script in a stack trace.
func (s *State) traced(trace string) string {
	for line := range strings.Lines(trace) {
		if where, _ := s.split(strings.TrimSpace(line)); where != "" {
			return where
		}
	}
	return ""
}
