package target

import (
	"math/rand/v2"

	"rms/media"
)

// Prompt reports whether the connection is plain TCP: TLS has locks of its own, and
// compression takes ten times as long as all the rest.
func (c *wsConn) Prompt() bool { return c.prompt }

// Instant reports whether TryWrite is a system call and nothing else that takes time.
func (c *wsConn) Instant() bool { return c.prompt && instantSend }

// TryWrite is Write for a far end that keeps up.
func (c *wsConn) TryWrite(f *media.Frame) bool {
	if len(f.PCM) == 0 {
		return true
	}
	if f.Format != c.format || !c.prompt || c.over.Load() || !c.turn.try() {
		return false
	}
	defer c.turn.release()
	w := c.wire
	if !w.mu.TryLock() {
		return false
	}
	defer w.mu.Unlock()
	if w.bye || w.broken != nil || !w.sock.clear() {
		return false
	}
	if c.muted {
		return true
	}
	w.mine, w.sock.hold = true, true
	defer func() { w.mine, w.sock.hold = false, false }()
	if len(c.frame) == 0 && 2*len(f.PCM) == c.length && len(f.PCM) <= onStack {
		return c.writeWhole(f.PCM)
	}
	for pcm := f.PCM; len(pcm) > 0; {
		if pcm = c.pack(pcm); len(c.frame) == c.length && c.writeFrame() != nil {
			return false // broken: Write finds out why
		}
	}
	return true
}

// writeWhole writes samples that are a frame, which is what each tick brings as a rule.
func (c *wsConn) writeWhole(pcm []int16) bool {
	var room [14 + 2*onStack]byte
	mask := rand.Uint32()
	frame := appendSamples(appendWSHead(room[:0], 2*len(pcm), mask), pcm, mask)
	if err := c.wire.sock.push(frame); err != nil {
		c.wire.broken = err
		c.stats.dropped.Add(1)
		return false
	}
	c.stats.framesOut.Add(1)
	c.stats.bytesOut.Add(uint64(2 * len(pcm)))
	return true
}
