package ledger

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"
)

// Tombstone removes a recording for good, with its sidecar, and says so in the chain. A
// legal hold forbids it: ErrHeld.
func (l *Ledger) Tombstone(file, by, why string) error {
	l.change.Lock()
	defer l.change.Unlock()
	e, err := l.tombstone(file, by, why)
	if err != nil {
		return fmt.Errorf("delete %q: %w", file, err)
	}
	if err := l.commit(e); err != nil {
		return fmt.Errorf("delete %q: %w", file, err)
	}
	return removeRecording(l.root, file)
}

// tombstone makes the entry for a recording that may be removed. The caller has change.
func (l *Ledger) tombstone(file, by, why string) (*Entry, error) {
	if err := checkFile(file); err != nil {
		return nil, err
	}
	h, held, err := l.Held(file)
	if err != nil {
		return nil, err
	}
	if held {
		return nil, fmt.Errorf("%w: by %s since %s (%s)", ErrHeld, h.By, h.Since.Format(time.DateTime), h.Why)
	}
	e := &Entry{Kind: KindTombstone, File: file, Who: by, Why: why}
	sc, hash, err := readSidecar(l.root, SidecarName(file))
	switch {
	case err == nil && sc.State == Recording:
		return nil, errors.New("it is being recorded: stop it first")
	case err == nil:
		e.ID, e.Sidecar, e.SHA256 = short(sc.ID), hash, sc.SHA256
	default:
		return e, l.orphan(file)
	}
	return e, nil
}

// orphan tells why a file without a sidecar cannot be removed: it is not there, or no
// recording.
func (l *Ledger) orphan(file string) error {
	if _, missing := l.root.Lstat(file); errors.Is(missing, fs.ErrNotExist) {
		return fs.ErrNotExist
	}
	known := false
	err := l.Entries(file, func(*Entry) bool { known = true; return false }, KindRecording)
	if err == nil && !known {
		err = errors.New("it is no recording: it has no sidecar, and the chain does not know it")
	}
	return err
}

// TailSuffix is what stands behind the name of an encrypted recording for the file that
// holds its unfinished end.
const TailSuffix = ".tail"

// removeRecording removes what belongs to a recording, the sidecar last: while that is
// there an interrupted removal is seen.
func removeRecording(root *os.Root, file string) error {
	var errs []error
	for _, name := range []string{file, file + TailSuffix, SidecarName(file)} {
		if err := root.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}
