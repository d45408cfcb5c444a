package starlark

import (
	"errors"
	"strings"

	sl "go.starlark.net/starlark"

	"rms/call"
	"rms/scripting/sandbox"
)

// scriptError tells where a run failed. stopped, when not nil, is the reason why the
// meter ended it.
func (s *State) scriptError(route string, failed, stopped error) error {
	e := &call.ScriptError{Route: route}
	var inner *call.ScriptError // of a file that was loaded
	if errors.As(failed, &inner) {
		e.Where, e.Text = inner.Where, inner.Text
		return e
	}
	var eval *sl.EvalError
	if errors.As(failed, &eval) {
		e.Where, e.Text = innermost(eval.CallStack), strings.TrimPrefix(eval.Msg, "Starlark computation cancelled: ")
	} else if failed != nil {
		e.Text = failed.Error()
	}
	if stopped != nil {
		e.Text = stopped.Error()
	}
	e.Text = sandbox.Line(e.Text)
	return e
}

// innermost returns the position of the innermost frame that is in a script, as
// "file:line:column".
func innermost(stack sl.CallStack) string {
	for i := range stack {
		if pos := stack.At(i).Pos; pos.Line > 0 {
			return pos.String()
		}
	}
	return ""
}

// position is innermost for a thread that runs.
func position(t *sl.Thread) string { return innermost(t.CallStack()) }
