package ledger

import (
	"errors"
	"fmt"
	"time"
)

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
	l.change.Lock()
	defer l.change.Unlock()
	if by == "" || kind == KindHold && why == "" {
		return fmt.Errorf("%s %q: who, and why?", kind, file)
	}
	old, held, err := l.Held(file)
	if err != nil {
		return err
	}
	if kind == KindHold && held {
		return fmt.Errorf("%q is under legal hold already: by %s since %s", file, old.By, old.Since.Format(time.DateTime))
	}
	if kind == KindRelease && !held {
		return fmt.Errorf("%q is not under legal hold", file)
	}
	if err := l.enterHold(file, &Entry{Kind: kind, File: file, Who: by, Why: why}, hold); err != nil {
		return fmt.Errorf("%s %q: %w", kind, file, err)
	}
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	if hold == nil {
		delete(l.holds, file)
	} else {
		l.holds[file] = *hold
	}
	return nil
}

// enterHold writes the entry of a hold or of its end, and the sidecar that shows it. A
// sidecar that is altered or gone is left as it is: the chain alone holds the file.
func (l *Ledger) enterHold(file string, e *Entry, hold *Hold) error {
	if err := checkFile(file); err != nil {
		return err
	}
	sc, ours, err := l.ownSidecar(file)
	if err != nil || !ours {
		if _, missing := l.root.Lstat(file); missing != nil {
			return missing
		}
		return l.commit(e)
	}
	if sc.State == Recording {
		return errors.New("it is being recorded, wait for its end")
	}
	sc.Hold, e.SHA256 = hold, sc.SHA256
	return l.enter(sc, e)
}

// Held returns the legal hold on a recording.
func (l *Ledger) Held(file string) (Hold, bool, error) {
	if err := l.loadHolds(); err != nil {
		return Hold{}, false, err
	}
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	h, ok := l.holds[file]
	return h, ok, nil
}

// loadHolds reads the legal holds in force from the chain, once.
func (l *Ledger) loadHolds() error {
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	if l.holds != nil {
		return nil
	}
	holds := map[string]Hold{}
	err := l.Entries("", func(e *Entry) bool {
		if e.Kind == KindHold {
			holds[e.File] = Hold{By: e.Who, Why: e.Why, Since: e.At}
		} else {
			delete(holds, e.File)
		}
		return true
	}, KindHold, KindRelease)
	if err == nil {
		l.holds = holds
	}
	return err
}

// showHold lets a sidecar say of a hold what the chain says.
func (l *Ledger) showHold(sc *Sidecar) error {
	h, held, err := l.Held(sc.File)
	sc.Hold = nil
	if held {
		sc.Hold = &h
	}
	return err
}
