//go:build unix && !linux

package target

import "syscall"

// sendNow hands b to the kernel as far as it takes it: the socket is non-blocking.
func sendNow(fd uintptr, b []byte) (int, error) { return syscall.Write(int(fd), b) }
