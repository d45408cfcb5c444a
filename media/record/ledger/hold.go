package ledger

import (
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
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	if hold == nil {
		delete(l.holds, file)
	} else {
		l.holds[file] = *hold
	}
	return nil
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
