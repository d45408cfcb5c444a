package ledger

import (
	"errors"
	"fmt"
	"os"
)

// maxGroup is how many entries are written and synced at once.
const maxGroup = 1024

// group is what one caller wants written, and how it hears of it.
type group struct {
	entries []*Entry
	wake    chan verdict
}

// verdict wakes a caller: its entries are done, or it is its turn to write for all.
type verdict struct {
	lead bool
	err  error
}

// commit writes entries to the chain and returns when they are on the disk. Callers that
// come while one writes are written together by the next one, with one sync.
func (l *Ledger) commit(entries ...*Entry) error {
	now := l.o.Now().UTC()
	for _, e := range entries {
		e.At = now
	}
	g := &group{entries: entries, wake: make(chan verdict, 1)}
	l.mu.Lock()
	if l.shut {
		l.mu.Unlock()
		return ErrClosed
	}
	l.queue = append(l.queue, g)
	lead := !l.busy
	l.busy = true
	l.mu.Unlock()
	if !lead {
		if v := <-g.wake; !v.lead {
			return v.err
		}
	}
	l.lead()
	return (<-g.wake).err
}

// lead writes what waits, tells those who wait, and hands over.
func (l *Ledger) lead() {
	l.mu.Lock()
	n, entries := 0, 0
	for n < len(l.queue) && (n == 0 || entries+len(l.queue[n].entries) <= maxGroup) {
		entries += len(l.queue[n].entries)
		n++
	}
	batch := l.queue[:n:n]
	l.queue = l.queue[n:]
	head, size := l.head, l.size
	l.mu.Unlock()

	head, size, err := l.write(batch, head, size)

	l.mu.Lock()
	if err == nil {
		l.head, l.size = head, size
	}
	var next *group
	if len(l.queue) > 0 {
		next = l.queue[0]
	} else {
		l.queue = nil
		l.busy = false
	}
	l.mu.Unlock()
	if err == nil && l.o.Committed != nil {
		l.o.Committed(head)
	}
	for _, g := range batch {
		g.wake <- verdict{err: err}
	}
	if next != nil {
		next.wake <- verdict{lead: true}
	}
}

// write appends the lines of a batch at size, and syncs. When that fails the chain is cut
// back to what it was.
func (l *Ledger) write(batch []*group, head Head, size int64) (Head, int64, error) {
	var text []byte
	for _, g := range batch {
		for _, e := range g.entries {
			e.Seq, e.Prev = head.Seq+1, head.Hash
			if head.Seq == 0 {
				e.Prev = noPrev
			}
			line, err := e.sign(l.key)
			if err != nil {
				return head, size, err
			}
			head = Head{Seq: e.Seq, Hash: hashOf(line)}
			text = append(append(text, line...), '\n')
		}
	}
	err := l.syncPending()
	if err == nil {
		_, err = l.chain.WriteAt(text, size)
	}
	if err == nil {
		err = l.chain.Sync()
	}
	if err != nil {
		return head, size, errors.Join(fmt.Errorf("write the chain: %w", err), l.chain.Truncate(size))
	}
	return head, size + int64(len(text)), nil
}

// syncPending makes sure that the sidecars which the lines speak of are found after a
// power cut.
func (l *Ledger) syncPending() error {
	dir, err := l.root.Open(pendingPath)
	if err != nil {
		return err
	}
	err = dir.Sync()
	if errors.Is(err, errors.ErrUnsupported) || errors.Is(err, os.ErrInvalid) {
		err = nil
	}
	return errors.Join(err, dir.Close())
}

// drain waits until nobody writes. New entries are refused already.
func (l *Ledger) drain() {
	g := &group{wake: make(chan verdict, 1)}
	l.mu.Lock()
	if !l.busy {
		l.mu.Unlock()
		return
	}
	l.queue = append(l.queue, g)
	l.mu.Unlock()
	if v := <-g.wake; v.lead {
		l.lead()
		<-g.wake
	}
}
