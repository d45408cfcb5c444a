//go:build !linux

package load

import (
	"context"
	"errors"
	"io"
)

// Run needs Linux: arrival times come from the kernel (SO_TIMESTAMPNS) and the
// server's figures from /proc.
func Run(_ context.Context, o Options, _ io.Writer) (Result, error) {
	if _, err := o.check(); err != nil {
		return Result{}, err
	}
	return Result{}, errors.New("rms load measures with kernel timestamps and /proc: run it on Linux, the server may be anywhere")
}
