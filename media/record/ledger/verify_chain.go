package ledger

import (
	"crypto/ed25519"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// record is what the chain says of a file, by its last entry.
type record struct {
	sha     [32]byte
	sidecar [32]byte
	entered bool // its recording is in the chain
	hashed  bool // sha is known
	bytes   int64
	seq     uint64
	at      time.Time // of the tombstone
	gone    bool      // by a tombstone
	open    bool      // being added to
	held    bool
}

// span is some entries that are missing, first and last.
type span struct{ from, to uint64 }

// maxSpans bounds what is remembered of missing entries and of lines with a wrong
// signature.
const maxSpans = 1000

// chainCheck reads a chain line by line.
type chainCheck struct {
	public  ed25519.PublicKey
	known   Head // from the log; Seq 0: not known
	report  *Report
	files   map[string]*record
	touched map[string]bool // files of the entries read since it was made; nil: nobody asks
	claimed map[string]int  // files of lines with a wrong signature, and the line

	lines    int
	size     int64
	top      Head // the line with the highest number
	missing  []span
	claims   []uint64 // numbers of the wrong lines since the last right one
	nameless int      // wrong lines since then that are no entries
	foundSeq uint64   // entry that is the known head; 0: not found
	half     bool     // the last line has no line break
}

func newChainCheck(public ed25519.PublicKey, known Head, r *Report) *chainCheck {
	return &chainCheck{public: public, known: known, report: r, files: map[string]*record{}, claimed: map[string]int{}}
}

// read goes on reading the chain from where it was.
func (c *chainCheck) read(chain io.ReaderAt, size int64) error {
	return scanLines(io.NewSectionReader(chain, c.size, size-c.size), func(line chainLine) bool {
		if c.half = !line.whole; c.half {
			return true
		}
		c.lines++
		c.size += line.size
		if line.long {
			c.wrong(nil, fmt.Errorf("it has %d bytes, no line of a chain is that long", line.size))
			return true
		}
		c.line(line.text)
		return true
	})
}

func (c *chainCheck) line(line []byte) {
	hash := hashOf(line)
	e, err := ParseEntry(line, c.public)
	if err != nil {
		c.wrong(e, err)
		return
	}
	c.report.Entries++
	if hash == c.known.Hash {
		c.foundSeq = e.Seq
	}
	switch {
	case e.Seq <= c.top.Seq:
		c.late(e)
	case e.Seq > c.top.Seq+1:
		c.miss(e)
	case c.top.Seq > 0 && e.Prev != c.top.Hash:
		c.problem(ChainAltered, "entry %d is signed, but follows another entry %d than the one in the line before", e.Seq, c.top.Seq)
	}
	if e.Seq > c.top.Seq {
		c.top = Head{Seq: e.Seq, Hash: hash}
		c.claims, c.nameless = c.claims[:0], 0
	}
	c.apply(e)
}

func (c *chainCheck) problem(f Fault, format string, args ...any) {
	c.report.add(Problem{Fault: f, Line: c.lines, Text: fmt.Sprintf(format, args...)})
}

// wrong notes a line that was not signed with the key.
func (c *chainCheck) wrong(e *Entry, err error) {
	if e == nil {
		c.nameless++
		c.problem(ChainAltered, "%v", err)
		return
	}
	if len(c.claims) < maxSpans {
		c.claims = append(c.claims, e.Seq)
	}
	if len(c.claimed) < maxSpans && len(e.File) <= maxFile {
		c.claimed[e.File] = c.lines
	}
	c.problem(ChainAltered, "%v: says it is entry %d, %.20q of %.200q", err, e.Seq, e.Kind, e.File)
}

// miss remembers that entries are missing before e, but for those whose line is there and
// was altered: that was told.
func (c *chainCheck) miss(e *Entry) {
	c.missing = append(c.missing, span{c.top.Seq + 1, e.Seq - 1})
	for _, seq := range c.claims {
		c.fill(seq)
	}
	for ; c.nameless > 0 && len(c.missing) > 0; c.nameless-- {
		last := &c.missing[len(c.missing)-1]
		if last.to < c.top.Seq {
			break
		}
		c.fill(last.from)
	}
	if len(c.missing) > maxSpans {
		c.tellMissing(c.missing[0])
		c.missing = c.missing[1:]
	}
}

// late is an entry that should have come before.
func (c *chainCheck) late(e *Entry) {
	if c.fill(e.Seq) {
		c.problem(ChainOrder, "entry %d stands behind entry %d", e.Seq, c.top.Seq)
		return
	}
	c.problem(ChainOrder, "entry %d stands in the chain a second time", e.Seq)
}

// fill takes an entry from those that are missing.
func (c *chainCheck) fill(seq uint64) bool {
	for i, s := range c.missing {
		if seq < s.from || seq > s.to {
			continue
		}
		var parts []span
		if seq > s.from {
			parts = append(parts, span{s.from, seq - 1})
		}
		if seq < s.to {
			parts = append(parts, span{seq + 1, s.to})
		}
		c.missing = append(c.missing[:i:i], append(parts, c.missing[i+1:]...)...)
		return true
	}
	return false
}

func (c *chainCheck) tellMissing(s span) {
	text := fmt.Sprintf("entries %d to %d are missing", s.from, s.to)
	if s.from == s.to {
		text = fmt.Sprintf("entry %d is missing", s.from)
	}
	c.report.add(Problem{Fault: ChainRemoved, Text: text})
}

// finish tells what is known once all has been read.
func (c *chainCheck) finish(live bool) {
	for _, s := range c.missing {
		c.tellMissing(s)
	}
	if c.half && !live {
		c.report.add(Problem{Fault: ChainCut, Line: c.lines + 1, Text: "the chain ends in the middle of a line: a crash, or it was cut (rms repairs the first when it starts, and says so)"})
	}
	c.report.Head = c.top.String()
	if c.known.Hash == "" {
		return
	}
	c.report.HeadGiven = true
	if c.foundSeq > 0 {
		c.report.Behind = c.top.Seq - c.foundSeq
		return
	}
	text := "no line has the head that was given: the chain was cut or written anew"
	if c.known.Seq > c.top.Seq {
		text = fmt.Sprintf("it ends at entry %d, the head that was given is entry %d: %d entries were cut off", c.top.Seq, c.known.Seq, c.known.Seq-c.top.Seq)
	}
	c.report.add(Problem{Fault: ChainCut, Text: text})
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

// ParseHead reads a head as the log has it: number, colon, hash; or the hash alone.
func ParseHead(text string) (Head, error) {
	var h Head
	number, hash, both := strings.Cut(strings.TrimSpace(text), ":")
	if !both {
		number, hash = "0", number
	}
	if _, err := fmt.Sscanf(number, "%d", &h.Seq); err != nil {
		return h, errors.New("a head is a number, a colon and 64 hexadecimal digits, as in the log; or the digits alone")
	}
	h.Hash = strings.ToLower(hash)
	if !isHash(h.Hash) {
		return h, fmt.Errorf("the head %.80q has not 64 hexadecimal digits behind the colon", text)
	}
	return h, nil
}
