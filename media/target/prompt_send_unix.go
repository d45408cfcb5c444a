//go:build unix && !linux

package target

import "syscall"

// instantSend: a system call may cost the caller its turn.
const instantSend = false

// sendNow hands b to the kernel as far as it takes it: the socket is non-blocking.
func sendNow(fd int, b []byte) (int, error) { return syscall.Write(fd, b) }
