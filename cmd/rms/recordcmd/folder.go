package recordcmd

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"rms/cmd/rms/ctl"
	"rms/media/record/ledger"
	"rms/media/record/shelf"
	"rms/media/record/shelf/index"
	"rms/media/record/waveform"
)

// folder is the recordings of a folder on this machine.
type folder struct {
	name   string
	key    string // file with the key of the books; "": inside the folder
	by     string
	root   *os.Root
	ledger *ledger.Ledger
	shelf  *shelf.Shelf
}

func openFolder(name, key, by string) (*folder, error) {
	root, err := os.OpenRoot(name)
	if err != nil {
		return nil, err
	}
	return &folder{name: name, key: key, by: by, root: root, shelf: shelf.New(shelf.Options{Root: root})}, nil
}

// openBooks opens the ledger, where there is one: none is begun here.
func (f *folder) openBooks() error {
	if _, err := f.root.Stat(ledger.Folder); err != nil {
		return fmt.Errorf("%s has no books of recordings (%s): %w", f.name, ledger.Folder, err)
	}
	l, err := ledger.Open(f.root, ledger.Options{Key: f.key, Wait: 100 * time.Millisecond})
	if err != nil {
		return err
	}
	f.ledger, f.shelf = l, shelf.New(shelf.Options{Root: f.root, Ledger: l})
	return nil
}

func (f *folder) close() {
	if f.ledger != nil {
		_ = f.ledger.Close()
	}
	_ = f.root.Close()
}

func (f *folder) list(ctx context.Context, q query) ([]shelf.Summary, int, error) {
	ask := index.Query{Filter: ledger.Filter{Call: q.call, State: ledger.State(q.state), File: q.file}, Begin: q.id, Limit: q.limit}
	var err error
	if ask.From, err = timeOf("--from", q.from, false); err != nil {
		return nil, 0, err
	}
	if ask.To, err = timeOf("--to", q.to, true); err != nil {
		return nil, 0, err
	}
	p, err := f.shelf.Page(ctx, ask)
	var all []shelf.Summary
	for _, rec := range p.Recordings {
		all = append(all, shelf.Summarize(rec))
	}
	return all, p.Total, err
}

// timeOf reads a time, or a day, of which to means the end.
func timeOf(name, text string, to bool) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339Nano, text); err == nil {
		return t, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05", "2006-01-02 15:04", "2006-01-02T15:04"} {
		if t, err := time.ParseInLocation(layout, text, time.Local); err == nil {
			return t, nil
		}
	}
	t, err := time.ParseInLocation(time.DateOnly, text, time.Local)
	if err != nil {
		return t, ctl.UsageErrorf("%s %q: want a day (2026-07-01), or a time (2026-07-01T08:30, 2026-07-01T08:30:00Z)", name, text)
	}
	if to {
		t = t.AddDate(0, 0, 1)
	}
	return t, nil
}

// find takes the name of a file, an ID or its beginning, or "last".
func (f *folder) find(ctx context.Context, ref string) (*ledger.Sidecar, error) {
	if file, ok := f.inside(ref); ok {
		if rec, err := ledger.ReadSidecar(f.root, file); err == nil {
			return rec, nil
		} else if !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
	}
	if shelf.ValidID(ref) && ref != "last" {
		rec, err := f.shelf.Find(ctx, ref)
		if !errors.Is(err, shelf.ErrNotFound) {
			return rec, err
		}
	}
	ask := index.Query{Limit: 1}
	if ref != "last" {
		ask = index.Query{Begin: ref, Limit: someIDs}
	}
	p, err := f.shelf.Page(ctx, ask)
	switch {
	case err != nil:
		return nil, err
	case len(p.Recordings) == 1 && (!p.More || ref == "last"):
		return p.Recordings[0], nil
	}
	var ids []string
	for _, rec := range p.Recordings {
		ids = append(ids, rec.ID)
	}
	return nil, ambiguous(ref, f.name, ids)
}

// someIDs are enough to say what a beginning may mean.
const someIDs = 5

// ambiguous says that nothing, or too much, is meant by a word.
func ambiguous(ref, where string, ids []string) error {
	if len(ids) == 0 {
		return notFound(fmt.Sprintf("no recording %q in %s; \"rms recordings list\" lists them", ctl.Clean(ref), where))
	}
	text := strings.Join(ids[:min(len(ids), 4)], ", ")
	if len(ids) > 4 {
		text += " and others"
	}
	return ctl.UsageErrorf("several recordings are meant by %q: %s", ctl.Clean(ref), ctl.Clean(text))
}

// notFound is no recording.
type notFound string

func (e notFound) Error() string { return string(e) }

// ExitCode is that of the program.
func (e notFound) ExitCode() int { return ctl.ExitNoCall }

// inside is the name below the root of a file, named from there or from here.
func (f *folder) inside(word string) (string, bool) {
	if !ledger.IsAudio(word) {
		return "", false
	}
	if filepath.IsLocal(word) {
		if _, err := f.root.Lstat(word); err == nil {
			return filepath.ToSlash(filepath.Clean(word)), true
		}
	}
	root, err1 := filepath.Abs(f.name)
	path, err2 := filepath.Abs(word)
	if errors.Join(err1, err2) != nil {
		return "", false
	}
	rel, err := filepath.Rel(root, path)
	if err != nil || !filepath.IsLocal(rel) {
		return "", false
	}
	return filepath.ToSlash(rel), true
}

func (f *folder) audio(ctx context.Context, rec *ledger.Sidecar, what string, _ func(done, total int64)) (*audio, error) {
	if err := f.shelf.Note(rec, f.by, what); err != nil {
		return nil, err
	}
	tail, err := f.shelf.Tail(rec) // before the audio, which may grow
	if errors.Is(err, shelf.ErrNoTail) {
		tail, err = &shelf.Tail{}, nil
	}
	if err != nil {
		return nil, err
	}
	a, err := f.shelf.Open(ctx, rec)
	if err != nil {
		return nil, err
	}
	whole, err := a.Whole()
	if err != nil {
		_ = a.Close()
		return nil, err
	}
	return &audio{ReaderAt: whole, size: whole.Size(), tail: tail.Text, done: func() { _ = a.Close() }}, nil
}

func (f *folder) overview(ctx context.Context, rec *ledger.Sidecar, progress func(done, total int64)) (*waveform.Overview, error) {
	return f.shelf.Waveform(ctx, rec, progress)
}

func (f *folder) hold(ctx context.Context, id, why string) error {
	_, err := f.shelf.Hold(ctx, id, f.by, why)
	return err
}

func (f *folder) release(ctx context.Context, id, why string) error {
	_, err := f.shelf.Release(ctx, id, f.by, why)
	return err
}

func (f *folder) remove(ctx context.Context, id, why string) error {
	return f.shelf.Delete(ctx, id, f.by, why)
}

func (f *folder) upload(context.Context, string) error {
	return errors.New("the server delivers recordings, and none runs here: start it, or name it with --url")
}

// path is where a recording lies, for "rms verify".
func (f *folder) path(rec *ledger.Sidecar) string {
	return filepath.Join(f.name, filepath.FromSlash(rec.File))
}
