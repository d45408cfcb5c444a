package ledger

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"time"
)

// goneFile looks whether a recording that was removed on purpose is there.
func (v *verifier) goneFile(ctx context.Context, name string, r *record) []Problem {
	for {
		if _, err := v.root.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if sc, err := ReadSidecar(v.root, name); err == nil && sc.State == Recording && v.live {
			return nil
		}
		if !v.live || !v.wait(ctx) {
			break
		}
	}
	return []Problem{{Fault: Undead, File: name, Text: "the chain says that it was removed on " + r.at.Format(time.DateTime) + ", but it is there"}}
}

// A server that runs writes the line of a removal, and then removes: it gets a moment,
// the same for all.
const (
	waitStep  = 20 * time.Millisecond
	waitSteps = 50
)

// wait gives the server a moment. It says no when there were enough.
func (v *verifier) wait(ctx context.Context) bool {
	if v.waited.Add(1) > waitSteps {
		return false
	}
	step := time.NewTimer(waitStep)
	defer step.Stop()
	select {
	case <-step.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// sidecar compares the sidecar with the chain. One that waits for its place, because the
// server is about to put it there or was stopped before, is no alteration.
func (v *verifier) sidecar(name string, r *record) (p Problem, bad bool) {
	if p, bad = v.sidecarNow(name, r); !bad {
		return p, false
	}
	waits, err := readSmall(v.root, waitingName(hex.EncodeToString(r.sidecar[:])), MaxSidecar)
	switch {
	case err != nil || sha256.Sum256(waits) != r.sidecar:
		return v.sidecarNow(name, r) // it may have come to its place
	case v.live:
		return p, false
	}
	return Problem{Fault: Unfinished, File: name, Text: "the server stopped before its sidecar was in place: start rms, it puts it there"}, true
}

func (v *verifier) sidecarNow(name string, r *record) (p Problem, bad bool) {
	text, err := readSmall(v.root, SidecarName(name), MaxSidecar)
	var odd *notRegular
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Problem{Fault: SidecarRemoved, File: name, Text: "its sidecar is gone"}, true
	case errors.As(err, &odd):
		return Problem{Fault: NotRegular, File: name, Text: "its sidecar was replaced by " + modeName(odd.mode)}, true
	case errors.Is(err, errTooLarge):
		return Problem{Fault: SidecarAltered, File: name, Text: "its sidecar was altered: " + err.Error()}, true
	case err != nil:
		return Problem{Fault: Unreadable, File: name, Text: "sidecar: " + err.Error()}, true
	case unhex(hashOf(text)) == r.sidecar:
		return p, false
	}
	p = Problem{Fault: SidecarAltered, File: name, Text: "its sidecar is not the one that was written"}
	sc, err := ParseSidecar(text)
	switch {
	case err != nil:
		p.Text += ": " + err.Error()
	case sc.File != name:
		p.Text += fmt.Sprintf(": it is that of %q", sc.File)
	}
	return p, true
}
