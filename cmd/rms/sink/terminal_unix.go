//go:build unix

package sink

import (
	"os"

	"golang.org/x/sys/unix"
)

// TerminalSize returns a function that asks a terminal for its width and height.
func TerminalSize(f *os.File) func() (width, height int) {
	return func() (int, int) {
		w, err := unix.IoctlGetWinsize(int(f.Fd()), unix.TIOCGWINSZ)
		if err != nil || w.Col == 0 || w.Row == 0 {
			return 80, 24
		}
		return int(w.Col), int(w.Row)
	}
}
