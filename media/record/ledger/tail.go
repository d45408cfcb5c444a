package ledger

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// tailWindow is how much of the chain Open looks at: more than one group of entries, which
// is all that a crash can leave half.
const tailWindow = 1 << 20

// openTail finds the last line. What a crash left behind it is cut off, and an entry says
// so.
func (l *Ledger) openTail() error {
	info, err := l.chain.Stat()
	if err != nil {
		return err
	}
	if info.Size() == 0 {
		return nil
	}
	from := max(0, info.Size()-tailWindow)
	window := make([]byte, info.Size()-from)
	if _, err := io.ReadFull(io.NewSectionReader(l.chain, from, int64(len(window))), window); err != nil {
		return fmt.Errorf("read the chain: %w", err)
	}
	whole := wholeLines(window)
	if whole == 0 && from > 0 {
		return fmt.Errorf("the last %d bytes of %s hold no line: that is no chain", tailWindow, chainFile)
	}
	l.size = from + int64(whole)
	if whole > 0 {
		if err := l.readHead(window[:whole], from == 0); err != nil {
			return err
		}
	}
	l.finishTombstones(window[:whole])
	half := window[whole:]
	if len(half) == 0 {
		return nil
	}
	if err := l.chain.Truncate(l.size); err != nil {
		return fmt.Errorf("cut half a line off the chain: %w", err)
	}
	why := fmt.Sprintf("%d bytes behind the last whole line (SHA-256 %s)", len(half), hashOf(half))
	l.note("repaired the chain: a stop in the middle of a write left %s; they were cut off", why)
	if l.head.Seq == 0 {
		return nil
	}
	return l.commit(&Entry{Kind: KindRepair, Why: why})
}

// wholeLines returns the length of the lines that are whole: up to the last line break,
// and before the first zero byte, which is what a power cut leaves of a write.
func wholeLines(window []byte) int {
	if zero := bytes.IndexByte(window, 0); zero >= 0 {
		window = window[:zero]
	}
	return bytes.LastIndexByte(window, '\n') + 1
}

// readHead takes the head from the last line. When that is not ours the chain goes on all
// the same, behind the last line that is: nothing vouches for what lies between, and "rms
// verify" finds the place.
func (l *Ledger) readHead(lines []byte, all bool) error {
	last, behind := lastLine(lines)
	e, err := ParseEntry(last, l.public())
	if err == nil {
		l.head = Head{Seq: e.Seq, Hash: hashOf(last)}
		return nil
	}
	for skipped := uint64(1); behind > 0; skipped++ {
		last, behind = lastLine(lines[:behind])
		if e, older := ParseEntry(last, l.public()); older == nil {
			l.head = Head{Seq: e.Seq + skipped, Hash: hashOf(last)}
			l.note("the last line of the chain was altered (%v): run rms verify", err)
			return nil
		}
	}
	if all || errors.Is(err, errSignature) {
		return fmt.Errorf("%s was signed with another key than %s: put the old key back, or move the chain away to begin a new one",
			chainFile, Fingerprint(l.public()))
	}
	return fmt.Errorf("the end of %s is no chain (%w): move it away to begin a new one", chainFile, err)
}

// lastLine returns the last of some whole lines without its line break, and where it
// begins.
func lastLine(lines []byte) (line []byte, at int) {
	body := lines[:len(lines)-1]
	at = bytes.LastIndexByte(body, '\n') + 1
	return body[at:], at
}
