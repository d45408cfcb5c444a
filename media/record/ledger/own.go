package ledger

import (
	"bytes"
	"encoding/json"
)

// maxDigests is how many recordings the ledger knows the sidecar of without reading the
// chain: those that changed last.
const maxDigests = 4096

// digests remembers which sidecar is the right one.
type digests struct {
	of    map[string]string
	order []string // as a ring
	next  int
}

func (l *Ledger) remember(file, digest string) {
	l.holdMu.Lock()
	defer l.holdMu.Unlock()
	d := &l.digests
	if d.of == nil {
		d.of, d.order = map[string]string{}, make([]string, maxDigests)
	}
	if _, known := d.of[file]; !known {
		delete(d.of, d.order[d.next])
		d.order[d.next] = file
		d.next = (d.next + 1) % maxDigests
	}
	d.of[file] = digest
}

// ownSidecar reads the sidecar of a recording and says whether it is the one that the
// chain knows.
func (l *Ledger) ownSidecar(file string) (sc *Sidecar, ours bool, err error) {
	sc, digest, err := readSidecar(l.root, SidecarName(file))
	if err != nil {
		return nil, false, err
	}
	l.holdMu.Lock()
	known, ok := l.digests.of[file]
	l.holdMu.Unlock()
	if !ok {
		if known, err = l.lastDigest(file); err != nil {
			return nil, false, err
		}
	}
	return sc, sc.File == file && digest == known, nil
}

// lastDigest looks the right sidecar of a recording up in the chain.
func (l *Ledger) lastDigest(file string) (digest string, err error) {
	name, err := json.Marshal(file)
	if err != nil {
		return "", err
	}
	err = l.entries(func(line []byte) bool { return bytes.Contains(line, name) }, func(e *Entry) bool {
		if e.File == file && (e.Sidecar != "" || e.Kind == KindTombstone) {
			digest = sidecarAfter(e)
		}
		return true
	})
	return digest, err
}
