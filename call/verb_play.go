package call

func init() {
	Register(&Verb{
		Name:   "play",
		Doc:    "Plays a file to the caller, resampled and mixed to the call's codec. Files lie in media.roots or are embedded; \"tone:440\" and \"tone:440/2s\" play a tone, \"silence:2s\" silence. The route runs when the last sample was sent, or when the play was stopped, replaced or impossible.",
		Result: "true",
		Params: []Param{
			{Name: "file", Kind: String, Required: true, Doc: "what to play"},
			{Name: "route", Kind: Route, Doc: "event route that runs at the end; without one the end of a play from a script hangs up"},
			{Name: "mode", Kind: String, Default: "queue", Enum: []string{"queue", "replace", "mix"}, Doc: "after what plays already, in place of it, or mixed with it"},
			{Name: "loop", Kind: Int, Default: int64(1), Min: 0, Max: 1e6, Doc: "how many times; 0 is for ever"},
		},
		Run: func(x *Exec, a Args) (any, error) {
			p := &playing{
				file: a.String("file"), route: a.String("route"), loop: a.Int("loop"),
				script: x.Origin == FromScript,
			}
			return nil, x.call.play(p, a.String("mode"))
		},
	})
}
