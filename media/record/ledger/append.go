package ledger

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"strings"
	"syscall"
	"time"
)

// Append enters a recording that has ended: its file is closed and synced, and Bytes and
// SHA256 are those of the file. The sidecar and the line of the chain are on the disk when
// it returns. The same recording may come again, after a crash or after more was added.
func (l *Ledger) Append(sc *Sidecar) error {
	if sc.State == Recording {
		return fmt.Errorf("enter %q: it is being recorded", sc.File)
	}
	if !isHash(sc.SHA256) && (sc.State != Failed || sc.SHA256 != "") {
		return fmt.Errorf("enter %q: no SHA-256 of the file", sc.File)
	}
	return l.enter(sc, &Entry{Kind: KindRecording, Bytes: sc.Bytes, SHA256: sc.SHA256, State: sc.State})
}

// Update replaces the sidecar of a recording that is in the chain, after an upload for
// example. What it says of the audio and of holds must not differ: the chain decides that.
func (l *Ledger) Update(sc *Sidecar) error {
	return l.enter(sc, &Entry{Kind: KindUpdate, SHA256: sc.SHA256, State: sc.State})
}

// Reopen says that audio is being added to a recording that is in the chain, so that
// nobody takes that for an alteration; Append follows when it has ended. The sidecar has
// state Recording.
func (l *Ledger) Reopen(sc *Sidecar) error {
	if sc.State != Recording {
		return fmt.Errorf("add to %q: its state is %q", sc.File, sc.State)
	}
	return l.enter(sc, &Entry{Kind: KindReopen, State: sc.State})
}

// Access notes that somebody did something with a recording: play, export, delete.
func (l *Ledger) Access(id, file, who, what, why string) error {
	if err := checkFile(file); err != nil {
		return err
	}
	return l.commit(&Entry{Kind: KindAccess, ID: short(id), File: file, Who: who, What: what, Why: why})
}

// Hold puts a recording under legal hold: nothing removes it until Release. The sidecar
// shows it.
func (l *Ledger) Hold(file, by, why string) error {
	return l.changeHold(file, by, why, KindHold, &Hold{By: by, Why: why, Since: l.o.Now().UTC()})
}

// Release ends a legal hold.
func (l *Ledger) Release(file, by, why string) error {
	return l.changeHold(file, by, why, KindRelease, nil)
}

func (l *Ledger) changeHold(file, by, why string, kind Kind, hold *Hold) error {
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	if err := l.loadHolds(); err != nil {
		return err
	}
	if by == "" || kind == KindHold && why == "" {
		return fmt.Errorf("%s %q: who, and why?", kind, file)
	}
	old, held := l.holds[file]
	if kind == KindHold && held {
		return fmt.Errorf("%q is under legal hold already: by %s since %s", file, old.By, old.Since.Format(time.DateTime))
	}
	if kind == KindRelease && !held {
		return fmt.Errorf("%q is not under legal hold", file)
	}
	sc, err := ReadSidecar(l.root, file)
	if err != nil {
		return fmt.Errorf("%s %q: %w", kind, file, err)
	}
	if sc.State == Recording {
		return fmt.Errorf("%s %q: it is being recorded, wait for its end", kind, file)
	}
	sc.Hold = hold
	if err := l.enter(sc, &Entry{Kind: kind, Who: by, Why: why, SHA256: sc.SHA256}); err != nil {
		return err
	}
	if hold == nil {
		delete(l.holds, file)
	} else {
		l.holds[file] = *hold
	}
	return nil
}

// Held returns the legal hold on a recording.
func (l *Ledger) Held(file string) (Hold, bool, error) {
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	if err := l.loadHolds(); err != nil {
		return Hold{}, false, err
	}
	h, ok := l.holds[file]
	return h, ok, nil
}

// enter writes a sidecar and its entry: the sidecar waits on the disk under a name of its
// own until the line is there, so that no crash leaves one that does not fit the other.
func (l *Ledger) enter(sc *Sidecar, e *Entry) error {
	text, err := sc.Encode()
	if err != nil {
		return err
	}
	e.ID, e.File, e.Sidecar = short(sc.ID), sc.File, hashOf(text)
	waits := pendingPath + "/" + rand.Text() + ".json"
	if err := writeSynced(l.root, waits, text); err != nil {
		return fmt.Errorf("write sidecar of %q: %w", sc.File, err)
	}
	if err := l.commit(e); err != nil {
		_ = l.root.Remove(waits)
		return err
	}
	return l.place(waits, sc.File, text)
}

// place moves a sidecar that waited to its audio.
func (l *Ledger) place(waits, file string, text []byte) error {
	name := SidecarName(file)
	err := l.root.Rename(waits, name)
	if errors.Is(err, syscall.EXDEV) { // a folder that is another file system
		temp := path.Join(path.Dir(name), ".rms-"+rand.Text()[:12]+".tmp")
		if err = writeSynced(l.root, temp, text); err == nil {
			err = l.root.Rename(temp, name)
		}
		if err == nil {
			err = l.root.Remove(waits)
		}
	}
	if err != nil {
		return fmt.Errorf("place sidecar of %q: %w", file, err)
	}
	return nil
}

// Tombstone removes a recording for good, with its sidecar, and says so in the chain. A
// legal hold forbids it: ErrHeld.
func (l *Ledger) Tombstone(file, by, why string) error {
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	e, err := l.tombstone(file, by, why)
	if err != nil {
		return fmt.Errorf("delete %q: %w", file, err)
	}
	if err := l.commit(e); err != nil {
		return fmt.Errorf("delete %q: %w", file, err)
	}
	return removeRecording(l.root, file)
}

// tombstone makes the entry for a recording that may be removed. The caller has holdMu.
func (l *Ledger) tombstone(file, by, why string) (*Entry, error) {
	if err := checkFile(file); err != nil {
		return nil, err
	}
	if err := l.loadHolds(); err != nil {
		return nil, err
	}
	if h, held := l.holds[file]; held {
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
		if _, missing := l.root.Lstat(file); errors.Is(missing, fs.ErrNotExist) {
			return nil, fs.ErrNotExist
		}
	}
	return e, nil
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

func isHash(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && strings.ToLower(s) == s
}
