package call

import (
	"strings"
	"time"
)

// recordPatience is how long the end of a call waits for the disk to close its
// recordings. BYE and ports never wait.
const recordPatience = 5 * time.Second

// Why a recording ended, in the field "reason" of its event: ReasonStopped,
// ReasonTerminator and ReasonHangup too, or what its store says: max, size, silence,
// disk, shutdown.
const reasonSlow = "slow" // the disk does not answer

// stop ends a recording from our side.
func (r *recording) stop(reason string) {
	if r.stopping {
		return
	}
	r.stopping = true
	defer r.call.unhold()
	if r.to == nil {
		r.tell(reason, nil, nil)
		return
	}
	rest := time.Duration(0)
	if reason == ReasonHangup && r.feed != nil {
		rest = r.feed.rest() // said before the caller hung up
	}
	r.unfeed()
	r.end += rest
	r.to.Stop(r.end, reason)
}

// unfeed ends the audio for the recording. The last one takes the feed along.
func (r *recording) unfeed() {
	f, t := r.feed, r.taker
	if t == nil {
		return
	}
	r.end = r.position()
	r.feed, r.taker = nil, nil
	c := r.call
	last := true
	for _, o := range c.recordings {
		last = last && (o == r || o.feed != f)
	}
	if last && c.feed == f {
		c.feed = nil
	}
	f.leg.do(func() {
		if f.drop(t); last {
			f.leave()
		}
	})
}

// stopRecordings ends all recordings with the media.
func (c *Call) stopRecordings() {
	reason := ReasonHangup
	if c.state < leaving {
		reason = ReasonStopped
	}
	for _, r := range append([]*recording(nil), c.recordings...) {
		r.stop(reason)
	}
	if len(c.recordings) > 0 && c.patience == nil {
		c.patience = time.AfterFunc(recordPatience, func() { _ = c.box.must(c.leaveRecordings) })
	}
}

// leaveRecordings waits no longer for the disk. The store closes the files when it can.
func (c *Call) leaveRecordings() {
	c.patience = nil
	for _, r := range append([]*recording(nil), c.recordings...) {
		if !r.stopping {
			continue
		}
		c.warn().Str("recording", r.name).Str("file", r.file()).Msg("recording left to the disk")
		r.tell(reasonSlow, nil, nil)
	}
	c.finish()
}

// keyToRecordings ends the recordings that a key ends, and tells whether there was one.
func (c *Call) keyToRecordings(digit byte, secret bool) (ended bool) {
	for _, r := range append([]*recording(nil), c.recordings...) {
		if !r.stopping && !r.beeping && strings.IndexByte(r.set.terminators, digit) >= 0 {
			r.key, r.secret = string(digit), secret
			r.stop(ReasonTerminator)
			ended = true
		}
	}
	return ended
}

// unheard tells whether a recording is paused for something secret: keys are hidden then
// from all but the script.
func (c *Call) unheard() bool {
	for _, r := range c.recordings {
		if r.paused && r.masked && !r.stopping {
			return true
		}
	}
	return false
}
