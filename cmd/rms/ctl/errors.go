package ctl

import (
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"syscall"
)

// Exit codes, beside 0.
const (
	ExitFailed   = 1 // it was tried and did not work
	ExitUsage    = 2 // wrong words, here or at the server
	ExitNoServer = 3 // nobody answers
	ExitNoCall   = 4 // there is no such call, or it has ended
)

// Error is what a server answered instead of what was asked for.
type Error struct {
	Status int    `json:"status"`
	Detail string `json:"detail"`
}

func (e *Error) Error() string { return e.Detail }

// ExitCode is that of the program.
func (e *Error) ExitCode() int {
	switch e.Status {
	case http.StatusBadRequest:
		return ExitUsage
	case http.StatusNotFound, http.StatusGone:
		return ExitNoCall
	}
	return ExitFailed
}

// NoServerError says that nobody answers.
type NoServerError struct {
	Place string
	Err   error
}

func (e *NoServerError) Error() string {
	hint := ""
	switch {
	case errors.Is(e.Err, fs.ErrNotExist), errors.Is(e.Err, syscall.ECONNREFUSED):
		hint = ": is rms serve running there? (http.socket and http.listen of the server, --socket and --url here)"
	case errors.Is(e.Err, fs.ErrPermission):
		hint = ": the socket is for the user that runs the server"
	}
	return fmt.Sprintf("no server at %s: %v%s", e.Place, e.Err, hint)
}

// Unwrap returns why.
func (e *NoServerError) Unwrap() error { return e.Err }

// ExitCode is that of the program.
func (e *NoServerError) ExitCode() int { return ExitNoServer }

// UsageError is a mistake in the words that were given.
type UsageError struct{ error }

// ExitCode is that of the program.
func (e UsageError) ExitCode() int { return ExitUsage }

// Unwrap returns why.
func (e UsageError) Unwrap() error { return e.error }

// UsageErrorf is a mistake in the words that were given.
func UsageErrorf(format string, values ...any) error { return usage(format, values...) }

func usage(format string, values ...any) error { return UsageError{fmt.Errorf(format, values...)} }

// noCallError says that no call is meant by what was given.
type noCallError string

func (e noCallError) Error() string { return string(e) }

// ExitCode is that of the program.
func (e noCallError) ExitCode() int { return ExitNoCall }

// ErrQuiet is a failure that was explained already.
var ErrQuiet = errors.New("explained already")
