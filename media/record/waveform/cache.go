package waveform

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"syscall"
	"time"
)

// Dir is where overviews lie, below the root of the recordings.
const Dir = ".rms/waveform"

// Source is a recording that an overview is wanted of. Size and Time tell whether one
// that was made before still holds.
type Source struct {
	Name   string // of the file, as nothing else is called
	Size   int64  // bytes that may be read now
	Time   time.Time
	Pauses []Span
	Open   func() (io.ReadCloser, error)
}

// key stands for what the overview depends on.
func (s *Source) key() uint64 {
	b := fmt.Appendf(nil, "%d %d", s.Size, s.Time.UnixNano())
	for _, p := range s.Pauses {
		b = fmt.Appendf(b, " %d+%d", p.At, p.Length)
	}
	sum := sha256.Sum256(b)
	return binary.LittleEndian.Uint64(sum[:])
}

// file is where the overview of a source lies. The name of the source comes from
// outside, so that it is only hashed.
func (s *Source) file() string {
	sum := sha256.Sum256([]byte(s.Name))
	return path.Join(Dir, hex.EncodeToString(sum[:12])+".bin")
}

// Cached returns the overview of a source: the one that was made before when the file is
// still the same, or a new one, which is kept. A cache that cannot be written is none.
func Cached(ctx context.Context, root *os.Root, s *Source, progress func(done, total int64)) (*Overview, error) {
	if o := load(root, s); o != nil {
		return o, nil
	}
	r, err := s.Open()
	if err != nil {
		return nil, err
	}
	defer func() { _ = r.Close() }()
	o, err := Read(ctx, r, s.Size, ReadOptions{Pauses: s.Pauses, Progress: progress})
	if err != nil {
		return nil, err
	}
	_ = store(root, s, o) // made again the next time
	return o, nil
}

// Forget removes what was kept of a file.
func Forget(root *os.Root, name string) error {
	err := root.Remove((&Source{Name: name}).file())
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

func load(root *os.Root, s *Source) *Overview {
	f, err := root.OpenFile(s.file(), os.O_RDONLY|syscall.O_NONBLOCK, 0) // a FIFO shall not hold us
	if err != nil {
		return nil
	}
	defer func() { _ = f.Close() }()
	const most = int64(headBytes + maxSides*(sideBytes+maxBins*binBytes) + 4)
	if st, err := f.Stat(); err != nil || !st.Mode().IsRegular() || st.Size() > most {
		return nil
	}
	b, err := io.ReadAll(io.LimitReader(f, most))
	if err != nil {
		return nil
	}
	o, err := unmarshal(b, s.key())
	if err != nil {
		return nil
	}
	return o
}

// store writes beside and renames, so that nobody reads half of it.
func store(root *os.Root, s *Source, o *Overview) error {
	if err := root.MkdirAll(Dir, 0o750); err != nil {
		return fmt.Errorf("make %s: %w", Dir, err)
	}
	name := s.file()
	f, err := root.OpenFile(name+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	_, err = f.Write(o.marshal(s.key()))
	if closed := f.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", name, err)
	}
	return root.Rename(name+".new", name)
}
