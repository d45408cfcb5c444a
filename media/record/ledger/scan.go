package ledger

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
)

// chainLine is a line of the file.
type chainLine struct {
	text  []byte // without its line break; only the begin when it is long
	size  int64  // with its line break
	whole bool   // it was ended by a line break
	long  bool   // longer than ours ever are
}

// scanLines calls yield with each line. Memory does not grow with a long one.
func scanLines(r io.Reader, yield func(chainLine) bool) error {
	in := bufio.NewReaderSize(r, maxLine+1)
	for {
		text, err := in.ReadSlice('\n')
		line := chainLine{text: text, size: int64(len(text)), long: errors.Is(err, bufio.ErrBufferFull)}
		if line.long {
			line.text = bytes.Clone(text[:100])
			for errors.Is(err, bufio.ErrBufferFull) {
				text, err = in.ReadSlice('\n')
				line.size += int64(len(text))
			}
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		if line.size == 0 {
			return nil
		}
		line.whole = err == nil
		line.text = bytes.TrimSuffix(line.text, []byte("\n"))
		if !yield(line) || err != nil {
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
	err := scanLines(io.NewSectionReader(chain, 0, size), func(line chainLine) bool {
		if line.long || !quick(line.text) {
			return true
		}
		e, err := ParseEntry(line.text, l.public())
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
