package call

func init() {
	name := []Param{{Name: "name", Kind: String, Default: "siprec", Doc: "as given to rms_siprec"}}
	Register(&Verb{
		Name: "siprec_pause",
		Doc: "Sends a recorder nothing for a while, for card data for instance: at once, and it is told (inactive, RFC 7866 section 7.1.1). " +
			"Keys are never sent to a recorder.",
		Result: "true",
		Params: name,
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.pauseSiprec(a.String("name"), true)
		},
	})
	Register(&Verb{
		Name:   "siprec_resume",
		Doc:    "Goes on after rms_siprec_pause, as soon as the recorder has agreed.",
		Result: "true",
		Params: name,
		Run: func(x *Exec, a Args) (any, error) {
			return nil, x.call.pauseSiprec(a.String("name"), false)
		},
	})
}
