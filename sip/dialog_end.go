package sip

import (
	"strconv"
	"time"
)

// waitForAnswer bounds how long an INVITE may wait for its final answer: by
// Options.RingTimeout, or by its Expires when that is sooner (RFC 3261 section
// 13.3.1).
func (d *Dialog) waitForAnswer(expires string) {
	limit := d.u.o.RingTimeout
	if n, err := strconv.ParseUint(trim(expires), 10, 31); err == nil && n > 0 && time.Duration(n)*time.Second < limit {
		d.ring = d.w.in(time.Duration(n)*time.Second, d.expired)
		return
	}
	d.ring = d.w.in(limit, d.nobodyAnswered)
}

// expired is the end of an invitation that its sender limited.
func (d *Dialog) expired() {
	d.refuseInvite(answer{code: 487}, Cause{By: ByTimeout, Code: 487, Text: "the INVITE expired (Expires)"})
}

// nobodyAnswered is the end of Options.RingTimeout.
func (d *Dialog) nobodyAnswered() {
	if d.client {
		d.cancel(reasonHeader(408, "Ring time-out"), Cause{By: ByTimeout, Code: 408, Text: "ring time-out"})
		return
	}
	d.refuseInvite(answer{code: 480}, Cause{By: ByTimeout, Code: 480, Text: "ring time-out"})
}

// close tells Owner.Ended, once, and stops what was only for the Owner's sake.
func (d *Dialog) close(c Cause) {
	if d.told {
		return
	}
	d.told = true
	d.w.stop(d.ring)
	d.session.stop(d.w)
	d.countAck()
	d.u.count.calls.Add(-1)
	owner := d.owner
	d.w.later(func() {
		if owner == nil {
			owner = d.currentOwner()
		}
		if owner != nil {
			owner.Ended(c)
		}
	}, nil)
}

func (d *Dialog) currentOwner() Owner {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	return d.owner
}

// leave forgets the dialog.
func (d *Dialog) leave() {
	d.grow(StateEnded)
	if d.accepted != nil {
		d.accepted.stop(d.w)
		d.accepted = nil
	}
	d.letGo()
	d.g.dialogs = without(d.g.dialogs, d)
	d.g.tidy()
}

// abort ends a dialog whose Owner panicked. It takes the lock.
func (d *Dialog) abort() {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	cause := Cause{By: ByError, Code: 500, Text: "internal error"}
	switch {
	case d.told:
	case d.State() >= StateAnswered:
		d.hangUp(reasonHeader(500, "Internal error"), cause)
	case d.client:
		d.cancel(reasonHeader(500, "Internal error"), cause)
	default:
		d.refuseInvite(answer{code: 500}, cause)
	}
}
