package target

import (
	"syscall"
	"unsafe"
)

// instantSend: Go's scheduler has nothing to do with sendNow.
const instantSend = true

// sendNow hands b to the kernel as far as it takes it. The call cannot block, so that
// Go's scheduler need not hear of it.
func sendNow(fd int, b []byte) (int, error) {
	n, _, errno := syscall.RawSyscall6(syscall.SYS_SENDTO, uintptr(fd), uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)),
		syscall.MSG_DONTWAIT|syscall.MSG_NOSIGNAL, 0, 0)
	if errno != 0 {
		return 0, errno
	}
	return int(n), nil
}
