package record

import (
	"errors"
	"fmt"

	"rms/media/wav"
)

func (c *work) ensureStage() {
	if c.w.stage == nil {
		c.w.stage = make([]int16, stageSamples)
	}
	c.w.stage = c.w.stage[:stageSamples]
}

func (c *work) encode(pcm []int16) []byte {
	c.w.bytes = wav.AppendSamples(c.w.bytes[:0], c.r.spec.Encoding, pcm)
	return c.w.bytes
}

// write puts interleaved samples at their place, the end of the file. While the disk
// fails they are lost, and later the file gets silence in their place.
func (c *work) write(at int64, pcm []int16) {
	if c.stored < at && !c.heal(at) {
		return
	}
	n, err := c.output(c.encode(pcm), at)
	c.have(at + int64(n)/c.frame)
	if err != nil {
		c.fail("write samples", err)
		c.fallen(c.stored)
	}
}

// output writes at the end of the file.
func (c *work) output(b []byte, at int64) (int, error) {
	if c.seal != nil {
		return c.seal.Write(b)
	}
	return c.file.WriteAt(b, c.offset(at))
}

// have says that the file is written up to a position.
func (c *work) have(pos int64) {
	c.r.store.stats.written.Add(uint64(max(pos-c.stored, 0) * c.frame))
	c.stored = pos
	c.r.mark.written.Store(c.inFile(pos) * c.frame)
}

// heal tries to fill with silence what the disk did not take.
func (c *work) heal(to int64) bool {
	now := c.r.store.o.Now()
	if now.Before(c.retry) && c.stop == none {
		return false
	}
	quiet := make([]int16, min(to-c.stored, stageSamples/2)*int64(c.format.Channels))
	for c.stored < to {
		part := quiet[:min(to-c.stored, stageSamples/2)*int64(c.format.Channels)]
		c.fillPauses(part, c.stored, c.stored+int64(len(part)/c.format.Channels))
		b := wav.AppendSamples(nil, c.r.spec.Encoding, part)
		n, err := c.output(b, c.stored)
		c.have(c.stored + int64(n)/c.frame)
		clear(part)
		if err != nil {
			c.fail("write samples", err)
			return false
		}
	}
	c.risen(to)
	return true
}

// late writes sound of one side into a part of the file that was written before.
func (c *work) late(side int, at int64, pcm []int16) {
	for len(pcm) > 0 {
		in, until := c.paused(at)
		n := min(int64(len(pcm)), until-at, c.stored-at)
		if n <= 0 {
			return
		}
		if !in {
			c.lateInto(side, at, pcm[:n])
		}
		at, pcm = at+n, pcm[n:]
	}
}

func (c *work) lateInto(side int, at int64, pcm []int16) {
	b := c.encode(pcm)
	if c.format.Channels == 2 {
		width := int(c.frame / 2)
		if cap(c.w.both) < 2*len(b) {
			c.w.both = make([]byte, max(2*len(b), 4096))
		}
		both := c.w.both[:2*len(b)]
		if _, err := c.file.ReadAt(both, c.offset(at)); err != nil {
			c.fail("read samples", err)
			return
		}
		for from, to := 0, c.r.spec.Sides.channel(side)*width; from < len(b); from, to = from+width, to+2*width {
			copy(both[to:to+width], b[from:])
		}
		b = both
	}
	if _, err := c.file.WriteAt(b, c.offset(at)); err != nil {
		c.fail("write late samples", err)
	}
}

// fail tells of the disk's error, the first time.
func (c *work) fail(doing string, err error) {
	r := c.r
	err = fmt.Errorf("%s of %q: %w", doing, r.File(), err)
	var name *NameError
	if !errors.As(err, &name) { // a name that cannot be had is not the disk's fault
		r.store.hurt(err)
	}
	c.retry = r.store.o.Now().Add(retryAfter)
	if c.err != nil {
		return
	}
	c.err = err
	r.tell(func(e Events) { e.Failed(r, err) })
}

// head writes the header that covers what is synced. It only needs the turn, no worker.
func (c *work) head() {
	r := c.r
	if c.file == nil || c.seal != nil {
		return
	}
	m := &r.mark
	if r.store.o.Sync == Off {
		m.synced.Store(m.written.Load())
	}
	size := min(m.synced.Load(), m.written.Load())
	if size == m.headed.Load() || c.r.State() == Stopped {
		return
	}
	if err := c.writeHeader(size); err != nil {
		c.fail("write the header", err)
		return
	}
	m.headed.Store(size)
	r.follow.wake()
}

func (c *work) writeHeader(size int64) error {
	var space [wav.HeaderSize]byte
	_, err := c.file.WriteAt(wav.AppendHeader(space[:0], c.format, c.r.spec.Encoding, uint64(size)), 0)
	return err
}

// again writes what a failed sync may have lost: it is in the page cache still, and
// counts as written anew.
func (c *work) again() {
	failed := c.r.unsure.Swap(nil)
	if failed == nil || c.file == nil {
		return
	}
	c.fail("sync", *failed)
	if c.seal != nil {
		return
	}
	buf := make([]byte, 32<<10)
	for at, end := c.r.mark.synced.Load(), c.r.mark.written.Load(); at < end; {
		n, err := c.file.ReadAt(buf[:min(int64(len(buf)), end-at)], wav.HeaderSize+at)
		if err == nil {
			_, err = c.file.WriteAt(buf[:n], wav.HeaderSize+at)
		}
		if err != nil {
			c.fail("write again", err)
			return
		}
		at += int64(n)
	}
}
