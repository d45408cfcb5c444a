package sip

import (
	"fmt"
	"strings"
)

// Cancel gives up a call that is not answered yet. The Owner hears of the end
// when the far end has confirmed it. An answer that crosses gets its ACK and BYE.
func (d *Dialog) Cancel(reason string) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.client || d.State() >= StateConfirmed || d.told || d.out.cancelled {
		return fmt.Errorf("cancel: %w (%s)", ErrState, d.State())
	}
	d.cancel(reasonText(reason), Cause{By: ByUs, Code: 487, Text: "cancelled"})
	return nil
}

// cancel sends the CANCEL, as soon as there is something to cancel (RFC 3261
// section 9.1).
func (d *Dialog) cancel(reason string, cause Cause) {
	c := d.out
	if c.cancelled || d.told {
		return
	}
	c.cancelled, c.reason, c.cause = true, reason, cause
	d.w.stop(d.ring)
	c.cancelTimer = d.w.in(64*d.u.o.T1, func() {
		d.close(cause)
		c.tx.terminate()
		d.leave()
	})
	if c.heard {
		d.sendCancel()
	}
}

func (d *Dialog) sendCancel() {
	c := d.out
	if c.sentCancel {
		return
	}
	c.sentCancel = true
	in := c.tx.out
	out := &outgoingRequest{
		method: "CANCEL", uri: in.uri, routes: in.routes, hop: in.hop, from: in.from, to: in.to,
		callID: in.callID, cseq: in.cseq,
	}
	if c.reason != "" {
		out.headers = []Header{{"Reason", c.reason}}
	}
	t := &clientTx{
		w: d.w, g: d.g, dialog: d, branch: c.tx.branch, method: "CANCEL", out: out,
		prefer: c.tx.flow, to: c.tx.to, on: func(*Response) {},
	}
	t.g.clients = append(t.g.clients, t)
	t.over(strings.ToLower(c.tx.flow.transport()))
}
