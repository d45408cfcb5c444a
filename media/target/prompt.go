package target

import "rms/media"

// Prompter is a Conn that can write without waiting. Streams of such connections cost
// no goroutine that wakes up for each frame.
type Prompter interface {
	Conn
	// Prompt reports whether TryWrite may do anything at all on this connection, as it
	// does not where encryption or compression would hold up the streams of others.
	Prompt() bool
	// TryWrite is Write that never waits. False means that it would wait or that the
	// connection failed, and that nothing of f was taken: Write gets the same frame next.
	TryWrite(f *media.Frame) bool
}

// Instant is a Prompter that the thread of the clock may write to.
type Instant interface {
	Prompter
	// Instant reports whether TryWrite is no more than one system call that cannot
	// block, and waits for no lock that is held across another.
	Instant() bool
}
