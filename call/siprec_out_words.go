package call

import (
	"encoding/base64"
	"time"

	"github.com/google/uuid"

	"rms/sip/siprec"
)

// siprecWords is what the metadata of a recording session says, RFC 7865.
type siprecWords struct {
	session      siprec.CommunicationSession
	participants [2]siprec.Participant // the caller, and whom the caller called
	streams      [2]string             // ids
	since        string
}

// newSiprecWords describes the call. The id of the communication session is that of the
// call, in the form that RFC 7865 wants.
func newSiprecWords(c *Call) siprecWords {
	now := time.Now().UTC().Format(time.RFC3339)
	w := siprecWords{since: now, streams: [2]string{siprec.NewID(), siprec.NewID()}}
	w.session.ID, w.session.From = siprec.NewID(), c.began.UTC().Format(time.RFC3339)
	if id, err := uuid.Parse(c.id); err == nil {
		w.session.ID = base64.StdEncoding.EncodeToString(id[:])
	}
	var names [2]siprec.Name
	if c.dialog != nil {
		r := c.dialog.Invite()
		from, to := r.From(), r.To()
		names[0] = siprec.Name{AOR: from.URI, Name: from.Display}
		names[1] = siprec.Name{AOR: to.URI, Name: to.Display}
		w.session.SIPSessionIDs = r.Header("Session-ID")
	} else {
		names[0], names[1] = siprec.Name{Name: "caller"}, siprec.Name{Name: "rms"}
	}
	for i, n := range names {
		w.participants[i] = siprec.Participant{ID: siprec.NewID(), Names: []siprec.Name{n}}
	}
	return w
}

// metadata says all there is to say now. Who is not heard, in a hold, sends nothing.
func (w *siprecWords) metadata(sides [2]*siprecSide) siprec.Metadata {
	m := siprec.Metadata{
		Sessions: []siprec.CommunicationSession{w.session}, Participants: w.participants[:],
		Recorded: []siprec.Recorded{{Session: w.session.ID, Interval: siprec.Interval{From: w.since}}},
	}
	for i, side := range sides {
		id, other := w.participants[i].ID, w.streams[1-i]
		m.Streams = append(m.Streams, siprec.Stream{ID: w.streams[i], Session: w.session.ID, Label: side.label})
		m.Memberships = append(m.Memberships, siprec.Membership{
			Participant: id, Session: w.session.ID, Interval: siprec.Interval{From: w.since},
		})
		f := siprec.Flow{Participant: id, Interval: siprec.Interval{From: w.since}}
		if side.caps.Direction.Sends() {
			f.Sends = []string{w.streams[i]}
		}
		if sides[1-i].caps.Direction.Sends() {
			f.Receives = []string{other}
		}
		m.Flows = append(m.Flows, f)
	}
	return m
}

// body is the body of an INVITE, with its Content-Type.
func (w *siprecWords) body(offer []byte, sides [2]*siprecSide) (kind string, body []byte) {
	return siprec.BuildBody(offer, w.metadata(sides))
}
