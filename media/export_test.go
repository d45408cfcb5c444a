package media

// Idle reports whether the goroutine of a sink waits for audio.
func (l *Link) Idle() bool {
	l.ring.mu.Lock()
	defer l.ring.mu.Unlock()
	return l.ring.idle
}
