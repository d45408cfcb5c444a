package ledger

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"
	"syscall"
)

// MaxSidecar is the most bytes that a sidecar has. What has more is not a sidecar, and
// a longer list of gaps is cut.
const MaxSidecar = 4 << 20

// errTooLarge says that something is larger than ours ever are.
var errTooLarge = errors.New("too large")

// ParseSidecar reads a sidecar. It refuses what this version does not understand.
func ParseSidecar(text []byte) (*Sidecar, error) {
	if len(text) > MaxSidecar {
		return nil, fmt.Errorf("sidecar of %d bytes: %w, there are at most %d", len(text), errTooLarge, MaxSidecar)
	}
	sc := &Sidecar{}
	if err := json.Unmarshal(text, sc); err != nil {
		return nil, fmt.Errorf("parse sidecar: %w", err)
	}
	if sc.Version != Version {
		return nil, fmt.Errorf("sidecar has version %.40q: this program reads %q", sc.Version, Version)
	}
	if err := checkFile(sc.File); err != nil {
		return nil, fmt.Errorf("sidecar names file: %w", err)
	}
	return sc, nil
}

// Encode returns the text of the sidecar, indented for readers, with a line break at the
// end. Pauses, gaps and marks beyond MaxSidecar are left out and counted in Omitted.
func (sc *Sidecar) Encode() ([]byte, error) {
	if err := checkFile(sc.File); err != nil {
		return nil, err
	}
	out := *sc
	out.Version = Version
	for {
		text, err := json.MarshalIndent(&out, "", "  ")
		if err != nil {
			return nil, fmt.Errorf("write sidecar of %q: %w", sc.File, err)
		}
		if len(text) < MaxSidecar {
			return append(text, '\n'), nil
		}
		if len(out.Gaps)+len(out.Marks)+len(out.Pauses) == 0 {
			return nil, fmt.Errorf("sidecar of %q has %d bytes: %w, at most %d", sc.File, len(text), errTooLarge, MaxSidecar)
		}
		out.shorten()
	}
}

// shorten leaves out half of the longest list: a pause is not lost among many gaps.
func (sc *Sidecar) shorten() {
	gaps, marks, pauses := len(sc.Gaps), len(sc.Marks), len(sc.Pauses)
	switch max(gaps, marks, pauses) {
	case gaps:
		sc.Gaps = sc.Gaps[:gaps/2]
	case marks:
		sc.Marks = sc.Marks[:marks/2]
	default:
		sc.Pauses = sc.Pauses[:pauses/2]
	}
	sc.Omitted += gaps + marks + pauses - len(sc.Gaps) - len(sc.Marks) - len(sc.Pauses)
}

// ReadSidecar reads the sidecar of an audio file.
func ReadSidecar(root *os.Root, file string) (*Sidecar, error) {
	sc, _, err := readSidecar(root, SidecarName(file))
	if err != nil {
		return nil, err
	}
	if sc.File != file {
		return nil, fmt.Errorf("sidecar of %q is that of %q", file, sc.File)
	}
	return sc, nil
}

// readSidecar reads a sidecar by its own name, and returns its hash too.
func readSidecar(root *os.Root, name string) (*Sidecar, string, error) {
	text, err := readSmall(root, name, MaxSidecar)
	if err != nil {
		return nil, "", fmt.Errorf("read sidecar %q: %w", name, err)
	}
	sc, err := ParseSidecar(text)
	if err != nil {
		return nil, "", fmt.Errorf("read sidecar %q: %w", name, err)
	}
	return sc, hashOf(text), nil
}

// WriteSidecar puts a sidecar beside its audio, in one step: readers see the old one or
// the new one. The chain does not know of it: use Ledger.Append once the file is whole.
func WriteSidecar(root *os.Root, sc *Sidecar) error {
	text, err := sc.Encode()
	if err != nil {
		return err
	}
	name := SidecarName(sc.File)
	temp := path.Join(path.Dir(name), ".rms-"+rand.Text()[:12]+".tmp")
	if err := writeSynced(root, temp, text); err != nil {
		return fmt.Errorf("write sidecar %q: %w", name, err)
	}
	if err := root.Rename(temp, name); err != nil {
		_ = root.Remove(temp)
		return fmt.Errorf("write sidecar %q: %w", name, err)
	}
	return nil
}

// isTemp says that a name is that of an unfinished write of ours.
func isTemp(base string) bool {
	return strings.HasPrefix(base, ".rms-") && strings.HasSuffix(base, ".tmp")
}

// writeSynced makes a new file and waits until it is on the disk. It leaves nothing when
// that fails.
func writeSynced(root *os.Root, name string, text []byte) error {
	f, err := root.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o640)
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err != nil {
		_ = root.Remove(name)
	}
	return err
}

// openRegular opens a file for reading when it is one: a FIFO would block, a device do
// who knows what, and a symbolic link is never ours.
func openRegular(root *os.Root, name string) (*os.File, fs.FileInfo, error) {
	before, err := root.Lstat(name)
	if err != nil {
		return nil, nil, err
	}
	if !before.Mode().IsRegular() {
		return nil, nil, &notRegular{name: name, mode: before.Mode()}
	}
	f, err := root.OpenFile(name, os.O_RDONLY|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !os.SameFile(before, info) {
		err = &notRegular{name: name, mode: info.Mode()}
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// notRegular says what lies where a file should be.
type notRegular struct {
	name string
	mode fs.FileMode
}

func (e *notRegular) Error() string {
	return fmt.Sprintf("%q is %s, not a file", e.name, modeName(e.mode))
}

// modeName names what is not a regular file.
func modeName(m fs.FileMode) string {
	switch {
	case m&fs.ModeSymlink != 0:
		return "a symbolic link"
	case m&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case m&fs.ModeSocket != 0:
		return "a socket"
	case m&fs.ModeDevice != 0:
		return "a device"
	case m.IsDir():
		return "a folder"
	}
	return "no longer the same"
}

// readSmall reads a whole file that has at most so many bytes.
func readSmall(root *os.Root, name string, most int64) ([]byte, error) {
	f, info, err := openRegular(root, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	if info.Size() > most {
		return nil, fmt.Errorf("%d bytes: %w, there are at most %d", info.Size(), errTooLarge, most)
	}
	text, err := io.ReadAll(io.LimitReader(f, most+1))
	if err == nil && int64(len(text)) > most {
		err = errTooLarge
	}
	return text, err
}

// maxFile is how long the name of a recording may be, with its folders.
const maxFile = 2048

// checkFile refuses what is not the plain name of a file inside the root, with slashes.
func checkFile(file string) error {
	switch {
	case file == "":
		return errors.New("a recording without a file name")
	case len(file) > maxFile:
		return fmt.Errorf("file name of %d bytes: at most %d", len(file), maxFile)
	case !filepath.IsLocal(file) || path.Clean(file) != file || file == "." || strings.ContainsAny(file, "\x00\n\r"):
		return fmt.Errorf("file name %.80q does not lie plainly inside the folder of the recordings", file)
	case file == Folder || strings.HasPrefix(file, Folder+"/"):
		return fmt.Errorf("file name %.80q lies in %s, which holds the books", file, Folder)
	}
	return nil
}

func hashOf(text []byte) string {
	sum := sha256.Sum256(text)
	return hex.EncodeToString(sum[:])
}
