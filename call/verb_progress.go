package call

func init() {
	Register(&Verb{
		Name:   "progress",
		Doc:    "Sends 183 Session Progress with SDP: early media, so that play can be used before the call is answered. The INVITE then waits for a verb that answers or rejects it, at most call.ring_timeout.",
		Result: "true",
		Run: func(x *Exec, _ Args) (any, error) {
			return nil, x.call.ring(183, "Session Progress", true)
		},
	})
}
