package ledger

import (
	"encoding/hex"
	"time"
)

// record is what the chain says of a file, by its last entry.
type record struct {
	sha     [32]byte
	tail    [32]byte
	sidecar [32]byte
	entered bool // its recording is in the chain
	hashed  bool // sha is known
	tailed  bool // tail is known: a file beside it holds its end
	bytes   int64
	seq     uint64
	at      time.Time // of the tombstone
	gone    bool      // by a tombstone
	open    bool      // being added to
	held    bool
}

// apply takes over what an entry says of its file.
func (c *chainCheck) apply(e *Entry) {
	if e.Kind == KindRepair {
		c.report.note("%s: the chain was repaired after a crash: cut off %.200q", e.At.Format(time.DateTime), e.Why)
	}
	if e.File == "" || e.Kind == KindAccess {
		return
	}
	r := c.files[e.File]
	if r == nil {
		r = &record{}
		c.files[e.File] = r
	}
	if c.touched != nil {
		c.touched[e.File] = true
	}
	if e.Seq < r.seq {
		return
	}
	r.seq = e.Seq
	r.update(e)
}

func (r *record) update(e *Entry) {
	switch e.Kind {
	case KindRecording:
		r.entered, r.hashed = true, e.SHA256 != ""
		r.sha, r.bytes = unhex(e.SHA256), e.Bytes
		r.tail, r.tailed = unhex(e.Tail), e.Tail != ""
		r.gone, r.open = false, false
	case KindReopen:
		r.entered, r.open, r.gone = true, true, false
	case KindTombstone:
		r.gone, r.open, r.at = true, false, e.At
		return
	case KindHold:
		r.held = true
	case KindRelease:
		r.held = false
	}
	if e.Sidecar != "" {
		r.sidecar = unhex(e.Sidecar)
	}
}

func unhex(s string) (sum [32]byte) {
	_, _ = hex.Decode(sum[:], []byte(s[:min(len(s), 64)]))
	return sum
}
