package record

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"sync"

	"rms/media/record/ledger"
)

// finish ends the file at the position where the recording stops. Nothing of it waits
// for anybody but the disk.
func (c *work) finish() {
	c.settle()
	if c.stored < c.pos && !c.heal(c.pos) {
		c.add(Gap{Side: -1, At: c.stored, Length: c.pos - c.stored, Reason: disk})
	}
	c.tellDrops()
	if end := c.quiet.end(c, c.stop); end < c.stored {
		c.pos = end
		c.cut(end)
	}
	if err := c.closeFile(); err != nil {
		c.fail("close", err)
	}
	c.end()
}

// settle places all that is still waiting to be sure.
func (c *work) settle() {
	c.stageTo = c.pos
	for side := range c.lanes {
		c.lanes[side].finish(c.pos)
	}
	if c.kept != nil {
		c.kept.write(c)
	}
}

// tellDrops notes stretches with a full queue that no line found a gap for.
func (c *work) tellDrops() {
	for _, d := range c.drops {
		if to := min(d.to, c.pos); !d.told[0] && !d.told[1] && d.from < to {
			c.add(Gap{Side: -1, At: d.from, Length: to - d.from, Packets: d.packets, Reason: disk})
		}
	}
	c.drops = nil
}

// cut makes the file end at a position: first the header, so that it never claims more
// than there is.
func (c *work) cut(end int64) {
	if c.seal != nil {
		return
	}
	size := max(c.inFile(end), 0) * c.frame
	c.stored = min(c.stored, end)
	c.r.mark.shrink(size)
	err := c.writeHeader(c.r.mark.headed.Load())
	if err == nil {
		err = c.file.Truncate(c.offset(end))
	}
	if err != nil {
		c.fail("shorten", err)
	}
}

// closeFile has the samples on the disk, then the header that covers them.
func (c *work) closeFile() error {
	r := c.r
	if c.seal != nil {
		return c.seal.Close()
	}
	syncs := r.store.o.Sync == Second
	if syncs {
		if err := c.file.Sync(); err != nil {
			return err
		}
	}
	size := r.mark.written.Load()
	if size%2 == 1 {
		if _, err := c.file.WriteAt([]byte{0}, c.offset(c.stored)); err != nil {
			return err
		}
	}
	if err := c.writeHeader(size); err != nil {
		return err
	}
	r.mark.synced.Store(size)
	r.mark.headed.Store(size)
	if syncs {
		return c.file.Sync()
	}
	return nil
}

// end tells that the recording is over: of a file that is closed now, or of none.
func (c *work) end() {
	r := c.r
	r.state.Store(int32(Stopping))
	result := Result{File: r.File(), Reason: c.reason, Err: c.err}
	owed := false
	if c.file != nil {
		if owed = !c.seeOff(&result); !owed {
			r.store.unreserve(r.File())
		}
	} else if result.Reason == "" {
		result.Reason = "error"
	}
	result.Err = c.err
	r.state.Store(int32(Stopped))
	left := r.q.close()
	left.release(&r.store.mem)
	r.follow.wake()
	s := r.store
	if result.Err != nil {
		s.stats.failed.Add(1)
	}
	s.stats.stopped.Add(1)
	s.pool.remove(r)
	r.tell(func(e Events) {
		e.Stopped(r, result)
		r.told = true
	})
	if owed {
		s.owe(r, &result)
	} else if s.o.Stopped != nil {
		s.o.Stopped(r, result)
	}
	s.mu.Lock()
	delete(s.live, r.id)
	s.mu.Unlock()
	close(r.over)
	c.lanes, c.kept, c.seal = [2]lane{}, nil, nil
}

// seeOff hashes the file, closes it and enters it in the books. It returns false when the
// disk did not take the entry.
func (c *work) seeOff(result *Result) (entered bool) {
	r := c.r
	size, sum, err := hashOf(c.file)
	if err != nil {
		c.fail("hash", err)
	}
	r.reader.Lock()
	if err := c.file.Close(); err != nil {
		c.fail("close", err)
	}
	c.file = nil
	r.reader.Unlock()
	state := ledger.Complete
	if c.err != nil {
		state = ledger.Failed
	}
	sc := c.fillSidecar(state)
	sc.Bytes, sc.SHA256 = size, sum
	sc.Ended, sc.EndedMonotonic = r.store.o.Now(), monotonic()
	if err := r.store.tailOf(sc); err != nil {
		c.fail("read the tail", err)
	}
	if err := r.store.enter(sc); err != nil {
		c.fail("enter in the books", err)
		sc.State = ledger.Failed
	} else {
		entered = true
		if err := r.store.fs.Remove(r.markerName()); err != nil {
			c.fail("remove the marker", err)
		}
	}
	result.Sidecar, result.Bytes, result.SHA256, result.Duration = *sc, size, sum, c.duration(sc.Samples)
	return entered
}

// enter puts the sidecar of a closed file beside it, and into the chain if there is one.
func (s *Store) enter(sc *ledger.Sidecar) error {
	if books := s.ledger(); books != nil {
		return books.Append(sc)
	}
	return s.putSidecar(sc)
}

var hashBuffers = sync.Pool{New: func() any { return new([128 << 10]byte) }}

// hashOf reads a file through SHA-256.
func hashOf(f File) (int64, string, error) {
	buf, _ := hashBuffers.Get().(*[128 << 10]byte)
	defer hashBuffers.Put(buf)
	h := sha256.New()
	var at int64
	for {
		n, err := f.ReadAt(buf[:], at)
		h.Write(buf[:n])
		at += int64(n)
		if errors.Is(err, io.EOF) {
			return at, hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return 0, "", fmt.Errorf("read: %w", err)
		}
	}
}
