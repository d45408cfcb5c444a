// Package sip is the signalling of a media server: sockets, validation,
// admission, transactions and dialogs over UDP and TCP, RFC 3261.
//
// A UA owns the sockets. It hands each new call to a Handler as a Dialog, and
// from then on tells the Owner of that dialog what the far end does. What is
// malformed, unwanted or out of order is answered before a Handler sees it.
//
//	ua, err := sip.Listen(sip.Options{Listen: []string{"udp://127.0.0.1:5060"}}, handler)
//	if err != nil {
//		return err
//	}
//	defer ua.Close(ctx)
//
// where handler.Invite(d) returns an Owner and calls d.Answer(sdp), then or
// later, from any goroutine. Callbacks of one Call-ID come one at a time, in the
// order of the wire, and must not block.
package sip
