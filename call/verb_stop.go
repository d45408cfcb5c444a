package call

func init() {
	Register(&Verb{
		Name:   "stop",
		Doc:    "Stops what plays and what waits to be played. The route of each play runs with reason=stopped.",
		Result: "how many plays were stopped",
		Run: func(x *Exec, _ Args) (any, error) {
			n := len(x.call.plays.queue) + len(x.call.plays.mixed)
			x.call.stopPlays(ReasonStopped)
			return int64(n), nil
		},
	})
}
