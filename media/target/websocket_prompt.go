package target

import "rms/media"

// Prompt reports whether the connection is plain TCP: TLS has locks of its own, and
// compression takes ten times as long as all the rest.
func (c *wsConn) Prompt() bool { return c.prompt }

// TryWrite is Write for a far end that keeps up.
func (c *wsConn) TryWrite(f *media.Frame) bool {
	if len(f.PCM) == 0 {
		return true
	}
	if f.Format != c.format || !c.prompt {
		return false
	}
	select {
	case <-c.settled:
		return false
	default:
	}
	select {
	case c.turn <- struct{}{}:
	default:
		return false
	}
	defer c.release()
	w := c.wire
	if !w.mu.TryLock() {
		return false
	}
	defer w.mu.Unlock()
	if w.bye || w.broken != nil || !w.sock.clear() {
		return false
	}
	w.mine, w.sock.hold = true, true
	defer func() { w.mine, w.sock.hold = false, false }()
	if c.muted {
		return true
	}
	for pcm := f.PCM; len(pcm) > 0; {
		if pcm = c.pack(pcm); len(c.frame) == c.length && c.writeFrame() != nil {
			return false // broken: Write finds out why
		}
	}
	return true
}
