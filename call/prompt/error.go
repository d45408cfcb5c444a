package prompt

import (
	"errors"
	"fmt"
)

// Error says which prompt could not be opened or decoded, and why.
type Error struct {
	Name string // as it was asked for
	Err  error
}

// Error is "prompt \"x.wav\": ...".
func (e *Error) Error() string { return fmt.Sprintf("prompt %q: %v", e.Name, e.Err) }

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

func wrap(name string, err error) error {
	var already *Error
	if errors.As(err, &already) {
		return err
	}
	if len(name) > 200 {
		name = name[:200] + "..."
	}
	return &Error{Name: name, Err: err}
}
