package call

import "time"

func init() {
	Register(&Verb{
		Name:   "dtmf",
		Doc:    "Sends keys to the caller as telephone-events (RFC 4733), one after the other.",
		Result: "true",
		Params: []Param{
			{Name: "digits", Kind: String, Required: true, Doc: "0-9, *, #, A-D"},
			{Name: "duration", Kind: Duration, Default: 160 * time.Millisecond, Unit: "s", Min: 0.04, Max: 8, Doc: "of each key"},
			{Name: "gap", Kind: Duration, Default: 80 * time.Millisecond, Unit: "s", Min: 0.02, Max: 8, Doc: "between two keys"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			l := x.call.leg
			if !l.live() {
				return nil, x.call.errState("rms_dtmf needs media: rms_answer first")
			}
			return nil, l.line.digits(a.String("digits"), a.Duration("duration"), a.Duration("gap"))
		},
	})
}
