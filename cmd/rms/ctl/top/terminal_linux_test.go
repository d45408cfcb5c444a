package top

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// pty opens a terminal and the side of it that people have.
func pty(t *testing.T) (people, terminal *os.File) {
	t.Helper()
	people, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	t.Cleanup(func() { _ = people.Close() })
	n := 0
	err = withFD(people, func(fd int) (err error) {
		if err = unix.IoctlSetPointerInt(fd, unix.TIOCSPTLCK, 0); err != nil {
			return err
		}
		if n, err = unix.IoctlGetInt(fd, unix.TIOCGPTN); err != nil {
			return err
		}
		return unix.IoctlSetWinsize(fd, unix.TIOCSWINSZ, &unix.Winsize{Row: 33, Col: 99})
	})
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	terminal, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Skip("no terminals here: ", err)
	}
	return people, terminal
}

func settings(t *testing.T, f *os.File) (s unix.Termios) {
	t.Helper()
	err := withFD(f, func(fd int) error {
		got, err := unix.IoctlGetTermios(fd, unix.TCGETS)
		if err == nil {
			s = *got
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestTerminalIsGivenBackAsItWas(t *testing.T) {
	people, tty := pty(t)
	before := settings(t, people)
	term := &Terminal{out: tty, keys: tty, own: true}
	if err := term.raw(); err != nil {
		t.Fatal(err)
	}
	if now := settings(t, people); now.Lflag&(unix.ICANON|unix.ECHO|unix.ISIG) != 0 {
		t.Errorf("the terminal is not raw: %x", now.Lflag)
	}
	if w, h := term.Size(); w != 99 || h != 33 {
		t.Errorf("%dx%d", w, h)
	}
	keys := term.Listen()
	for _, c := range []struct {
		sent string
		want []Key
	}{{"q", []Key{'q'}}, {"\x1b[A", []Key{KeyUp}}, {"\x1b", []Key{KeyEscape}}, {"\x03", []Key{KeyInterrupt}}, {"é/", []Key{'é', '/'}}} {
		if _, err := people.WriteString(c.sent); err != nil {
			t.Fatal(err)
		}
		var got []Key
		for range c.want {
			select {
			case k := <-keys:
				got = append(got, k)
			case <-time.After(20 * time.Second):
				t.Fatalf("%q brings no key", c.sent)
			}
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%q brings %v, want %v", c.sent, got, c.want)
		}
	}
	term.Close()
	for range keys { // closed soon: goleak looks for the goroutine
	}
	if now := settings(t, people); now.Lflag != before.Lflag || now.Iflag != before.Iflag || now.Oflag != before.Oflag {
		t.Errorf("the terminal was %+v and is %+v", before, now)
	}
	var shown []byte
	for part := make([]byte, 4096); !bytes.HasSuffix(shown, []byte(leave)); { // the kernel hands it over in parts
		n, err := people.Read(part)
		if shown = append(shown, part[:n]...); err != nil {
			t.Fatalf("%q, %v", shown, err)
		}
	}
	if !bytes.HasPrefix(shown, []byte(enter)) {
		t.Errorf("%q", shown)
	}
}

func TestTerminalThatGoesAwayEndsTheKeys(t *testing.T) {
	people, tty := pty(t)
	term := &Terminal{out: tty, keys: tty, own: true}
	if err := term.raw(); err != nil {
		t.Fatal(err)
	}
	keys := term.Listen()
	_ = people.Close() // the window is closed
	select {
	case _, open := <-keys:
		if open {
			t.Error("a key came")
		}
	case <-time.After(20 * time.Second):
		t.Error("the keys go on")
	}
	term.Close()
}
