package record

// kept is the part of the sides that may still change, where the file cannot give it
// back: in a mixed file the sides are lost, and an encrypted one is written in order.
// On a clean call it holds nothing between turns.
type kept struct {
	base  int64 // position of the first sample
	sides [2][]int16
	dirty int64 // what is behind it must be written
}

func newKept() *kept { return &kept{dirty: none} }

// put takes sound of a side.
func (k *kept) put(side int, at int64, pcm []int16) {
	if cut := k.base - at; cut > 0 {
		if cut >= int64(len(pcm)) {
			return
		}
		at, pcm = k.base, pcm[cut:]
	}
	k.touch(at)
	s := k.sides[side]
	from, to := int(at-k.base), int(at-k.base)+len(pcm)
	if old := len(s); to > old {
		s = append(s, make([]int16, to-old)...)
	}
	copy(s[from:], pcm)
	k.sides[side] = s
}

// touch says that the file is wrong from a position on.
func (k *kept) touch(at int64) { k.dirty = min(k.dirty, max(at, k.base)) }

// mix puts a stretch of both sides into interleaved samples.
func (k *kept) mix(c *work, out []int16, from, to int64) {
	clear(out)
	channels := c.format.Channels
	for side, s := range k.sides {
		channel := c.r.spec.Sides.channel(side)
		for at := from; at < min(to, k.base+int64(len(s))); at++ {
			o := int(at-from)*channels + channel
			out[o] = saturate(int32(out[o]) + int32(s[at-k.base]))
		}
	}
	c.fillPauses(out, from, to)
}

func saturate(v int32) int16 { return int16(min(max(v, -1<<15), 1<<15-1)) }

// write brings the file up to date, up to the end of the stage.
func (k *kept) write(c *work) {
	settled := min(c.stageTo, max(k.base, min(c.lanes[0].settled(), c.lanes[1].settled())))
	from, to := min(k.dirty, c.pos), c.stageTo
	if c.seal != nil {
		from, to = k.base, settled
	}
	k.flush(c, from, to)
	k.forget(settled)
	k.dirty = none
}

// flush writes a stretch of the file anew, or for the first time.
func (k *kept) flush(c *work, from, to int64) {
	step := int64(stageSamples / c.format.Channels)
	for ; from < to; from += step {
		end := min(to, from+step)
		c.ensureStage()
		out := c.w.stage[:int(end-from)*c.format.Channels]
		k.mix(c, out, from, end)
		if c.seal != nil || from >= c.stored {
			c.write(from, out)
			continue
		}
		if _, err := c.file.WriteAt(c.encode(out), c.offset(from)); err != nil {
			c.fail("write samples", err)
			continue
		}
		if end > c.stored {
			c.have(end)
		}
	}
}

// forget drops what does not change any more.
func (k *kept) forget(settled int64) {
	n := settled - k.base
	if n <= 0 {
		return
	}
	for side, s := range k.sides {
		if n >= int64(len(s)) {
			k.sides[side] = s[:0]
			if cap(s) > keepSpare {
				k.sides[side] = nil
			}
			continue
		}
		k.sides[side] = s[:copy(s, s[n:])]
	}
	k.base = settled
}

// keepSpare is how many samples of memory a side may keep that it does not need now.
const keepSpare = 2048
