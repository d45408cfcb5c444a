package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"path"
	"strings"
)

// scanLines calls yield with each line, without its line break, its number from 1, and
// whether it was ended by a line break. A line longer than ours ever are comes cut, with
// long set: memory does not grow with it.
func scanLines(r io.Reader, yield func(line []byte, number int, whole, long bool) bool) error {
	in := bufio.NewReaderSize(r, maxLine+1)
	for number := 1; ; number++ {
		line, err := in.ReadSlice('\n')
		long := errors.Is(err, bufio.ErrBufferFull)
		if long {
			line = bytes.Clone(line[:100])
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if len(line) == 0 && err != nil {
			return nil
		}
		if !yield(bytes.TrimSuffix(line, []byte("\n")), number, err == nil, long) || err != nil {
			return nil
		}
	}
}

// kindMark is how a line begins to tell its kind.
func kindMark(k Kind) []byte { return []byte(`"kind":"` + string(k) + `"`) }

// isKind says quickly whether a line may be of a kind: it stands near its begin.
func isKind(line []byte, marks ...[]byte) bool {
	start := line[:min(len(line), 80)]
	for _, m := range marks {
		if bytes.Contains(start, m) {
			return true
		}
	}
	return false
}

// entries calls yield with the entries that were signed by our key and whose line passes
// the quick look.
func (l *Ledger) entries(quick func(line []byte) bool, yield func(*Entry) bool) error {
	l.mu.Lock()
	size, chain := l.size, l.chain
	l.mu.Unlock()
	if chain == nil {
		return ErrClosed
	}
	err := scanLines(io.NewSectionReader(chain, 0, size), func(line []byte, _ int, _, long bool) bool {
		if long || !quick(line) {
			return true
		}
		e, err := ParseEntry(line, l.public())
		return err != nil || yield(e)
	})
	if err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	return nil
}

// Entries calls yield with the entries of the chain, oldest first, that are about a file
// (all files when it is empty) and of one of the kinds (all when there is none). It is the
// log of who did what.
func (l *Ledger) Entries(file string, yield func(*Entry) bool, kinds ...Kind) error {
	var marks [][]byte
	for _, k := range kinds {
		marks = append(marks, kindMark(k))
	}
	quick := func(line []byte) bool { return len(marks) == 0 || isKind(line, marks...) }
	return l.entries(quick, func(e *Entry) bool { return file != "" && e.File != file || yield(e) })
}

// loadHolds reads the legal holds in force from the chain, once. The caller has holdMu.
func (l *Ledger) loadHolds() error {
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

// finishPending places the sidecars whose line is in the chain, and drops the others: a
// crash came between.
func (l *Ledger) finishPending() error {
	waiting := map[string]string{} // file: name of what waits
	digests := map[string]string{} // name: its hash
	err := walk(l.root, pendingPath, func(f found) error {
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
