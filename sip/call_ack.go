package sip

import (
	"fmt"
)

// Ack answers the offer in a 2xx, in a call that was made without SDP.
func (d *Dialog) Ack(sdp []byte) error {
	d.w.mu.Lock()
	defer d.w.mu.Unlock()
	if !d.client || d.out == nil || !d.out.waitingAck || d.told {
		return fmt.Errorf("ACK: %w (no offer waits for an answer)", ErrState)
	}
	if len(sdp) == 0 {
		return fmt.Errorf("ACK: no SDP")
	}
	d.out.waitingAck = false
	d.localSDP = sdp
	d.sendAck(d.out.inviteSeq, sdp)
	return nil
}

// sendAck confirms a 2xx. The ACK is kept, to be sent again when the 2xx is.
func (d *Dialog) sendAck(seq uint32, sdp []byte) {
	ack := d.newRequest("ACK")
	ack.cseq, ack.body, ack.contentType = seq, sdp, typeSDP
	t := &clientTx{
		w: d.w, g: d.g, dialog: d, branch: cookie + newTag(), method: "ACK", out: ack, prefer: d.flow,
		on: func(*Response) {},
	}
	if d.out == nil {
		d.out = &dialling{}
	}
	d.out.ack = t
	t.route()
}

// reAck answers a 2xx that came again.
func (d *Dialog) reAck(seq uint32) {
	if t := d.out.ack; t != nil && t.b != nil && t.out.cseq == seq {
		t.transmit()
	}
}
