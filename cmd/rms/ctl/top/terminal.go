package top

import (
	"fmt"
	"io"
	"os"
	"sync"
	"time"

	"golang.org/x/term"
)

// Terminal is a screen with keys.
type Terminal struct {
	out   *os.File
	keys  *os.File // /dev/tty, or standard input
	own   bool     // keys is closed by Close
	state *term.State
	done  chan struct{} // closed by Close; the goroutine of Listen has it too
	ended sync.Once
}

// OpenTerminal takes over the terminal that out is. Close gives it back.
func OpenTerminal(out *os.File) (*Terminal, error) {
	t := &Terminal{out: out, keys: os.Stdin}
	// Opened anew, a terminal can be read with a deadline, so that Close can end it.
	if tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0); err == nil {
		t.keys, t.own = tty, true
	}
	if err := t.raw(); err != nil {
		if t.own {
			_ = t.keys.Close()
		}
		return nil, err
	}
	return t, nil
}

func (t *Terminal) raw() error {
	err := withFD(t.keys, func(fd int) (err error) {
		t.state, err = term.MakeRaw(fd)
		return err
	})
	if err != nil {
		return fmt.Errorf("take over the terminal: %w", err)
	}
	_, err = io.WriteString(t.out, enter)
	return err //nolint:wrapcheck // of the terminal
}

// cooked makes the terminal as it was.
func (t *Terminal) cooked() {
	_, _ = io.WriteString(t.out, leave)
	if t.state != nil {
		_ = withFD(t.keys, func(fd int) error { return term.Restore(fd, t.state) })
		t.state = nil
	}
}

// withFD lends the descriptor of a file. File.Fd would make its deadlines useless.
func withFD(f *os.File, use func(fd int) error) error {
	conn, err := f.SyscallConn()
	if err != nil {
		return err //nolint:wrapcheck // of the terminal
	}
	var failed error
	if err := conn.Control(func(fd uintptr) { failed = use(int(fd)) }); err != nil {
		return err //nolint:wrapcheck // of the terminal
	}
	return failed
}

// Size returns columns and rows.
func (t *Terminal) Size() (width, height int) {
	var w, h int
	err := withFD(t.out, func(fd int) (err error) {
		w, h, err = term.GetSize(fd)
		return err
	})
	if err != nil || w <= 0 || h <= 0 {
		return 80, 24
	}
	return w, h
}

// Write writes to the screen.
func (t *Terminal) Write(p []byte) (int, error) { return t.out.Write(p) }

// escapeTime is how long the rest of a sequence may take before ESC is a key.
const escapeTime = 50 * time.Millisecond

// Listen begins to hand over what is pressed. The channel is closed when the terminal
// is gone, or by Close.
func (t *Terminal) Listen() <-chan Key {
	keys := make(chan Key, 64)
	t.done = make(chan struct{})
	go func() {
		defer close(keys)
		t.read(keys)
	}()
	return keys
}

func (t *Terminal) read(keys chan<- Key) {
	buf, held := make([]byte, 256), []byte(nil)
	for {
		if len(held) > 0 {
			_ = t.keys.SetReadDeadline(time.Now().Add(escapeTime))
		} else {
			_ = t.keys.SetReadDeadline(time.Time{})
		}
		n, err := t.keys.Read(buf)
		late := os.IsTimeout(err)
		if err != nil && !late {
			return
		}
		found, rest := Keys(append(held, buf[:n]...), late)
		held = append([]byte(nil), rest...)
		for _, k := range found {
			select {
			case keys <- k:
			case <-t.done:
				return
			}
		}
		select {
		case <-t.done:
			return
		default:
		}
	}
}

// Close gives the terminal back.
func (t *Terminal) Close() {
	t.cooked()
	if t.done != nil {
		t.ended.Do(func() { close(t.done) })
	}
	if t.own {
		_ = t.keys.SetReadDeadline(time.Unix(1, 0))
		_ = t.keys.Close()
	}
}
