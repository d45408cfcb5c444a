package call

import "errors"

func init() {
	Register(&Verb{
		Name:   "trace",
		Doc:    "Writes the SIP messages of this call to the log from now on, each on one line, or no more. log.level=trace does so for all calls.",
		Result: "true",
		Params: []Param{{Name: "on", Kind: Bool, Default: true, Doc: "start or stop"}},
		Run: func(x *Exec, a Args) (any, error) {
			trace := x.manager.opts.Trace
			if trace == nil {
				return nil, errors.New("this server cannot trace SIP messages")
			}
			if x.call.dialog == nil {
				return nil, errNoSIP
			}
			trace(x.call.dialog.CallID(), x.call.id, a.Bool("on"))
			return nil, nil
		},
	})
}
