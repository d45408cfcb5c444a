package call

func init() {
	Register(&Verb{
		Name:   "answer",
		Doc:    "Answers the INVITE with 200 and SDP, and starts the media. The start route runs when the media runs; it does not wait for the ACK. While the file of a required recording is being opened the 200 waits, and the start route with it.",
		Result: "true",
		Params: []Param{
			{Name: "route", Kind: Route, Default: EventStart, Doc: "event route that runs when the media runs"},
		},
		Run: func(x *Exec, a Args) (any, error) { return nil, x.call.answer(a.String("route")) },
	})
}
