package call

import (
	"errors"

	"rms/sip"
)

// signalling is what a call asks of whoever placed it: a SIP dialog, or a
// connection of AudioSocket.
type signalling interface {
	// Reject refuses a call that is not answered.
	Reject(code int, reason string, h ...sip.Header) error
	// Bye ends an answered call.
	Bye(reason string) error
}

var _ signalling = (*sip.Dialog)(nil)

// errNoSIP says that a verb is about SIP and the call did not come by it.
var errNoSIP = errors.New("the call did not come by SIP")
