//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package ledger

import (
	"errors"
	"os"
	"syscall"
)

// flock takes the lock of a file for writing. The kernel lets go when the process ends,
// however it ends.
func flock(f *os.File) error { return tryFlock(f, syscall.LOCK_EX) }

func flockShared(f *os.File) error { return tryFlock(f, syscall.LOCK_SH) }

func letGo(f *os.File) error { return syscall.Flock(int(f.Fd()), syscall.LOCK_UN) }

func tryFlock(f *os.File, how int) error {
	err := syscall.Flock(int(f.Fd()), how|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return ErrLocked
	}
	return err
}
