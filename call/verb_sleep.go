package call

func init() {
	Register(&Verb{
		Name:   "sleep",
		Doc:    "Lets time pass: the route runs when it has, or with reason=ended when the call ends before. In a script without a route the lines below wait for it.",
		Result: "true",
		Waits:  "route",
		Pauses: true,
		Params: []Param{
			{Name: "seconds", Kind: Duration, Required: true, Max: 86400, Unit: "s", Doc: "how long; at least 1 ms"},
			{Name: "route", Kind: Route, Doc: "event route that runs then; rms:sleep when missing"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.sleep(a.Duration("seconds"), a.words("route", EventSleep))
		},
	})
}
