package call

func init() {
	Register(&Verb{
		Name:   "ring",
		Doc:    "Sends 180 Ringing. The INVITE then waits for a verb that answers or rejects it, at most call.ring_timeout.",
		Result: "true",
		Run:    func(x *Exec, _ Args) (any, error) { return nil, x.call.ring(180, "Ringing", false) },
	})
}
