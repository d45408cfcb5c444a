package ledger

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"strings"
	"syscall"
)

// Append enters a recording that has ended: its file is closed and synced, and Bytes and
// SHA256 are those of the file, Tail that of what lies beside it. The sidecar and the line of the chain are on the disk when
// it returns. The same recording may come again, after a crash or after more was added.
func (l *Ledger) Append(sc *Sidecar) error {
	if sc.State == Recording {
		return fmt.Errorf("enter %q: it is being recorded", sc.File)
	}
	if !isHash(sc.SHA256) && (sc.State != Failed || sc.SHA256 != "") {
		return fmt.Errorf("enter %q: no SHA-256 of the file", sc.File)
	}
	if sc.Tail != "" && !isHash(sc.Tail) {
		return fmt.Errorf("enter %q: the SHA-256 of its tail is none", sc.File)
	}
	return l.enter(sc, &Entry{Kind: KindRecording, Bytes: sc.Bytes, SHA256: sc.SHA256, Tail: sc.Tail, State: sc.State})
}

// Change reads the sidecar of a recording that is in the chain, lets f change it, and
// replaces it, after an upload for example. Nobody else changes it meanwhile. One that
// was altered by others is refused: the chain would make it right.
func (l *Ledger) Change(file string, f func(*Sidecar) error) error {
	l.change.Lock()
	defer l.change.Unlock()
	sc, ours, err := l.ownSidecar(file)
	if err == nil && !ours {
		err = fmt.Errorf("the sidecar was altered: run rms verify")
	}
	if err == nil {
		err = f(sc)
	}
	if err != nil {
		return fmt.Errorf("update %q: %w", file, err)
	}
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

// enter writes a sidecar and its entry: the sidecar waits on the disk under a name of its
// own until the line is there, so that no crash leaves one that does not fit the other.
func (l *Ledger) enter(sc *Sidecar, e *Entry) error {
	if e.Kind != KindHold && e.Kind != KindRelease {
		if err := l.showHold(sc); err != nil {
			return err
		}
	}
	text, err := sc.Encode()
	if err != nil {
		return err
	}
	e.ID, e.File, e.Sidecar = short(sc.ID), sc.File, hashOf(text)
	waits := waitingName(e.Sidecar)
	if err := writeSynced(l.root, waits, text); err != nil {
		return fmt.Errorf("write sidecar of %q: %w", sc.File, err)
	}
	if err := l.commit(e); err != nil {
		_ = l.root.Remove(waits)
		return err
	}
	l.remember(sc.File, e.Sidecar)
	return l.place(waits, sc.File, text)
}

// waitingName is where a sidecar waits for its line, by its hash.
func waitingName(digest string) string { return pendingPath + "/" + digest + ".json" }

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

func isHash(s string) bool {
	_, err := hex.DecodeString(s)
	return err == nil && len(s) == 64 && strings.ToLower(s) == s
}
