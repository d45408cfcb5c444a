package call

import "errors"

// errNoRequest says that a verb that answers a request stands in an event route.
var errNoRequest = errors.New("there is no request here: rms_sip_request belongs in the route")

func init() {
	Register(&Verb{
		Name:   "sip_request",
		Doc:    "Handles the current request as rms does by itself: BYE ends the call, re-INVITE and UPDATE are answered, INFO is read for keys, anything else gets its usual answer. 481 when it belongs to no call.",
		Result: "true",
		NoCall: true,
		Run: func(x *Exec, _ Args) (any, error) {
			switch {
			case x.request == nil:
				return nil, errNoRequest
			case x.call == nil && x.request.To().Tag != "":
				return nil, x.noDialog()
			case x.call == nil:
				x.request.Default()
				return nil, nil
			}
			x.call.builtin(x.request)
			return nil, nil
		},
	})
}
