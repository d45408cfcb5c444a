package ledger

import (
	"bytes"
	"path"
	"strings"
)

// finishPending places the sidecars whose line is in the chain, and drops the others: a
// crash came between.
func (l *Ledger) finishPending() error {
	waiting := map[string]string{} // file: name of what waits
	digests := map[string]string{} // name: its hash
	err := walk(l.root, pendingPath, func(f found) error {
		if f.err != nil {
			return f.err
		}
		if !f.mode.IsRegular() || len(digests) >= maxPending {
			return nil
		}
		sc, digest, err := readSidecar(l.root, f.name)
		if err != nil {
			return l.root.Remove(f.name)
		}
		waiting[digest], digests[f.name] = sc.File, digest
		return nil
	})
	if err != nil || len(digests) == 0 {
		return err
	}
	last := map[string]string{} // file: hash of its last sidecar
	err = l.entries(func([]byte) bool { return true }, func(e *Entry) bool {
		if e.File != "" && (e.Sidecar != "" || e.Kind == KindTombstone) {
			if _, ok := waiting[e.Sidecar]; ok || last[e.File] != "" {
				last[e.File] = sidecarAfter(e)
			}
		}
		return true
	})
	if err != nil {
		return err
	}
	for name, digest := range digests {
		file := waiting[digest]
		if last[file] != digest {
			if err := l.root.Remove(name); err != nil {
				return err
			}
			continue
		}
		text, err := readSmall(l.root, name, MaxSidecar)
		if err == nil {
			err = l.place(name, file, text)
		}
		if err != nil {
			return err
		}
		l.note("placed the sidecar of %q, which a stop had left waiting", path.Clean(file))
	}
	return nil
}

// maxPending bounds the sidecars that are looked at after a crash.
const maxPending = 100_000

// sidecarAfter returns which sidecar holds after an entry.
func sidecarAfter(e *Entry) string {
	if e.Kind == KindTombstone {
		return "none"
	}
	return e.Sidecar
}

// finishTombstones removes what a crash left of recordings that the last lines declare
// removed.
func (l *Ledger) finishTombstones(lines []byte) {
	mark := kindMark(KindTombstone)
	for line := range bytes.Lines(lines) {
		if !isKind(line, mark) {
			continue
		}
		e, err := ParseEntry(bytes.TrimSuffix(line, []byte("\n")), l.public())
		if err != nil || e.Kind != KindTombstone || checkFile(e.File) != nil || e.Sidecar == "" {
			continue
		}
		if _, digest, err := readSidecar(l.root, SidecarName(e.File)); err != nil || digest != e.Sidecar {
			continue
		}
		if err := removeRecording(l.root, e.File); err == nil {
			l.note("removed %q, whose removal a stop had interrupted", strings.ToValidUTF8(e.File, "?"))
		}
	}
}
