package call

import (
	"errors"
	"fmt"
	"time"

	"rms/sip"
)

// held is an answer, or early media, that waits until the files of the recordings that
// the call must not be without are open. The mailbox goes on meanwhile.
type held struct {
	ops    []func() error // what is sent then, in this order
	answer bool           // one of them is the answer
	mute   bool           // the caller has no SDP of ours yet: nothing is played to him
	timer  Timer
}

// openPatience is how long an INVITE waits for those files when RecordOptions.Open is 0.
const openPatience = 2 * time.Second

// muted tells whether the audio has to wait until the caller can hear it.
func (c *Call) muted() bool { return c.held != nil && c.held.mute }

// unopened returns a recording that the call must not be without and whose file is not
// open yet; nil when there is none.
func (c *Call) unopened() *recording {
	for _, r := range c.recordings {
		if r.set.required && !r.open && !r.stopping {
			return r
		}
	}
	return nil
}

// whenRecorded does op now, or when the files that have to be there are open. An INVITE
// without an offer is never held: the codec of its recordings is known with the ACK.
func (c *Call) whenRecorded(fresh, answer bool, op func() error) error {
	if c.held == nil {
		if !c.leg.live() || c.unopened() == nil {
			return op()
		}
		patience := c.manager.opts.Recording.Open
		if patience == 0 {
			patience = openPatience
		}
		h := &held{mute: fresh}
		h.timer = c.after(patience, func() { c.openedTooLate(h, patience) })
		c.held = h
	}
	c.held.ops = append(c.held.ops, op)
	c.held.answer = c.held.answer || answer
	return nil
}

// unhold goes on with what waits for files, when none is missing any more.
func (c *Call) unhold() {
	h := c.held
	if h == nil || c.state >= leaving || c.unopened() != nil {
		return
	}
	c.dropHeld()
	for _, op := range h.ops {
		if err := op(); err != nil {
			if c.state < answered {
				c.refused(err)
			}
			return
		}
	}
	if h.mute {
		c.resumeStreams()
		c.advance()
	}
}

// dropHeld forgets what waits for files.
func (c *Call) dropHeld() {
	if h := c.held; h != nil {
		c.held = nil
		h.timer.Stop()
	}
}

var errOpenedTooLate = errors.New("the file could not be opened in time")

func (c *Call) openedTooLate(h *held, patience time.Duration) {
	if c.held != h {
		return
	}
	r := c.unopened()
	if r == nil {
		c.unhold()
		return
	}
	err := fmt.Errorf("%w: the disk has not answered for %s (record.open_timeout)", errOpenedTooLate, patience)
	r.fail(err)
	c.needs(r, err)
}

// withheld refuses what comes too late for an INVITE whose answer is on its way.
func (c *Call) withheld() error {
	if c.held != nil && c.held.answer {
		return &StateError{State: c.state.String(), Text: "the call is being answered: its recording is opened first"}
	}
	return nil
}

// pending answers an offer that comes before the offer of the INVITE has its answer
// (RFC 3311 section 5.2), and tells whether it did.
func (c *Call) pending(r *sip.Request) bool {
	if c.state >= answered || c.leg != nil && !c.muted() || len(r.SDP()) == 0 {
		return false
	}
	_ = r.Reply(500, "Offer Pending", sip.ReplyOptions{Headers: retryAfter})
	return true
}
