package shelf

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"

	"rms/media/record/ledger"
)

// Audio is the file of a recording, open for reading. One goroutine at a time uses it.
type Audio struct {
	file *os.File
	live Live // nil: the file is as it will stay

	Name      string    // for people: without folders
	Encrypted bool      // it is age, not WAV
	Time      time.Time // when it was written last
}

// readFlags open a file for reading. A FIFO that somebody put there shall not hold us.
const readFlags = os.O_RDONLY | syscall.O_NONBLOCK

// Open opens the audio of a recording, which may be in the middle of being made. The
// caller closes it.
func (s *Shelf) Open(ctx context.Context, rec *ledger.Sidecar) (*Audio, error) {
	if !plain(rec.File) {
		return nil, fmt.Errorf("the sidecar of %q names the file %q: %w", rec.ID, rec.File, ErrNotFound)
	}
	a := &Audio{live: s.liveOf(rec.ID), Name: path.Base(rec.File), Encrypted: strings.HasSuffix(rec.File, ".age")}
	if a.Encrypted {
		a.live = nil // what is there is opened by its key only
	}
	info, err := s.root().Lstat(rec.File)
	if errors.Is(err, fs.ErrNotExist) && a.live != nil { // it is about to be made
		if waited := a.live.Follow(ctx, a.live.Size()); waited != nil && !errors.Is(waited, io.EOF) {
			return nil, waited
		}
		info, err = s.root().Lstat(rec.File)
	}
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%q is no regular file: %w", rec.File, ErrNotFound)
	}
	if err == nil {
		a.file, err = s.root().OpenFile(rec.File, readFlags, 0)
	}
	if err != nil {
		return nil, gone(rec, err)
	}
	if info, err = a.file.Stat(); err != nil || !info.Mode().IsRegular() {
		_ = a.file.Close()
		return nil, fmt.Errorf("%q is no regular file: %w", rec.File, ErrNotFound)
	}
	a.Time = info.ModTime()
	return a, nil
}

// plain tells whether a name can be that of a recording: inside the root, and not what
// the books are kept in. A sidecar may have been written by anybody.
func plain(name string) bool {
	if !fs.ValidPath(name) || !strings.HasSuffix(name, ".wav") && !strings.HasSuffix(name, ".wav.age") {
		return false
	}
	for part := range strings.SplitSeq(name, "/") {
		if strings.HasPrefix(part, ".") {
			return false
		}
	}
	return true
}

// gone says where a file is that is not here.
func gone(rec *ledger.Sidecar, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("open the recording %q: %w", rec.ID, err)
	}
	for _, u := range rec.Uploads {
		if u.State == "done" {
			return fmt.Errorf("%w: it was delivered to %s and removed here", ErrGone, u.URL)
		}
	}
	return fmt.Errorf("%w: the file %q is missing", ErrGone, rec.File)
}

// liveOf is the recording when it is being made.
func (s *Shelf) liveOf(id string) Live {
	if s.o.Live == nil {
		return nil
	}
	if l, ok := s.o.Live(id); ok {
		return l
	}
	return nil
}

// Close closes the file.
func (a *Audio) Close() error { return a.file.Close() }

// Growing tells whether the recording was being made when it was opened.
func (a *Audio) Growing() bool { return a.live != nil }

// size is how many bytes there are now.
func (a *Audio) size() (int64, error) {
	info, err := a.file.Stat()
	if err != nil {
		return 0, fmt.Errorf("read the size: %w", err)
	}
	if a.live != nil {
		return min(a.live.Size(), info.Size()), nil
	}
	return info.Size(), nil
}

// Whole is the file as it is now. While it grows its header says what is there now, and
// not what there will be.
func (a *Audio) Whole() (*io.SectionReader, error) {
	size, err := a.size()
	if err != nil {
		return nil, err
	}
	if a.live == nil {
		return io.NewSectionReader(a.file, 0, size), nil
	}
	h := readHead(a.file, size)
	if h == nil {
		return io.NewSectionReader(a.file, 0, size), nil
	}
	size = h.whole(size)
	return io.NewSectionReader(&patched{a.file, h.of(size - int64(len(h.bytes)))}, 0, size), nil
}

// patched is a file with another header.
type patched struct {
	io.ReaderAt
	head []byte
}

func (p *patched) ReadAt(b []byte, at int64) (int, error) {
	n := 0
	if at < int64(len(p.head)) {
		if n = copy(b, p.head[at:]); n == len(b) {
			return n, nil
		}
	}
	m, err := p.ReaderAt.ReadAt(b[n:], at+int64(n))
	return n + m, err
}

// Follow reads the file from its beginning and waits for more as long as it grows. What
// grows gets a header with unknown sizes. It holds nothing of the file but the header.
func (a *Audio) Follow(ctx context.Context) (*Follower, error) {
	f := &Follower{ctx: ctx, a: a}
	size, err := a.size()
	if err != nil {
		return nil, err
	}
	h := readHead(a.file, size)
	if h == nil {
		return f, nil
	}
	if f.head, f.block = h.bytes, h.block; a.live != nil {
		f.head = h.of(-1)
	}
	return f, nil
}

// Follower reads a file that may grow.
type Follower struct {
	ctx   context.Context //nolint:containedctx // io.Reader has no other way
	a     *Audio
	head  []byte
	block int64
	at    int64
	end   int64 // where it ends, once that is known
	ended bool
}

// SkipToEnd goes to the last whole sample that is there, so that only what comes is read.
// The header has to be read before.
func (f *Follower) SkipToEnd() error {
	size, err := f.a.size()
	if err == nil && f.block > 0 && size > f.at {
		f.at += (size - f.at) / f.block * f.block
	}
	return err
}

// At is how many bytes were read or passed.
func (f *Follower) At() int64 { return f.at }

// Read reads what there is, and waits only when there is nothing.
func (f *Follower) Read(p []byte) (int, error) {
	if len(p) == 0 {
		return 0, nil
	}
	for {
		if f.at < int64(len(f.head)) {
			n := copy(p, f.head[f.at:])
			f.at += int64(n)
			return n, nil
		}
		until, err := f.until()
		if err != nil {
			return 0, err
		}
		if f.at < until {
			n, err := f.a.file.ReadAt(p[:min(int64(len(p)), until-f.at)], f.at)
			f.at += int64(n)
			if n > 0 {
				return n, nil
			}
			return 0, err // io.EOF: it was made shorter
		}
		if f.ended {
			return 0, io.EOF
		}
		switch err := f.a.live.Follow(f.ctx, until); {
		case errors.Is(err, io.EOF):
			f.finish()
		case err != nil:
			return 0, err
		}
	}
}

// until is how far may be read now.
func (f *Follower) until() (int64, error) {
	if !f.ended && f.a.live == nil {
		f.finish()
	}
	if f.ended {
		return f.end, nil
	}
	return f.a.size()
}

// finish notes where the samples end: something may stand behind them.
func (f *Follower) finish() {
	f.ended = true
	info, err := f.a.file.Stat()
	if err != nil {
		return
	}
	f.end = info.Size()
	if f.a.live == nil {
		return
	}
	if h := readHead(f.a.file, f.end); h != nil && h.data >= 0 {
		f.end = min(f.end, int64(len(h.bytes))+h.data)
	}
}
