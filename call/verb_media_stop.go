package call

import "rms/sip"

func init() {
	Register(&Verb{
		Name:   "media_stop",
		Doc:    "For a BYE in the request route: answers 200 and frees the media; 481 when the BYE belongs to no call. Elsewhere it only frees the media.",
		Result: "true",
		NoCall: true,
		Run: func(x *Exec, _ Args) (any, error) {
			if x.call == nil {
				return nil, x.noDialog()
			}
			return nil, x.call.mediaStop(x.request)
		},
	})
}

// noDialog answers a request that belongs to no call.
func (x *Exec) noDialog() error {
	if x.request == nil {
		return ErrNoCall
	}
	if err := x.request.Reply(481, "Call/Transaction Does Not Exist", sip.ReplyOptions{}); err != nil {
		return err
	}
	return ErrNoCall
}
