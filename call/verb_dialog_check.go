package call

func init() {
	Register(&Verb{
		Name:   "dialog_check",
		Doc:    "Tells whether the current request belongs to a live call of rms (Call-ID and both tags).",
		Result: "true or false",
		NoCall: true,
		Run: func(x *Exec, _ Args) (any, error) {
			live := x.call != nil && x.call.state < leaving
			if x.request != nil {
				live = live && x.HasToTag()
			}
			return live, nil
		},
	})
}
