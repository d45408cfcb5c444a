package ledger

import (
	"bytes"
	"crypto/ed25519"
	"fmt"
	"io"
)

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

	run      []runLine
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
	err := scanLines(io.NewSectionReader(chain, c.size, size-c.size), func(line chainLine) bool {
		if c.half = !line.whole; c.half {
			return true
		}
		c.size += line.size
		if line.long {
			c.vouch()
			c.lines++
			c.wrong(nil, fmt.Errorf("it has %d bytes, no line of a chain is that long", line.size))
			return true
		}
		c.run = append(c.run, runLine{text: bytes.Clone(line.text)})
		if len(c.run) == maxRun {
			c.vouch()
		}
		return true
	})
	c.vouch()
	return err
}

// maxRun is how many lines are looked at together.
const maxRun = 256

// runLine is a line that waits for its signature to be checked.
type runLine struct {
	text []byte
	hash string
	e    *Entry
	err  error
}

// vouch takes over the lines that wait. Where each holds the hash of the one before, one
// right signature at the end vouches for all: its writer had them before him. Else each
// line has to stand for itself.
func (c *chainCheck) vouch() {
	whole := len(c.run) > 0
	for i := range c.run {
		l := &c.run[i]
		l.hash = hashOf(l.text)
		l.e, l.err = parseUnsigned(l.text)
		whole = whole && l.err == nil && (i == 0 || l.e.Prev == c.run[i-1].hash)
	}
	whole = whole && signed(c.run[len(c.run)-1].text, c.public)
	for i := range c.run {
		l := &c.run[i]
		c.lines++
		if l.err == nil && !whole && !signed(l.text, c.public) {
			l.err = errSignature
		}
		if l.err != nil {
			c.wrong(l.e, l.err)
		} else {
			c.entry(l.e, l.hash)
		}
	}
	clear(c.run)
	c.run = c.run[:0]
}

// entry takes over an entry that was signed.
func (c *chainCheck) entry(e *Entry, hash string) {
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
		text = fmt.Sprintf("it ends at entry %d, the head that was given is entry %d: what lies between was cut off", c.top.Seq, c.known.Seq)
	}
	c.report.add(Problem{Fault: ChainCut, Text: text})
}
