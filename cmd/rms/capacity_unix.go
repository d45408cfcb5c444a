//go:build unix

package main

import "syscall"

// raiseFiles lifts the soft limit on open files to what is wanted, as far as the
// hard limit allows, and returns what it is now.
func raiseFiles(want uint64) (uint64, error) {
	var lim syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return 0, err
	}
	if uint64(lim.Cur) >= want {
		return uint64(lim.Cur), nil
	}
	lim.Cur = min(lim.Max, want)
	if err := syscall.Setrlimit(syscall.RLIMIT_NOFILE, &lim); err != nil {
		return 0, err
	}
	return uint64(lim.Cur), nil
}
