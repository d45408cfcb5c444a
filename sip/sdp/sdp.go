// Package sdp is the offer/answer model of RFC 3264 for one audio stream, as pure
// functions: text and what we can do go in, text and what both ends agreed on come
// out. It is tolerant in what it reads (missing s= or t=, LF only, unknown media) and
// strict in what it writes: pion/sdp parses and writes, a lenient pass of ours tidies
// the text before.
//
//	caps := sdp.Caps{Codecs: []sdp.Codec{{Name: "PCMA", PT: 8, ClockRate: 8000}},
//		DTMF: true, Addr: netip.MustParseAddr("192.0.2.1"), Port: 10000}
//	r, err := sdp.Answer(offer, caps, nil)
//	var no *sdp.Refusal
//	if errors.As(err, &no) {
//		return reject(no.Code, no.Reason, no.Warning)
//	}
//	send200(r.SDP) // r.Media says where to send, with which codec
package sdp

import (
	"net/netip"
	"time"

	pion "github.com/pion/sdp/v3"
)

// Caps is what this side can do and where it receives.
type Caps struct {
	// Codecs are the audio codecs in the order of our offers, with their static
	// payload type or the one to offer. In an answer the offer's order decides.
	Codecs []Codec
	// DTMF accepts telephone-event (RFC 4733), CN comfort noise (RFC 3389).
	DTMF, CN bool
	// Addr is our address in c= and o=.
	Addr netip.Addr
	// Port and RTCPPort are bound already; RTCPPort 0 means Port+1.
	Port, RTCPPort int
	// Ptime is what we like to receive and send; 0 means 20 ms.
	Ptime time.Duration
	// Direction is what we want; the zero value is SendRecv.
	Direction Direction
	// Own reports that an address is one of our own ports, where no audio may be
	// sent (it would loop). Nil: none is.
	Own func(netip.AddrPort) bool
	// Mux allows RTCP on the RTP port (RFC 5761).
	Mux bool
}

// Origin is the identity of our description in o=: ID is one per call, Version goes up
// by one with each change of the text (RFC 3264 section 8).
type Origin struct{ ID, Version uint64 }

// Local is our last description and what the next one must keep: the origin, the
// places of the m-lines and the meaning of payload types (RFC 3264 section 8).
type Local struct {
	Origin Origin
	// SDP is the text as sent.
	SDP []byte

	slots   []*pion.MediaDescription // the refused m-lines; nil is our audio
	audio   int                      // index of the audio in slots
	bound   []Codec                  // each payload type that had a meaning in this call
	current Codec                    // agreed in our last answer
	proto   string                   // transport of the audio
	timing  pion.Timing              // t=
}

// Media is what both ends agreed on, from our point of view.
type Media struct {
	// Codec is the audio codec with the payload type to send.
	Codec Codec
	// Remote is where RTP goes; invalid while the far end gave 0.0.0.0 or port 0.
	Remote netip.AddrPort
	// RemoteRTCP is where RTCP goes; equal to Remote with Mux.
	RemoteRTCP netip.AddrPort
	Mux        bool
	// Ptime is the packet length to send, MaxPtime the far end's limit (0: none).
	Ptime, MaxPtime time.Duration
	// DTMFType is the payload type of telephone-event, 0 when there is none, and
	// DTMFRate its clock rate in Hz.
	DTMFType uint8
	DTMFRate int
	// CNType is the payload type of comfort noise, 0 when there is none.
	CNType uint8
	// Direction is ours: SendOnly means that we send.
	Direction Direction
	// Hold is true when the far end does not want to hear us: sendonly, inactive,
	// c=0.0.0.0 or port 0.
	Hold bool
}

// Result is an answer: the text to send, what was agreed, and the Local for next time.
type Result struct {
	SDP   []byte
	Media Media
	Local *Local
}
