package call

import "rms/sip"

func init() {
	Register(&Verb{
		Name:   "hangup",
		Doc:    "Ends the call: the media stops at once, the BYE goes by the route set, after the ACK when it is still missing. A call that is not answered is rejected with 480.",
		Result: "true",
		Params: []Param{
			{Name: "reason", Kind: String, Doc: "text for the Reason header field and the call's record"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			if x.call.state >= leaving {
				return nil, ErrGone
			}
			cause := sip.Cause{By: sip.ByUs, Code: 200, Text: "hung up by script"}
			if r := a.String("reason"); r != "" {
				cause.Code, cause.Text = 0, r
			}
			x.call.hangup(cause)
			return nil, nil
		},
	})
}
